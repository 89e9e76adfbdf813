import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { ServerClient } from '../server-client.js';
import type { ServerHome } from '../server-home.js';
import { Load } from './load.js';
import { SeededRandom } from './seeded-random.js';
import { expectRemembered, Witness } from './witness.js';

const SESSIONS_UNDER_LOAD = 5;
/** Above this some are closed after a crash, so that a run does not grow with its length. */
const MAX_OPEN = 8;
const LONGEST_LIFE_MS = 900;

/** What a run went through, so that a test can tell that it tested something. */
export interface CrashReport {
  events: number;
  turns: number;
  unknownTurns: number;
  sessions: number;
}

/** Kills the built server at random moments under load, starts it again on its data, and checks what it promised. */
export class Crashes {
  private readonly random: SeededRandom;
  private readonly witness = new Witness();
  private app!: ServerClient;

  constructor(
    private readonly home: ServerHome,
    seed: number,
  ) {
    this.random = new SeededRandom(seed);
  }

  async run(count: number): Promise<CrashReport> {
    let server = await this.home.start();
    this.app = await this.home.admin.mint('app');
    for (let n = 0; n < SESSIONS_UNDER_LOAD; n += 1) this.witness.of(await this.app.openEcho());
    for (let crash = 1; crash <= count; crash += 1) {
      const ids = (await this.openIds()).slice(0, SESSIONS_UNDER_LOAD);
      const load = new Load(this.app, this.random, this.witness, ids);
      await delay(this.random.whole(10, LONGEST_LIFE_MS));
      await server.kill();
      const markers = await this.home.markers();
      await load.end();
      try {
        server = await this.home.start();
        await this.expectNoneOf(markers);
        await this.expectPromisesKept();
      } catch (error) {
        throw new Error(`after crash ${crash} of seed ${this.random.seed}: ${String(error)}`, {
          cause: error,
        });
      }
    }
    return this.report();
  }

  private async expectNoneOf(markers: ReadonlySet<string>): Promise<void> {
    const left = [...(await this.home.markers())].filter((marker) => markers.has(marker));
    if (left.length > 0) throw new Error(`${left.length} markers of before have living processes`);
  }

  private async expectPromisesKept(): Promise<void> {
    const open = await this.openIds();
    // Those that were made, but whose client did not live to hear of it, are held to the same.
    for (const id of open) this.witness.of(id);
    const directories = await readdir(join(this.home.dataDir, 'acpx-cwds'));
    const strays = directories.filter((name) => !open.includes(name));
    if (strays.length > 0) throw new Error(`directories of no open session: ${strays.join()}`);

    for (const id of this.witness.ids) await this.witness.verify(this.app, id);
    await Promise.all(open.map((id) => this.expectContext(id)));
    for (const id of open.slice(MAX_OPEN)) {
      await this.app.close(id);
      this.witness.of(id).isClosed = true;
    }
  }

  /** The session takes a turn, and its agent knows what was said before. */
  private async expectContext(sessionId: string): Promise<void> {
    const log = await this.witness.verify(this.app, sessionId);
    const { status, body } = await this.app.turn(sessionId, '/remember');
    if (status !== 200) throw new Error(`the next turn of ${sessionId}: ${status} ${JSON.stringify(body)}`);
    expectRemembered(log, body.text);
    this.witness.of(sessionId).ended.set(body.turn_index, 'completed');
  }

  private async openIds(): Promise<string[]> {
    const { body } = await this.app.get('/sessions?open=true');
    return (body.sessions as { session_id: string }[]).map(({ session_id }) => session_id).reverse();
  }

  private async report(): Promise<CrashReport> {
    const report = { events: 0, turns: 0, unknownTurns: 0, sessions: this.witness.ids.length };
    for (const id of this.witness.ids) {
      const log = await this.witness.verify(this.app, id);
      report.events += log.length;
      report.turns += log.filter(({ type }) => type === 'turn.queued').length;
      report.unknownTurns += log.filter(({ type }) => type === 'turn.unknown').length;
    }
    return report;
  }
}
