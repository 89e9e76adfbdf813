import { open } from 'node:fs/promises';
import { type Benchmark, type Figure, median, quantile } from '../support/figures.js';
import { eventCursor } from '../../../src/core/event-cursor.js';
import { encodeCursor } from '../../../src/core/cursor.js';
import { startGateway } from '../support/gateway.js';
import { HttpClient } from '../support/http-client.js';
import { inLab } from '../support/lab.js';
import { benchLedgerFile, openBenchLedger, seedEvents, seedSessions } from '../support/seed.js';

const APP = 'bench';
const SESSIONS = 200;
const TURNS_EACH = 500;
const EVENTS_A_TURN = 10;
const EVENTS = SESSIONS * TURNS_EACH * EVENTS_A_TURN;
const REQUESTS = 2000;
const WARM_UP = 200;
const LIMIT = 100;

export const pagesBenchmark: Benchmark = {
  name: 'pages',
  about:
    `Pages of ${LIMIT} of \`GET …/events\` and of \`GET …/turns\`, by one client, each of a session and from a place drawn by lot, in a ledger ` +
    `of ${EVENTS} events in ${SESSIONS * TURNS_EACH} turns of ${SESSIONS} sessions, which were written to in turn. ${REQUESTS} pages of each, in turn.`,
  run: () =>
    inLab(async (lab) => {
      const dataDir = await lab.directory('data');
      const sessionIds = await seed(dataDir);
      const gateway = await startGateway(lab, dataDir, { CLAWDFORGE_MAX_LIVE_SESSIONS: String(SESSIONS) });
      const client = new HttpClient(gateway.baseUrl, await gateway.mint(APP));
      try {
        const draw = lots();
        const page = async (list: 'events' | 'turns'): Promise<number> => {
          const id = sessionIds[draw(SESSIONS)] ?? '';
          const after =
            list === 'events' ? eventCursor(id, draw(EVENTS)) : encodeCursor('turns', [draw(TURNS_EACH)]);
          const path = `/sessions/${id}/${list}?limit=${LIMIT}&after=${encodeURIComponent(after)}`;
          return (await client.send('GET', path)).tookMs;
        };
        const [eventMs, turnMs]: [number[], number[]] = [[], []];
        for (let done = -WARM_UP; done < REQUESTS; done += 1) {
          const [ofEvents, ofTurns] = [await page('events'), await page('turns')];
          if (done < 0) continue;
          eventMs.push(ofEvents);
          turnMs.push(ofTurns);
        }
        return [...figuresOf('events', eventMs), ...figuresOf('turns', turnMs)];
      } finally {
        client.close();
        await gateway.stop();
      }
    }),
};

function figuresOf(list: string, durations: readonly number[]): Figure[] {
  return [
    { what: `a page of ${list}, median`, value: median(durations), unit: 'ms' },
    {
      what: `a page of ${list}, 99th percentile`,
      value: quantile(durations, 0.99),
      unit: 'ms',
      target: { kind: 'at most', limit: 10 },
    },
  ];
}

async function seed(dataDir: string): Promise<string[]> {
  const ledger = await openBenchLedger(dataDir);
  await seedSessions(ledger, SESSIONS, {
    appName: () => APP,
    closedAtMs: () => null,
    turnsEach: TURNS_EACH,
  });
  await seedEvents(ledger, EVENTS_A_TURN);
  const rows = await ledger.read((manager) => manager.query<{ id: string }[]>('SELECT id FROM sessions'));
  await ledger.close();
  // Else the kernel writes half a gigabyte back while pages are measured.
  const file = await open(benchLedgerFile(dataDir), 'r+');
  await file.sync();
  await file.close();
  return rows.map(({ id }) => id);
}

/** The same numbers in every run. */
function lots(): (below: number) => number {
  let state = 1;
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}
