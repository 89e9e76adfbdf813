import { setTimeout as sleep } from 'node:timers/promises';
import { MARKER_VARIABLE } from '../../../src/processes/process-types.js';
import { findProcesses } from '../../support/find-processes.js';
import { type Benchmark, type Figure, interleave, median, quantile } from '../support/figures.js';
import { startGateway } from '../support/gateway.js';
import { HttpClient, openSession } from '../support/http-client.js';
import { inLab, type Lab } from '../support/lab.js';
import { RawAgent } from '../support/raw-agent.js';

const ROUNDS = 100;
const WARM_UP = 20;
const SESSIONS = 1000;
const RELEASED_WITHIN_MS = 30_000;

export const sessionsWarmBenchmark: Benchmark = {
  name: 'sessions-warm',
  about:
    `\`POST /sessions\` on an echo agent that runs, against \`session/new\` by a raw ACP client, ${ROUNDS} of each in turn. And what ` +
    `${SESSIONS} open sessions, each with one turn done, cost when all have released their agent: the resident memory of the server after a ` +
    'collection, less that of the same server before the first of them, and the processes of agents that are left.',
  run: () => inLab(async (lab) => [...(await compareCreation(lab)), ...(await hibernate(lab))]),
};

async function compareCreation(lab: Lab): Promise<Figure[]> {
  const gateway = await startGateway(lab, await lab.directory('data'), {
    CLAWDFORGE_AGENTS: 'echo',
    CLAWDFORGE_MAX_LIVE_SESSIONS: '1000',
    CLAWDFORGE_SESSIONS_PER_AGENT: '1000',
  });
  const client = new HttpClient(gateway.baseUrl, await gateway.mint('bench'));
  const agent = await RawAgent.start(lab);
  try {
    const [ourMs, rawMs]: [number[], number[]] = [[], []];
    const ours = (into: number[]) => timed(into, () => openSession(client));
    const raw = (into: number[]) => timed(into, () => agent.newSession(lab.root));
    for (let done = 0; done < WARM_UP; done += 1) {
      await ours([]);
      await raw([]);
    }
    await interleave(
      ROUNDS,
      () => ours(ourMs),
      () => raw(rawMs),
    );
    return [
      { what: 'a new session: gateway, median', value: median(ourMs), unit: 'ms' },
      { what: 'a new session: gateway, 99th percentile', value: quantile(ourMs, 0.99), unit: 'ms' },
      { what: 'a new session: session/new at the agent, median', value: median(rawMs), unit: 'ms' },
      {
        what: 'a new session: gateway over the agent, medians',
        value: median(ourMs) - median(rawMs),
        unit: 'ms',
        target: { kind: 'at most', limit: 15 },
      },
    ];
  } finally {
    client.close();
    await agent.stop();
    await gateway.stop();
  }
}

async function timed(durations: number[], act: () => Promise<unknown>): Promise<void> {
  const startedMs = performance.now();
  await act();
  durations.push(performance.now() - startedMs);
}

async function hibernate(lab: Lab): Promise<Figure[]> {
  const gateway = await startGateway(lab, await lab.directory('hibernated'), {
    CLAWDFORGE_AGENTS: 'echo',
    CLAWDFORGE_MAX_LIVE_SESSIONS: String(SESSIONS),
    CLAWDFORGE_SESSIONS_PER_AGENT: '250',
    CLAWDFORGE_AGENT_IDLE_SECS: '1',
  });
  const client = new HttpClient(gateway.baseUrl, await gateway.mint('bench'));
  try {
    const idleMb = await gateway.ask('rssMb');
    for (let opened = 0; opened < SESSIONS; opened += 1) {
      const session = await openSession(client);
      await client.send('POST', `${session}/turn`, { prompt: 'hello' });
    }
    const left = await agentsLeft(lab);
    const { count } = await client.json<{ count: number }>('GET', `/sessions?limit=${SESSIONS}`);
    if (count !== SESSIONS) throw new Error(`${count} sessions are open instead of ${SESSIONS}`);
    const hibernatedMb = await gateway.ask('rssMb');
    return [
      { what: 'memory, idle', value: idleMb, unit: 'MB' },
      {
        what: `memory of ${SESSIONS} hibernated sessions`,
        value: hibernatedMb - idleMb,
        unit: 'MB',
        target: { kind: 'at most', limit: 60 },
      },
      {
        what: 'processes of agents left',
        value: left,
        unit: 'pieces',
        target: { kind: 'at most', limit: 0 },
      },
    ];
  } finally {
    client.close();
    await gateway.stop();
  }
}

/** Waits until no process of an agent is left; how many there are then. */
async function agentsLeft(lab: Lab): Promise<number> {
  // Agents carry a marker, the server does not.
  const agents = (): Promise<number[]> =>
    findProcesses(
      (environment) => environment.get('HOME') === lab.env.HOME && environment.has(MARKER_VARIABLE),
    );
  if ((await agents()).length === 0) throw new Error('no agent was found while it must be running');
  const deadline = Date.now() + RELEASED_WITHIN_MS;
  let left = await agents();
  while (left.length > 0 && Date.now() < deadline) {
    await sleep(200);
    left = await agents();
  }
  return left.length;
}
