import type { RunnerSession } from '../../src/acpx/acpx-runner.js';
import { until } from '../support/until.js';
import type { AcpHarness } from './acp-harness.js';
import { callsTo, expectWell, makeHostileHarness } from './hostile-harness.js';
import { begin, opened, turn, type RunningTurn } from './runner-contract.js';

describe('the warm runner with an agent that ends', () => {
  let harness: AcpHarness;

  const open = async (scenario: string): Promise<RunnerSession> => {
    harness = await makeHostileHarness(scenario);
    return opened(harness);
  };

  const said = (running: RunningTurn, text: string): Promise<void> =>
    until(`the agent said ${text}`, () => JSON.stringify(running.messages).includes(text));

  afterEach(async () => {
    await harness.stop();
    expect(await harness.livingProcesses()).toEqual([]);
  });

  it.each([
    ['at the prompt', '/die', ''],
    ['in the middle of the reply', '/die-later', 'half of it'],
    ['with a permission request open', '/ask-and-die', 'asking'],
  ])('dies %s', async (_when, prompt, text) => {
    const session = await open('resume close');
    const failed = await turn(harness.runner, session, prompt);
    expect(failed.result).toMatchObject({
      status: 'failed',
      stopReason: 'error',
      errorCode: 'agent_died',
      error: 'agent echo ended with exit code 7',
      stderr: 'the last words on stderr\n',
      contextLost: false,
    });
    expect(failed.text).toBe(text);
    await expectWell(harness, session);
    expect(await callsTo(harness, 'session/resume')).toHaveLength(1);
    expect(await callsTo(harness, 'session/prompt')).toHaveLength(2);
  });

  it('dies with several sessions: what it wrote to stderr is told to none of them', async () => {
    harness = await makeHostileHarness('resume close');
    const [one, other] = [await opened(harness), await opened(harness)];
    await expectWell(harness, other);
    const { result } = await turn(harness.runner, one, '/die');
    expect(result).toMatchObject({ error: 'agent echo ended with exit code 7', stderr: '' });
  });

  it('closes its stdout and lives on', async () => {
    const session = await open('resume');
    const { result } = await turn(harness.runner, session, '/close-stdout');
    expect(result).toMatchObject({ status: 'failed', errorCode: 'agent_died' });
    await expectWell(harness, session);
    expect(await harness.livingProcesses()).toHaveLength(1);
  });

  it('has closed its input when a prompt comes: a new process gets the prompt', async () => {
    const session = await open('resume close');
    await turn(harness.runner, session, '/close-stdin');
    await expectWell(harness, session);
    expect(await callsTo(harness, 'session/prompt')).toHaveLength(2);
    expect(await callsTo(harness, 'session/resume')).toHaveLength(1);
    expect(await harness.livingProcesses()).toHaveLength(1);
  });

  it('is killed in the middle of turns, of all its sessions', async () => {
    harness = await makeHostileHarness('resume close');
    const sessions = await Promise.all([1, 2, 3].map(() => opened(harness)));
    expect(await harness.livingProcesses()).toHaveLength(1);
    const running = sessions.map((session) => begin(harness.runner, session, '/speak-then-silent'));
    await Promise.all(running.map((one) => said(one, 'once')));
    for (const pid of await harness.livingProcesses()) process.kill(pid, 'SIGKILL');
    for (const { result } of running) {
      const error = 'agent echo was ended by SIGKILL';
      expect(await result).toMatchObject({ status: 'failed', error, stderr: '' });
    }
    await Promise.all(sessions.map((session) => expectWell(harness, session)));
    expect(await harness.livingProcesses()).toHaveLength(1);
  });

  it('when it is asked to cancel: the turn is cancelled', async () => {
    const session = await open('resume close');
    const running = begin(harness.runner, session, '/die-when-cancelled');
    await said(running, 'waiting');
    running.controller.abort();
    expect(await running.result).toMatchObject({ status: 'cancelled', stopReason: 'cancelled', error: null });
    await expectWell(harness, session);
    expect(await callsTo(harness, 'session/resume')).toHaveLength(1);
  });

  it('when it is to resume a session: the turn fails, and the next resumes it', async () => {
    const session = await open('resume close dies-at=session/resume');
    await expectWell(harness, session);
    await harness.runner.release(session);
    const { result } = await turn(harness.runner, session, 'hello');
    expect(result).toMatchObject({ status: 'failed', errorCode: 'agent_died', contextLost: false });
    expect(await callsTo(harness, 'session/prompt')).toHaveLength(1);
    await expectWell(harness, session);
    expect(await callsTo(harness, 'session/new')).toHaveLength(1);
  });

  it('when it is to close a session: the session is released all the same', async () => {
    const session = await open('resume close dies-at=session/close');
    await expectWell(harness, session);
    await harness.runner.release(session);
    expect(await harness.livingProcesses()).toEqual([]);
    await expectWell(harness, session);
  });

  it('when it is to set a mode: the change fails, and the session goes on', async () => {
    const session = await open('choices resume close dies-at=session/set_mode');
    await expectWell(harness, session);
    await expect(harness.runner.configure(session, { mode: 'code' })).rejects.toMatchObject({
      code: 'agent_failed',
      message: expect.stringContaining('ended with exit code 7'),
    });
    await harness.runner.configure(session, { mode: 'code' });
    await expectWell(harness, session);
  });
});
