import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { interleave, median, type Benchmark, type Figure } from '../support/figures.js';
import { inLab, type Lab } from '../support/lab.js';
import { sendLoad } from '../support/load.js';
import { startMeasuredServer, type MeasuredServer } from '../support/measured-server.js';
import { startWithOwnedSessions, type OwnedSessions } from './owned-sessions.js';

const CONNECTIONS = 10;
const ROUNDS = 8;
const ROUND_SECS = 3;
const WARM_UP_SECS = 3;

const BARE_SERVER = path.resolve(import.meta.dirname, 'bare-server.js');

export const httpBenchmark: Benchmark = {
  name: 'http',
  about:
    'Requests per second of the gateway against a bare Nest and Express route with the same logger, which answers a ' +
    'ready-made text of the same size. Ten connections; rounds of three seconds in turn; the load comes from a third ' +
    'process. `GET /sessions` is asked by a caller who owns 50 of the 10,000 sessions in the ledger.',
  run: () =>
    inLab(async (lab) => {
      const gateway = await startWithOwnedSessions(lab);
      try {
        return [
          ...(await compare(lab, gateway, { route: '/healthz', headers: {}, atLeast: 0.7 })),
          ...(await compare(lab, gateway, { route: '/sessions', headers: gateway.headers, atLeast: 0.4 })),
        ];
      } finally {
        await gateway.stop();
      }
    }),
};

interface Comparison {
  readonly route: string;
  readonly headers: Record<string, string>;
  readonly atLeast: number;
}

interface Side {
  readonly server: MeasuredServer;
  readonly url: string;
  readonly headers: Record<string, string>;
  readonly rates: number[];
  readonly cpuMicros: number[];
}

async function compare(lab: Lab, gateway: OwnedSessions, asked: Comparison): Promise<Figure[]> {
  const { route, headers, atLeast } = asked;
  const url = `${gateway.baseUrl}${route}`;
  const bare = await startBare(lab, await (await fetch(url, { headers })).text());
  try {
    const ours: Side = { server: gateway, url, headers, rates: [], cpuMicros: [] };
    const theirs: Side = { ...ours, server: bare, url: `${bare.baseUrl}/constant`, rates: [], cpuMicros: [] };
    for (const side of [ours, theirs]) await load(side, WARM_UP_SECS);
    await interleave(
      ROUNDS,
      () => round(ours),
      () => round(theirs),
    );
    const ratios = ours.rates.map((rate, index) => rate / (theirs.rates[index] ?? Number.NaN));
    return [
      { what: `${route}: gateway`, value: median(ours.rates), unit: 'req/s' },
      { what: `${route}: bare route`, value: median(theirs.rates), unit: 'req/s' },
      { what: `${route}: processor time of one request, gateway`, value: median(ours.cpuMicros), unit: 'µs' },
      { what: `${route}: the same, bare route`, value: median(theirs.cpuMicros), unit: 'µs' },
      {
        what: `${route}: gateway / bare route`,
        value: median(ratios),
        unit: 'x',
        target: { kind: 'at least', limit: atLeast },
      },
    ];
  } finally {
    await bare.stop();
  }
}

async function startBare(lab: Lab, body: string): Promise<MeasuredServer> {
  const bodyFile = path.join(lab.root, 'body.json');
  await writeFile(bodyFile, body);
  return startMeasuredServer(lab, 'bare', BARE_SERVER, { BENCH_BODY_FILE: bodyFile }, '/constant');
}

async function round(side: Side): Promise<void> {
  const before = await side.server.ask('cpuMs');
  const { requests, perSecond } = await load(side, ROUND_SECS);
  const after = await side.server.ask('cpuMs');
  side.rates.push(perSecond);
  side.cpuMicros.push(((after - before) * 1000) / requests);
}

function load(side: Side, seconds: number): ReturnType<typeof sendLoad> {
  return sendLoad({ url: side.url, headers: side.headers, connections: CONNECTIONS, seconds });
}
