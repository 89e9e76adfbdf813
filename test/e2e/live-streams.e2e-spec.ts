import { connect, type Socket } from 'node:net';
import { readFile } from 'node:fs/promises';
import { LiveSessionClient } from '../support/live-client.js';
import type { ServerClient } from '../support/server-client.js';
import { ServerHome } from '../support/server-home.js';
import { until } from '../support/until.js';

const SLOW = 120_000;
const MIB = 1024 * 1024;
/** A stalled reader may cost its socket's buffers and a page; a flood that piles up for each would be ten times this. */
const MAX_GROWTH_BYTES = 200 * MIB;

const describeOnLinux = process.platform === 'linux' ? describe : describe.skip;

describeOnLinux('clients of event streams that vanish, stall and come back', () => {
  let home: ServerHome;
  let app: ServerClient;
  let pid: number;

  beforeAll(async () => {
    home = await ServerHome.make({ CLAWDFORGE_AGENTS: 'echo' });
    ({ pid } = await home.start());
    app = await home.admin.mint('app');
  }, SLOW);
  afterAll(() => home.remove(), SLOW);

  const rssBytes = async (): Promise<number> => {
    const status = await readFile(`/proc/${pid}/status`, 'utf8');
    return Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1]) * 1024;
  };

  /** A client that asks for the stream and reads nothing of it, until it is told to. */
  const stalled = (session: LiveSessionClient): StalledClient =>
    new StalledClient(new URL(app.baseUrl), `${session.path}/events`, app.token);

  it(
    'does without clients that vanish in the middle of a flood',
    async () => {
      const session = await LiveSessionClient.open(app);
      const streams = await Promise.all(Array.from({ length: 50 }, () => session.follow()));
      const turnId = await session.submit('/flood 5000');
      for (const [index, stream] of streams.entries()) {
        await until('it has seen some', () => stream.events.length > index);
        stream.leave();
      }
      expect(await session.ended(turnId)).toMatchObject({ status: 'completed' });
      await Promise.all(streams.map(({ ended }) => ended));
      await session.expectToRemember('/flood 5000');
      await session.expectOneEndEach();
    },
    SLOW,
  );

  it(
    'keeps its memory bounded while readers stall through a flood, and then gives them each event once',
    async () => {
      const session = await LiveSessionClient.open(app);
      await session.say('warm');
      const before = await rssBytes();
      const readers = Array.from({ length: 20 }, () => stalled(session));
      await Promise.all(readers.map((reader) => reader.begun));
      const turnId = await session.submit('/flood 40000');
      let most = before;
      await until(
        'the flood is over',
        async () => {
          most = Math.max(most, await rssBytes());
          return (await session.turn(turnId)).status === 'completed';
        },
        SLOW,
      );
      expect(most - before).toBeLessThan(MAX_GROWTH_BYTES);
      const others = await LiveSessionClient.open(app);
      expect(await others.say('meanwhile')).toContain('meanwhile');

      const [first, second, ...never] = readers;
      first!.read();
      second!.read();
      await app.close(session.id);
      const ids = (await session.log()).map(({ id }) => id);
      expect(ids.length).toBeGreaterThan(40_000);
      for (const reader of [first!, second!]) {
        await reader.ended;
        expect(reader.ids()).toEqual(ids);
      }
      for (const reader of never) reader.destroy();
    },
    SLOW,
  );

  it(
    'gives each event once to clients that come back 200 times in a storm',
    async () => {
      const session = await LiveSessionClient.open(app);
      const turnId = await session.submit('/stream 400 5');
      const reconnecting = async (client: number): Promise<string[]> => {
        const ids: string[] = [];
        let isOver = false;
        // A client that the machine keeps waiting may have seen the end before its last visit.
        for (let visit = 1; visit <= 20 && !isOver; visit += 1) {
          const last = ids.at(-1);
          const stream = await session.follow(last === undefined ? {} : { 'last-event-id': last });
          const hasEnd = (): boolean => stream.events.at(-1)?.event === 'turn.completed';
          const hasNews = (): boolean => stream.events.length > (client + visit) % 5;
          await until('there is something new', () => hasEnd() || (visit < 20 && hasNews()));
          stream.leave();
          await stream.ended;
          isOver = hasEnd();
          ids.push(...stream.events.map(({ id }) => id));
        }
        return ids;
      };
      const clients = await Promise.all(Array.from({ length: 10 }, (_, client) => reconnecting(client)));
      await session.ended(turnId);
      const ids = (await session.log()).map(({ id }) => id);
      for (const seen of clients) expect(seen).toEqual(ids);
    },
    SLOW,
  );

  it(
    'ends the streams of a revoked token, and the turn runs on to its end',
    async () => {
      const other = await home.admin.mint('revoked');
      const session = await LiveSessionClient.open(other);
      const streams = await Promise.all(Array.from({ length: 10 }, () => session.follow()));
      const turnId = await session.submitUntil('/stream 40 20', 'message.delta');
      expect((await home.admin.call('DELETE', '/admin/tokens/revoked')).status).toBe(200);
      await Promise.all(streams.map(({ ended }) => ended));
      expect((await other.get(session.path)).status).toBe(401);

      const again = await home.admin.mint('revoked');
      const sameSession = new LiveSessionClient(again, session.id);
      expect(await sameSession.ended(turnId)).toMatchObject({ status: 'completed' });
      const ids = (await sameSession.log()).map(({ id }) => id);
      for (const { events } of streams) {
        const seen = events.map(({ id }) => id);
        expect(seen).toEqual(ids.slice(0, seen.length));
        expect(seen.length).toBeLessThan(ids.length);
        const rest = await sameSession.follow({ 'last-event-id': seen.at(-1)! });
        await until('the rest came', () => rest.events.length === ids.length - seen.length);
        expect(rest.events.map(({ id }) => id)).toEqual(ids.slice(seen.length));
        rest.leave();
      }
      await sameSession.expectToRemember('/stream 40 20');
    },
    SLOW,
  );
});

/** Over a bare socket, whose reading can be stopped. */
class StalledClient {
  /** Resolves when the stream has begun, after which nothing is read. */
  readonly begun: Promise<void>;
  readonly ended: Promise<void>;
  private readonly socket: Socket;
  private text = '';

  constructor({ hostname, port }: URL, path: string, token: string) {
    this.socket = connect({ host: hostname, port: Number(port) });
    this.socket.setEncoding('utf8').on('error', () => undefined);
    this.socket.write(
      `GET ${path} HTTP/1.1\r\nhost: x\r\naccept: text/event-stream\r\nauthorization: Bearer ${token}\r\nconnection: close\r\n\r\n`,
    );
    this.ended = new Promise((resolve) => this.socket.once('close', () => resolve()));
    this.begun = new Promise((resolve) => {
      this.socket.once('data', (chunk: string) => {
        this.text += chunk;
        this.socket.pause();
        resolve();
      });
    });
  }

  read(): void {
    this.socket.on('data', (chunk: string) => (this.text += chunk));
    this.socket.resume();
  }

  /** Ids of all events so far, in order. */
  ids(): string[] {
    return [...this.text.matchAll(/^id: (.*)$/gm)].map(([, id = '']) => id);
  }

  destroy(): void {
    this.socket.destroy();
  }
}
