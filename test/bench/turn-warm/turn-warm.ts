import path from 'node:path';
import { type Benchmark, type Figure, interleave, median, quantile } from '../support/figures.js';
import { startGateway, type Gateway } from '../support/gateway.js';
import { HttpClient, openSession } from '../support/http-client.js';
import { inLab, type Lab } from '../support/lab.js';
import { type MeasuredServer, startMeasuredServer } from '../support/measured-server.js';
import { summarizeProfile } from '../support/profile.js';
import { RawAgent } from '../support/raw-agent.js';
import { SdkAgent } from '../support/sdk-agent.js';
import { AcpxBaseline } from '../turn-cli/acpx-baseline.js';

const PROMPT = 'a short prompt for the echo agent';
const MESSAGES = 7;
const TOKEN = 'bench-token';
const WARM_UP_TURNS = 2000;
const TURNS = 1000;
const CLI_TURNS = 5;
const AT_ONCE = 32;
const RATE_ROUNDS = 6;
const RATE_MS = 1500;

const YARDSTICK_SERVER = path.resolve(import.meta.dirname, 'yardstick-server.js');

export const turnWarmBenchmark: Benchmark = {
  name: 'turn-warm',
  about:
    `A turn of ${MESSAGES} messages by \`POST /sessions/{id}/turn\` on a warm echo agent, everything in the ledger, against ` +
    `others, one call of each in turn, ${TURNS} times after ${WARM_UP_TURNS} to warm up: a raw ACP client, the ACP SDK's straight over stdio, on the same agent; a client of our own there ` +
    `that does no more than parse lines; and the yardstick, a bare Nest POST that checks a token and commits one row with the gateway's own settings of SQLite and ` +
    `its logger. Besides, the acpx command line run to its exit. Then ${AT_ONCE} sessions at once against ${AT_ONCE} connections to the yardstick, rounds of ` +
    `${RATE_MS / 1000} s, and a profile of the gateway's main thread under that load: what takes most bounds it.`,
  run: () =>
    inLab(async (lab) => {
      const profileFile = path.join(lab.root, 'gateway.cpuprofile');
      const gateway = await startGateway(lab, await lab.directory('data'), {
        CLAWDFORGE_AGENTS: 'echo',
        CLAWDFORGE_MAX_LIVE_SESSIONS: '100',
        BENCH_PROFILE_FILE: profileFile,
      });
      try {
        const yardstick = await startYardstick(lab);
        try {
          return [
            ...(await compareLatency(lab, gateway, yardstick)),
            ...(await compareRate(gateway, yardstick, profileFile)),
          ];
        } finally {
          await yardstick.stop();
        }
      } finally {
        await gateway.stop();
      }
    }),
};

async function startYardstick(lab: Lab): Promise<MeasuredServer> {
  const env = { BENCH_TOKEN: TOKEN, BENCH_DB: path.join(await lab.directory('yardstick'), 'notes.db') };
  return startMeasuredServer(lab, 'yardstick', YARDSTICK_SERVER, env, '/notes', 404);
}

function yardstickClient(yardstick: MeasuredServer, connections: number): HttpClient {
  return new HttpClient(yardstick.baseUrl, { authorization: `Bearer ${TOKEN}` }, connections);
}

async function compareLatency(lab: Lab, gateway: Gateway, yardstick: MeasuredServer): Promise<Figure[]> {
  const ours = new HttpClient(gateway.baseUrl, await gateway.mint('latency'));
  const notes = yardstickClient(yardstick, 1);
  const raw = await SdkAgent.start(lab);
  const bare = await RawAgent.start(lab);
  try {
    const session = await openSession(ours);
    const agentTurn =
      (on: { turn(session: string, text: string): Promise<number> }, agentSession: string) =>
      async (): Promise<void> => {
        const messages = await on.turn(agentSession, PROMPT);
        if (messages !== MESSAGES) throw new Error(`a turn had ${messages} messages instead of ${MESSAGES}`);
      };
    const contenders = [
      () => ours.send('POST', `${session}/turn`, { prompt: PROMPT }),
      () => notes.send('POST', '/notes', { prompt: PROMPT }),
      agentTurn(raw, await raw.newSession(lab.root)),
      agentTurn(bare, await bare.newSession(lab.root)),
    ] as const;
    const [turnMs, noteMs, rawMs, bareMs] = await inTurn(contenders);
    const cliMs = await acpxToExit(lab);
    await ours.send('DELETE', session);
    const over = median(turnMs) - median(rawMs);
    return [
      { what: '1 session: gateway, median', value: median(turnMs), unit: 'ms' },
      { what: '1 session: raw ACP client, median', value: median(rawMs), unit: 'ms' },
      { what: '1 session: a client that only parses lines, median', value: median(bareMs), unit: 'ms' },
      { what: '1 session: yardstick, median', value: median(noteMs), unit: 'ms' },
      { what: '1 session: gateway over raw ACP, median', value: over, unit: 'ms' },
      {
        what: '1 session: the same in yardsticks',
        value: over / median(noteMs),
        unit: 'x',
        target: { kind: 'at most', limit: 1.5 },
      },
      {
        what: '1 session: gateway over the client that only parses lines, in yardsticks',
        value: (median(turnMs) - median(bareMs)) / median(noteMs),
        unit: 'x',
      },
      {
        what: '1 session: gateway over raw ACP, 99th percentiles',
        value: quantile(turnMs, 0.99) - quantile(rawMs, 0.99),
        unit: 'ms',
        target: { kind: 'at most', limit: 10 },
      },
      { what: '1 session: acpx run to its exit, median', value: median(cliMs), unit: 'ms' },
      {
        what: '1 session: acpx to its exit / gateway',
        value: median(cliMs) / median(turnMs),
        unit: 'x',
        target: { kind: 'at least', limit: 200 },
      },
    ];
  } finally {
    for (const client of [ours, notes]) client.close();
    await Promise.all([raw.stop(), bare.stop()]);
  }
}

