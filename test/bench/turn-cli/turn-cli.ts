import { setTimeout as sleep } from 'node:timers/promises';
import type { RunnerSession } from '../../../src/acpx/acpx-runner.js';
import { interleave, median, quantile, type Benchmark, type Figure } from '../support/figures.js';
import { postJson, startGateway, type Gateway } from '../support/gateway.js';
import { inLab, type Lab } from '../support/lab.js';
import { AcpxBaseline } from './acpx-baseline.js';

const PROMPT = 'a short prompt for the echo agent';
const ROUNDS = 24;
/** From the last result of a round to the next round; a session's own pause is twice that. */
const PAUSE_MS = 1700;
const AT_ONCE = [1, 4];
const AT_MOST = 1.15;

export const turnCliBenchmark: Benchmark = {
  name: 'turn-cli',
  about:
    'A turn by `POST /sessions/{id}/turn` over the acpx command line (`CLAWDFORGE_RUNNER=acpx-cli`, the echo agent) against ' +
    'the same acpx command, with the same environment and input, started by a plain spawn and timed to its result line. ' +
    `${ROUNDS} rounds in turn after one to warm up, each after ${PAUSE_MS} ms without a turn; with 4 sessions their turns ` +
    'start at once on both sides.',
  run: () =>
    inLab(async (lab) => {
      const gateway = await startGateway(lab, await lab.directory('data'), {
        CLAWDFORGE_RUNNER: 'acpx-cli',
        CLAWDFORGE_AGENTS: 'echo',
      });
      try {
        const baseline = await AcpxBaseline.start(lab);
        const figures: Figure[] = [];
        for (const count of AT_ONCE) figures.push(...(await compare(lab, gateway, baseline, count)));
        return figures;
      } finally {
        await gateway.stop();
      }
    }),
};

/** One side of the comparison: so many sessions, each of which can take a turn and tell its milliseconds. */
interface Side {
  readonly turns: (() => Promise<number>)[];
  close(): Promise<void>;
}

async function compare(lab: Lab, gateway: Gateway, baseline: AcpxBaseline, count: number): Promise<Figure[]> {
  const [ours, theirs] = [await throughGateway(gateway, count), await byHand(lab, baseline, count)];
  const [ourMs, theirMs]: [number[], number[]] = [[], []];
  const round = async (side: Side, durations: number[]): Promise<void> => {
    durations.push(...(await Promise.all(side.turns.map((turn) => turn()))));
    await sleep(PAUSE_MS);
  };
  try {
    for (const side of [ours, theirs]) await round(side, []);
    await interleave(
      ROUNDS,
      () => round(ours, ourMs),
      () => round(theirs, theirMs),
    );
  } finally {
    await baseline.whenDrained();
    await Promise.all([ours.close(), theirs.close()]);
  }
  const at = `${count} session${count === 1 ? '' : 's'}`;
  return [
    { what: `${at}: gateway, median`, value: median(ourMs), unit: 'ms' },
    { what: `${at}: acpx by hand, median`, value: median(theirMs), unit: 'ms' },
    { what: `${at}: gateway, 90th percentile`, value: quantile(ourMs, 0.9), unit: 'ms' },
    { what: `${at}: acpx by hand, 90th percentile`, value: quantile(theirMs, 0.9), unit: 'ms' },
    {
      what: `${at}: gateway / acpx by hand`,
      value: median(ourMs) / median(theirMs),
      unit: 'x',
      target: { kind: 'at most', limit: AT_MOST },
    },
  ];
}

async function throughGateway(gateway: Gateway, count: number): Promise<Side> {
  const headers = await gateway.mint(`bench-${count}`);
  const sessions = `${gateway.baseUrl}/sessions`;
  const urls: string[] = [];
  for (let made = 0; made < count; made += 1) {
    const { session_id } = await postJson<{ session_id: string }>(sessions, headers, { agent: 'echo' });
    urls.push(`${sessions}/${session_id}`);
  }
  return {
    turns: urls.map((url) => async () => {
      const startedMs = performance.now();
      await postJson(`${url}/turn`, headers, { prompt: PROMPT });
      return performance.now() - startedMs;
    }),
    close: async () => {
      for (const url of urls) await fetch(url, { method: 'DELETE', headers });
    },
  };
}

async function byHand(lab: Lab, baseline: AcpxBaseline, count: number): Promise<Side> {
  const sessions: RunnerSession[] = [];
  for (let made = 0; made < count; made += 1) sessions.push(await baseline.create(lab));
  return {
    turns: sessions.map((session) => () => baseline.turn(session, PROMPT)),
    close: async () => {
      await Promise.all(sessions.map((session) => baseline.close(session)));
    },
  };
}
