import { type Benchmark, type Figure, median, quantile } from '../support/figures.js';
import type { Gateway } from '../support/gateway.js';
import { HttpClient } from '../support/http-client.js';
import { PrintedTurns, StreamByHand } from './by-hand.js';
import { type ClaudeLab, inClaudeLab, startClaudeGateway } from './claude-lab.js';
import { Conversation } from './conversation.js';

const PROMPT = 'say:a short answer';
const WARM_UP = 3;
const ROUNDS = 20;
const SHARE_CONVERSATIONS = 6;
const SHARE_ROUNDS = 25;
/** Turns until the gateway's code is compiled as it is in a server that has run for a minute. */
const SHARE_WARM_UP = 200;

export const completionsBenchmark: Benchmark = {
  name: 'completions',
  about:
    'A conversation by `POST /v1/messages`, each request with the whole history, which goes on in the session that lives, by both ' +
    `engines; against a new \`claude -p --resume\` for each prompt of the same conversation, ${ROUNDS} rounds in turn. Then our own ` +
    'share of a turn of the engine stream-json: the same against a bare `claude -p` that is kept alive, ' +
    `${SHARE_CONVERSATIONS} conversations of ${SHARE_ROUNDS} rounds in turn, after ${SHARE_WARM_UP} turns to warm up. The real claude on a model API on loopback that answers at once.`,
  run: async () => [...(await inClaudeLab(compareEngines)), ...(await inClaudeLab(measureShare))],
};

async function compareEngines(lab: ClaudeLab): Promise<Figure[]> {
  const [terminalMs, streamMs, printedMs]: [number[], number[], number[]] = [[], [], []];
  await withGateway(lab, 'terminal', (terminal) =>
    withGateway(lab, 'stream-json', async (stream) => {
      const typed = await converse(terminal);
      const streamed = await converse(stream);
      const printed = await PrintedTurns.in(lab);
      await inTurn(ROUNDS, [
        [typed, terminalMs],
        [streamed, streamMs],
        [() => printed.say(PROMPT), printedMs],
      ]);
    }),
  );
  const times = (what: string, values: number[]): Figure[] => [
    { what: `${what}, median`, value: median(values), unit: 'ms' },
    { what: `${what}, 90th percentile`, value: quantile(values, 0.9), unit: 'ms' },
  ];
  const ratio = (engine: string, values: number[], limit: number): Figure => ({
    what: `claude -p --resume / continued history, ${engine}`,
    value: median(printedMs) / median(values),
    unit: 'x',
    target: { kind: 'at least', limit },
  });
  return [
    ...times('claude -p --resume', printedMs),
    ...times('continued history, terminal', terminalMs),
    ...times('continued history, stream-json', streamMs),
    ratio('terminal', terminalMs, 2.2),
    ratio('stream-json', streamMs, 6),
  ];
}

async function measureShare(lab: ClaudeLab): Promise<Figure[]> {
  const [ourMs, bareMs]: [number[], number[]] = [[], []];
  const cpuMs = await withGateway(lab, 'stream-json', async (client, gateway) => {
    const warmUp = await converse(client);
    for (let done = 0; done < SHARE_WARM_UP; done += 1) await warmUp();
    const startedMs = await gateway.ask('cpuMs');
    for (let done = 0; done < SHARE_CONVERSATIONS; done += 1) {
      const ours = await converse(client);
      const bare = await StreamByHand.start(lab);
      await bare.say(PROMPT);
      await inTurn(SHARE_ROUNDS, [
        [ours, ourMs],
        [() => bare.say(PROMPT), bareMs],
      ]).finally(() => bare.stop());
    }
    // Beside the rounds those to warm up, and the turn that begins a conversation.
    const turns = SHARE_CONVERSATIONS * (SHARE_ROUNDS + WARM_UP + 1);
    return ((await gateway.ask('cpuMs')) - startedMs) / turns;
  });
  return [
    { what: 'a turn, stream-json: gateway, median', value: median(ourMs), unit: 'ms' },
    { what: 'a turn, stream-json: a bare claude kept alive, median', value: median(bareMs), unit: 'ms' },
    {
      what: 'our own share of a turn, stream-json, medians',
      value: median(ourMs) - median(bareMs),
      unit: 'ms',
      target: { kind: 'at most', limit: 5 },
    },
    {
      what: 'the same, 10th percentiles: what a busy machine disturbs least',
      value: quantile(ourMs, 0.1) - quantile(bareMs, 0.1),
      unit: 'ms',
    },
    { what: 'processor time of the gateway for one turn, stream-json', value: cpuMs, unit: 'ms' },
  ];
}

async function withGateway<T>(
  lab: ClaudeLab,
  engine: string,
  work: (client: HttpClient, gateway: Gateway) => Promise<T>,
): Promise<T> {
  const gateway = await startClaudeGateway(lab, engine, { CLAWDFORGE_CLAUDE_POOL: '2' });
  const client = new HttpClient(gateway.baseUrl, await gateway.mint('bench'));
  try {
    return await work(client, gateway);
  } finally {
    client.close();
    await gateway.stop();
  }
}

/** A conversation whose session lives; each call is its next turn, and tells how long it took. */
async function converse(client: HttpClient): Promise<() => Promise<number>> {
  const conversation = new Conversation(client);
  await conversation.say(PROMPT);
  return async () => {
    const { tookMs, sessionTurns } = await conversation.say(PROMPT);
    if (sessionTurns < 2) throw new Error('the session that held the history was not found');
    return tookMs;
  };
}

type Way = readonly [act: () => Promise<number>, into: number[]];

/** Each round begins with another of the ways; those to warm up do not count. */
async function inTurn(rounds: number, ways: readonly Way[]): Promise<void> {
  for (let round = -WARM_UP; round < rounds; round += 1) {
    for (let place = 0; place < ways.length; place += 1) {
      const [act, into] = ways[(round + WARM_UP + place) % ways.length]!;
      const tookMs = await act();
      if (round >= 0) into.push(tookMs);
    }
  }
}