/** Each does one after the other, over and over. @returns the milliseconds of each, without those to warm up. */
async function inTurn<T extends readonly (() => Promise<unknown>)[]>(
  contenders: T,
): Promise<{ [K in keyof T]: number[] }> {
  const durations = contenders.map((): number[] => []);
  for (let round = 0; round < WARM_UP_TURNS + TURNS; round += 1) {
    for (const [place, act] of contenders.entries()) {
      const startedMs = performance.now();
      await act();
      if (round >= WARM_UP_TURNS) durations[place]?.push(performance.now() - startedMs);
    }
  }
  return durations as { [K in keyof T]: number[] };
}

async function acpxToExit(lab: Lab): Promise<number[]> {
  const acpx = await AcpxBaseline.start(lab);
  const session = await acpx.create(lab);
  const durations: number[] = [];
  try {
    for (let done = 0; done < CLI_TURNS; done += 1) {
      const startedMs = performance.now();
      await acpx.turn(session, PROMPT);
      await acpx.whenDrained();
      durations.push(performance.now() - startedMs);
    }
  } finally {
    await acpx.close(session);
  }
  return durations;
}

async function compareRate(
  gateway: Gateway,
  yardstick: MeasuredServer,
  profileFile: string,
): Promise<Figure[]> {
  const ours = new HttpClient(gateway.baseUrl, await gateway.mint('rate'), AT_ONCE);
  const notes = yardstickClient(yardstick, AT_ONCE);
  try {
    const sessions: string[] = [];
    for (let made = 0; made < AT_ONCE; made += 1) sessions.push(await openSession(ours));
    const turns = (ms: number): Promise<number> =>
      rateOf(ms, (place) => ours.send('POST', `${sessions[place]}/turn`, { prompt: PROMPT }));
    const posts = (ms: number): Promise<number> =>
      rateOf(ms, () => notes.send('POST', '/notes', { prompt: PROMPT }));
    await turns(RATE_MS);
    await posts(RATE_MS);
    const ratios: number[] = [];
    const [turnRates, noteRates]: [number[], number[]] = [[], []];
    await interleave(
      RATE_ROUNDS,
      async () => void turnRates.push(await turns(RATE_MS)),
      async () => void noteRates.push(await posts(RATE_MS)),
    );
    for (const [round, rate] of turnRates.entries()) ratios.push(rate / (noteRates[round] ?? Number.NaN));
    await gateway.ask('profile');
    await turns(2 * RATE_MS);
    await gateway.ask('profiled');
    const { idle, shares } = await summarizeProfile(profileFile);
    const at = `${AT_ONCE} sessions`;
    return [
      { what: `${at}: gateway`, value: median(turnRates), unit: 'req/s' },
      { what: `${at}: yardstick`, value: median(noteRates), unit: 'req/s' },
      {
        what: `${at}: gateway / yardstick`,
        value: median(ratios),
        unit: 'x',
        target: { kind: 'at least', limit: 0.5 },
      },
      { what: `${at}, profile: main thread idle`, value: idle, unit: '%' },
      ...shares.map(([place, percent]): Figure => ({
        what: `${at}, profile, of the busy time: ${place}`,
        value: percent,
        unit: '%',
      })),
    ];
  } finally {
    for (const client of [ours, notes]) client.close();
  }
}

/** Requests per second with one under way in each of the places. */
async function rateOf(ms: number, act: (place: number) => Promise<unknown>): Promise<number> {
  const startedMs = performance.now();
  let done = 0;
  await Promise.all(
    Array.from({ length: AT_ONCE }, async (_, place) => {
      while (performance.now() - startedMs < ms) {
        await act(place);
        done += 1;
      }
    }),
  );
  return (done / (performance.now() - startedMs)) * 1000;
}
