import type { RunnerSession } from '../../src/acpx/acpx-runner.js';
import { until } from '../support/until.js';
import { type AcpHarness, type AcpHarnessOptions, makeAcpHarness } from './acp-harness.js';
import { begin, opened, PROMPTS, turn, underWay } from './runner-contract.js';

describe('the warm runner and its processes:', () => {
  let harness: AcpHarness;

  const start = async (
    environment: Record<string, string> = {},
    options: AcpHarnessOptions = {},
  ): Promise<void> => {
    harness = await makeAcpHarness({ environment, ...options });
  };

  const processes = (): Promise<number[]> => harness.livingProcesses();

  const expectToRemember = async (session: RunnerSession): Promise<void> => {
    const { result, text } = await turn(harness.runner, session, PROMPTS.recall);
    expect(result).toMatchObject({ status: 'completed', contextLost: false });
    expect(text).toContain(PROMPTS.hello);
  };

  const greeted = async (): Promise<RunnerSession> => {
    const session = await opened(harness);
    await turn(harness.runner, session, PROMPTS.hello);
    return session;
  };

  afterEach(async () => {
    await harness.stop();
    expect(await processes()).toEqual([]);
  });

  it('sessions share a process up to the bound, and one of them more begins the next', async () => {
    await start({ CLAWDFORGE_SESSIONS_PER_AGENT: '2' });
    const sessions = await Promise.all([opened(harness), opened(harness), opened(harness)]);
    expect(await processes()).toHaveLength(2);
    expect(harness.runner.stats()).toMatchObject({
      liveAgents: 2,
      busyAgents: 0,
      idleAgents: 2,
      loadedSessions: 3,
    });
    expect(harness.agentMarkers()).toHaveLength(2);
    await Promise.all(sessions.map((session) => harness.runner.close(session)));
    expect(await processes()).toEqual([]);
    expect(harness.agentMarkers()).toEqual([]);
  });

  it('a session that is idle long enough leaves its process, and wakes with its next turn', async () => {
    await start({ CLAWDFORGE_AGENT_IDLE_SECS: '1' });
    const session = await greeted();
    await until('no process is left', () => harness.runner.stats().liveAgents === 0);
    expect(await processes()).toEqual([]);
    expect(harness.runner.stats().loadedSessions).toBe(0);
    await expectToRemember(session);
  });

  it('a turn keeps a session awake, however long it takes', async () => {
    await start({ CLAWDFORGE_AGENT_IDLE_SECS: '1' });
    const session = await opened(harness);
    const { result, messages } = await turn(harness.runner, session, '/sleep 2500');
    expect(result.status).toBe('completed');
    expect(messages.filter(({ method }) => method === 'session/prompt')).toHaveLength(1);
  });

  it('a turn that comes while the session is put to sleep finds it awake', async () => {
    await start();
    const session = await greeted();
    const [, remembered] = await Promise.all([
      harness.runner.release(session),
      turn(harness.runner, session, PROMPTS.recall),
    ]);
    expect(remembered.text).toContain(PROMPTS.hello);
  });

  it('the process that was not used for longest makes room for another', async () => {
    await start({ CLAWDFORGE_MAX_LIVE_AGENTS: '2', CLAWDFORGE_SESSIONS_PER_AGENT: '1' });
    const first = await greeted();
    const second = await greeted();
    await expectToRemember(first);
    const third = await greeted();
    expect(await processes()).toHaveLength(2);
    expect(harness.runner.stats()).toMatchObject({ liveAgents: 2, loadedSessions: 2 });
    // The second had to go; the first was used after it.
    const running = begin(harness.runner, first, PROMPTS.recall);
    await running.result;
    expect(running.messages.some(({ method }) => method === 'session/resume')).toBe(false);
    await expectToRemember(second);
    await expectToRemember(third);
    expect(await processes()).toHaveLength(2);
  });

  it('turns wait in line while all processes are busy, and get their turn', async () => {
    await start({ CLAWDFORGE_MAX_LIVE_AGENTS: '1', CLAWDFORGE_SESSIONS_PER_AGENT: '1' });
    const first = await greeted();
    const second = await greeted();
    const busy = begin(harness.runner, first, PROMPTS.hang);
    await underWay(busy);
    const waiting = begin(harness.runner, second, PROMPTS.recall);
    await until('it waits', () => harness.runner.stats().waiting === 1);
    busy.controller.abort();
    expect((await busy.result).status).toBe('cancelled');
    expect((await waiting.result).status).toBe('completed');
    expect(await processes()).toHaveLength(1);
  });

  it('a turn that waits in line can be cancelled, and the line has an end', async () => {
    await start(
      { CLAWDFORGE_MAX_LIVE_AGENTS: '1', CLAWDFORGE_SESSIONS_PER_AGENT: '1' },
      { limits: { maxWaiting: 1 } },
    );
    const [first, second, third] = [await greeted(), await greeted(), await greeted()];
    const busy = begin(harness.runner, first, PROMPTS.hang);
    await underWay(busy);
    const waiting = begin(harness.runner, second, PROMPTS.hello);
    await until('it waits', () => harness.runner.stats().waiting === 1);
    const refused = await turn(harness.runner, third, PROMPTS.hello);
    expect(refused.result).toMatchObject({ status: 'failed', errorCode: 'pool_full' });
    await expect(harness.runner.create(await harness.newSession())).rejects.toMatchObject({
      code: 'pool_full',
      retryable: true,
    });
    waiting.controller.abort();
    expect(await waiting.result).toMatchObject({ status: 'cancelled', error: null });
    expect(harness.runner.stats().waiting).toBe(0);
    busy.controller.abort();
    await busy.result;
    await expectToRemember(second);
  });

  it('nobody waits in line for ever', async () => {
    await start(
      { CLAWDFORGE_MAX_LIVE_AGENTS: '1', CLAWDFORGE_SESSIONS_PER_AGENT: '1' },
      {
        limits: { waitForAgentMs: 300 },
      },
    );
    const [first, second] = [await greeted(), await greeted()];
    const busy = begin(harness.runner, first, PROMPTS.hang);
    await underWay(busy);
    const { result } = await turn(harness.runner, second, PROMPTS.hello);
    expect(result).toMatchObject({ status: 'failed', errorCode: 'pool_full' });
  });

  it('keeps a process ready, and another when that is full or killed', async () => {
    await start({ CLAWDFORGE_PREWARM: 'echo:1', CLAWDFORGE_SESSIONS_PER_AGENT: '1' });
    harness.runner.onApplicationBootstrap();
    await until('one is ready', async () => (await processes()).length === 1);
    await until('it has told of itself', async () => (await harness.runner.agents())[0]?.version !== null);
    const session = await greeted();
    await until('the next is ready', async () => (await processes()).length === 2);
    await harness.runner.close(session);
    const [killed] = await processes();
    process.kill(killed!, 'SIGKILL');
    await until('another is there', async () => {
      const pids = await processes();
      return pids.length === 1 && pids[0] !== killed;
    });
    await greeted();
  });

  it('a process that dies unseen does not fail the next session', async () => {
    await start();
    const session = await greeted();
    for (const pid of await processes()) process.kill(pid, 'SIGKILL');
    const other = await greeted();
    await expectToRemember(session);
    await expectToRemember(other);
  });

  it('tries again, less and less often, to keep ready what cannot be started', async () => {
    await start(
      { CLAWDFORGE_PREWARM: 'echo:1' },
      {
        fixture: ['hostile.mjs', 'exit=3'],
        limits: { prewarmRetryMs: 20 },
      },
    );
    const spawn = jest.spyOn(harness.supervisor, 'spawn');
    harness.runner.onApplicationBootstrap();
    await until('it was tried again', () => spawn.mock.calls.length >= 3);
  });

  it('goes on with a session after a restart', async () => {
    await start();
    const session = await greeted();
    await harness.halt();
    expect(await processes()).toEqual([]);
    await start({}, { directory: harness.directory });
    await expectToRemember({ ...session, hasHistory: true });
  });

  it('closes a session whose agent is still starting, without waiting for it', async () => {
    await start(
      {},
      {
        fixture: ['hostile.mjs', 'mute'],
        limits: { initializeMs: 20_000, endInputMs: 200, killGraceMs: 200 },
      },
    );
    const session = await harness.newSession();
    const creating = harness.runner.create(session).catch((error: unknown) => error);
    await until('its process runs', async () => (await processes()).length === 1);
    const startedAt = Date.now();
    await harness.runner.close(session);
    expect(await creating).toMatchObject({ code: 'agent_failed' });
    expect(Date.now() - startedAt).toBeLessThan(10_000);
    expect(await processes()).toEqual([]);
  });
});
