import { type Benchmark, type Figure, interleave, median, quantile } from '../support/figures.js';
import { startGateway, type Gateway } from '../support/gateway.js';
import { HttpClient, openSession } from '../support/http-client.js';
import { inLab, type Lab } from '../support/lab.js';
import type { Server } from '../support/server.js';
import { installSandboxAgent, SANDBOX_AGENT_VERSION, startSandboxAgent } from './sandbox-agent.js';
import { SandboxSession } from './sandbox-session.js';

const PROMPT = 'a short prompt for the echo agent';
const MESSAGES = 7;
const WARM_UP_TURNS = 2000;
const TURNS = 1000;

export const turnSandboxBenchmark: Benchmark = {
  name: 'turn-sandbox',
  about:
    `A turn of ${MESSAGES} messages by \`POST /sessions/{id}/turn\` on a warm echo agent against the same turn through ` +
    `sandbox-agent ${SANDBOX_AGENT_VERSION} (\`@sandbox-agent/cli\` from npm, a gateway in Rust that speaks ACP over HTTP): one turn ` +
    `of each in turn, ${TURNS} times after ${WARM_UP_TURNS} to warm up. Both check a token and write a log; ours has everything in the ` +
    'ledger before it answers, sandbox-agent keeps it in memory only. Our answer holds all messages of the turn, that ' +
    'of sandbox-agent only the result, so a turn there lasts until its event stream has brought the rest; "answer alone" is ' +
    'a session there whose messages nobody reads.',
  run: async () => {
    const program = await installSandboxAgent().catch((error: unknown) => {
      console.error(error);
    });
    if (program === undefined) return notCompared();
    return inLab(async (lab) => {
      const gateway = await startGateway(lab, await lab.directory('data'), { CLAWDFORGE_AGENTS: 'echo' });
      try {
        const sandbox = await startSandboxAgent(lab, program);
        try {
          return await compare(lab, gateway, sandbox);
        } finally {
          await sandbox.stop();
        }
      } finally {
        await gateway.stop();
      }
    });
  },
};

function notCompared(): Figure[] {
  const what = 'gateway / sandbox-agent: not compared, sandbox-agent could not be installed';
  return [{ what, value: undefined, unit: 'x' }];
}

async function compare(lab: Lab, gateway: Gateway, sandbox: Server): Promise<Figure[]> {
  const ours = new HttpClient(gateway.baseUrl, await gateway.mint('turns'));
  const session = await openSession(ours);
  const followed = await SandboxSession.open(sandbox.baseUrl, 'followed', lab.root);
  const alone = await SandboxSession.open(sandbox.baseUrl, 'alone', lab.root);
  try {
    await followed.follow();
    const turn = async (): Promise<void> => {
      const { events } = await ours.json<{ events: unknown[] }>('POST', `${session}/turn`, {
        prompt: PROMPT,
      });
      // The first one is the prompt.
      assertWhole(events.length - 1);
    };
    const theirTurn = async (): Promise<void> => assertWhole(await followed.turn(PROMPT));
    const theirAnswer = (): Promise<void> => alone.prompt(PROMPT);
    const [ourMs, theirMs, answerMs]: [number[], number[], number[]] = [[], [], []];
    for (const act of [turn, theirTurn, theirAnswer]) {
      for (let done = 0; done < WARM_UP_TURNS; done += 1) await act();
    }
    await interleave(
      TURNS,
      () => timed(turn, ourMs),
      async () => {
        await timed(theirTurn, theirMs);
        await timed(theirAnswer, answerMs);
      },
    );
    await ours.send('DELETE', session);
    return [
      ...told('gateway', ourMs),
      ...told('sandbox-agent', theirMs),
      ...told('sandbox-agent, answer alone', answerMs),
      { what: 'gateway / sandbox-agent', value: median(ourMs) / median(theirMs), unit: 'x' },
      { what: 'gateway / sandbox-agent, answer alone', value: median(ourMs) / median(answerMs), unit: 'x' },
    ];
  } finally {
    for (const client of [ours, followed, alone]) client.close();
  }
}

function assertWhole(messages: number): void {
  if (messages !== MESSAGES) throw new Error(`a turn had ${messages} messages instead of ${MESSAGES}`);
}

async function timed(act: () => Promise<void>, durations: number[]): Promise<void> {
  const startedMs = performance.now();
  await act();
  durations.push(performance.now() - startedMs);
}

function told(what: string, durations: readonly number[]): Figure[] {
  return [
    { what: `${what}, median`, value: median(durations), unit: 'ms' },
    { what: `${what}, 99th percentile`, value: quantile(durations, 0.99), unit: 'ms' },
  ];
}
