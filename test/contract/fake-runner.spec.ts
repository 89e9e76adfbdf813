import { randomUUID } from 'node:crypto';
import { FakeAcpxRunner, terminalLine, type FakeTurn } from '../../src/acpx/fake/fake-acpx-runner.js';
import { DEFAULT_SESSION_OPTIONS, type RunnerSession } from '../../src/acpx/acpx-runner.js';
import { textOf } from '../../src/core/acp-messages.js';
import type { JsonObject } from '../../src/core/json-rpc.js';
import { begin, describeRunner, turn, type RunnerHarness } from './runner-contract.js';

/** Never settles: a turn that waits for it ends by cancel or time-out only. */
const NEVER = new Promise<void>(() => undefined);

function newSession(): RunnerSession {
  const id = randomUUID().replaceAll('-', '');
  return {
    id,
    agent: 'echo',
    launchCommand: null,
    cwd: '/',
    marker: randomUUID(),
    agentSessionId: null,
    hasHistory: false,
    options: DEFAULT_SESSION_OPTIONS,
  };
}

function chunk(text: string): JsonObject {
  const update = { sessionUpdate: 'agent_message_chunk', content: { type: 'text', text } };
  return { jsonrpc: '2.0', method: 'session/update', params: { update } };
}

/** The echo agent's directives, as far as the suite uses them. */
function echoScript(): (session: RunnerSession, prompt: string) => FakeTurn {
  const earlier = new Map<string, string[]>();
  return (session, prompt) => {
    const prompts = earlier.get(session.id) ?? [];
    earlier.set(session.id, [...prompts, prompt]);
    const echo: JsonObject = { jsonrpc: '2.0', id: 'req-1', method: 'session/prompt', params: {} };
    const [directive, ...words] = prompt.split(' ');
    switch (directive) {
      case '/remember':
        return { events: [echo, chunk(prompts.join('\n')), terminalLine('end_turn')] };
      case '/hang':
      case '/hang-deaf':
        return { events: [echo, terminalLine('end_turn')], until: NEVER };
      case '/fail':
        return { events: [echo], error: `agent or protocol error: ${words.join(' ')}` };
      case '/die':
        return { events: [echo], error: 'agent or protocol error' };
      case '/stream':
        return { events: [echo, ...['1', '2', '3', '4', '5'].map(chunk), terminalLine('end_turn')] };
      default:
        return { events: [echo, chunk(prompt), terminalLine('end_turn')] };
    }
  };
}

function makeHarness(): Promise<RunnerHarness> {
  const runner = new FakeAcpxRunner(echoScript());
  return Promise.resolve({
    runner,
    newSession: () => Promise.resolve(newSession()),
    livingProcesses: () => Promise.resolve([]),
    stop: () => runner.shutdown(),
  });
}

describeRunner('the scripted runner', makeHarness);

describe('the scripted runner', () => {
  const session = newSession();

  it('says hello in two messages when nothing is scripted', async () => {
    const { result, messages } = await turn(new FakeAcpxRunner(), session, 'hi');
    expect(messages).toHaveLength(2);
    expect(textOf(messages)).toBe('hello');
    expect(result).toEqual({
      status: 'completed',
      stopReason: 'end_turn',
      error: null,
      stderr: '',
      usage: null,
      errorCode: null,
      deadline: null,
      costUsd: null,
      contextLost: false,
      agentSessionId: null,
    });
  });

  it('plays the scripted turns one after the other', async () => {
    const runner = new FakeAcpxRunner().next(
      { stopReason: 'max_tokens' },
      { error: 'broken', stderr: 'a trace' },
    );
    expect((await turn(runner, session, 'one')).result.stopReason).toBe('max_tokens');
    expect((await turn(runner, session, 'two')).result).toMatchObject({
      status: 'failed',
      stopReason: 'error',
      error: 'broken',
      stderr: 'a trace',
    });
    expect((await turn(runner, session, 'three')).result.status).toBe('completed');
  });

  it('holds a turn until it is released', async () => {
    const runner = new FakeAcpxRunner();
    const release = runner.hold();
    const running = begin(runner, session, 'wait');
    let isDone = false;
    void running.result.then(() => (isDone = true));
    while (running.messages.length === 0) await Promise.resolve();
    expect(isDone).toBe(false);
    expect(runner.runningSessions).toEqual([session.id]);
    release();
    expect((await running.result).status).toBe('completed');
    expect(runner.runningSessions).toEqual([]);
  });

  it('refuses sessions over its limit, what is not installed, and when told to', async () => {
    const runner = new FakeAcpxRunner();
    runner.maxSessions = 1;
    await runner.create(session);
    await expect(runner.create(newSession())).rejects.toMatchObject({ code: 'pool_full' });
    await runner.close(session);
    runner.missing = ['echo'];
    await expect(runner.create(session)).rejects.toMatchObject({ code: 'agent_not_installed' });
    runner.missing = [];
    await expect(runner.failNextCreate().create(session)).rejects.toMatchObject({ code: 'agent_failed' });
    await expect(runner.create(session)).resolves.toMatchObject({ agentSessionId: `agent-${session.id}` });
  });

  it('records the calls', async () => {
    const runner = new FakeAcpxRunner();
    await runner.create(session);
    await turn(runner, session, 'hi', 7);
    await runner.close(session);
    expect(runner.calls).toEqual([
      { op: 'create', sessionId: session.id, agent: 'echo' },
      { op: 'prompt', sessionId: session.id, prompt: 'hi', timeoutSecs: 7 },
      { op: 'close', sessionId: session.id },
    ]);
  });
});
