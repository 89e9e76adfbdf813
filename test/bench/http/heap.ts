import type { Benchmark } from '../support/figures.js';
import { inLab } from '../support/lab.js';
import { sendLoad } from '../support/load.js';
import { startWithOwnedSessions } from './owned-sessions.js';

const CONNECTIONS = 10;
const EARLY = 20_000;
const LATE = 100_000;

export const heapBenchmark: Benchmark = {
  name: 'heap',
  about:
    'The heap of the gateway after a collection, when it has answered 20,000 requests and when it has answered 100,000: ' +
    'half of them `/healthz`, half `GET /sessions` by a caller who owns 50 of 10,000.',
  run: () =>
    inLab(async (lab) => {
      const gateway = await startWithOwnedSessions(lab);
      const answer = async (requests: number): Promise<number> => {
        for (const [route, headers] of [
          ['/healthz', {}],
          ['/sessions', gateway.headers],
        ] as const) {
          await sendLoad({
            url: gateway.baseUrl + route,
            headers,
            connections: CONNECTIONS,
            requests: requests / 2,
          });
        }
        return gateway.ask('heapMb');
      };
      try {
        const early = await answer(EARLY);
        const late = await answer(LATE - EARLY);
        return [
          { what: `heap after ${EARLY} requests`, value: early, unit: 'MB' },
          { what: `heap after ${LATE} requests`, value: late, unit: 'MB' },
          {
            what: 'more than before',
            value: late - early,
            unit: 'MB',
            target: { kind: 'at most', limit: 5 },
          },
        ];
      } finally {
        await gateway.stop();
      }
    }),
};
