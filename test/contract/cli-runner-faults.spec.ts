import type { RunnerSession } from '../../src/acpx/acpx-runner.js';
import type { CliLimits } from '../../src/acpx/cli/cli-limits.js';
import { until } from '../support/until.js';
import { begin, opened, turn, underWay } from './runner-contract.js';
import { makeStandInHarness, type StandInHarness } from './stand-in.js';

const MIB = 1024 * 1024;

describe('the acpx command line runner with an acpx that', () => {
  let harness: StandInHarness;
  let session: RunnerSession;

  const start = async (
    scenario: string,
    limits?: Partial<CliLimits>,
    environment?: Record<string, string>,
  ): Promise<void> => {
    harness = await makeStandInHarness(scenario, limits, environment);
    session = await opened(harness);
  };

  afterEach(async () => {
    await harness.stop();
    expect(await harness.livingProcesses()).toEqual([]);
  });

  it.each([
    [1, 'failed', 'error', 'agent or protocol error'],
    [2, 'failed', 'error', 'acpx CLI usage error'],
    [3, 'timed_out', 'timeout', 'acpx-side timeout'],
    [4, 'failed', 'error', 'session not found by acpx'],
    [5, 'failed', 'error', 'permission denied during turn'],
    [7, 'failed', 'error', 'acpx exit 7'],
    [130, 'failed', 'error', 'interrupted'],
    [0, 'failed', 'error', 'acpx ended without a result'],
  ])('exits with %i without a word', async (code, status, stopReason, error) => {
    await start(`exit:${code}`);
    const { result, messages } = await turn(harness.runner, session, 'hi');
    expect(result).toMatchObject({
      status,
      stopReason,
      error,
      stderr: 'the reason on stderr\n',
      usage: null,
    });
    expect(messages).toEqual([]);
  });

  it.each([
    ['goes on with its conversation', 'forgetful', 3, { contextLost: false, agentSessionId: null }],
    [
      'begins anew when the agent has forgotten it as well',
      'forgetful:for-good',
      4,
      { contextLost: true, agentSessionId: 'new-id' },
    ],
  ])('does not know the session: it is made again, and %s', async (_what, scenario, commands, expected) => {
    await start(scenario);
    const { result, messages, text } = await turn(harness.runner, { ...session, hasHistory: true }, 'hi');
    expect(result).toMatchObject({ status: 'completed', error: null, ...expected });
    expect(text).toBe('well');
    // Its refusal is not among them.
    expect(messages.map(({ id }) => id)).toEqual(['p', undefined, 'p']);
    const calls = (await harness.calls()).slice(1).map(({ args }) => args);
    expect(calls).toHaveLength(commands);
    expect(calls[1]).toContain('--resume-session=agents-own-id');
  });

  it('does not know the session, which has options of another runner: the turn says which', async () => {
    await start('forgetful');
    const options = { ...session.options, model: 'big' };
    const { result } = await turn(harness.runner, { ...session, options, hasHistory: true }, 'hi');
    expect(result).toMatchObject({ status: 'failed', error: expect.stringContaining('model') });
  });

  it('is killed', async () => {
    await start('killed');
    const { result } = await turn(harness.runner, session, 'hi');
    expect(result).toMatchObject({ status: 'failed', error: 'acpx was ended by SIGKILL' });
  });

  it('passes on an error of the agent', async () => {
    await start('refused');
    const { result, messages } = await turn(harness.runner, session, 'hi');
    expect(result).toMatchObject({
      status: 'failed',
      stopReason: 'error',
      error: 'agent or protocol error: no such model',
    });
    expect(messages).toHaveLength(2);
  });

  it('prints a banner, arrays, halves and control characters', async () => {
    await start('garbage');
    const { result, messages, text } = await turn(harness.runner, session, 'hi');
    expect(result).toMatchObject({ status: 'completed', stopReason: 'end_turn', error: null });
    expect(messages).toHaveLength(3);
    expect(text).toBe('clear');
  });

  it('prints a line of 20 MB', async () => {
    await start('long:20');
    const { result, text } = await turn(harness.runner, session, 'hi');
    expect(result.status).toBe('completed');
    expect(text).toHaveLength(20 * MIB);
  });

  it('prints a line over the limit', async () => {
    await start('long:3', { maxLineBytes: MIB });
    const { result, messages } = await turn(harness.runner, session, 'hi');
    expect(result).toMatchObject({
      status: 'failed',
      stopReason: 'error',
      error: `stdout line exceeded ${MIB} bytes`,
    });
    expect(messages).toHaveLength(1);
  });

  it('prints more in one turn than the limit of all', async () => {
    await start('much:8', { maxTurnBytes: 4 * MIB, cancelGraceMs: 60_000 });
    const { result, messages } = await turn(harness.runner, session, 'hi');
    expect(result).toMatchObject({
      status: 'failed',
      error: `stdout of the turn exceeded ${4 * MIB} bytes`,
    });
    expect(messages).toHaveLength(4);
  });

  it('lingers after its result', async () => {
    await start('lingers', { drainMs: 500 });
    const { result } = await turn(harness.runner, session, 'hi');
    expect(result.status).toBe('completed');
    expect(await harness.livingProcesses()).toHaveLength(1);
    await until('it is stopped', async () => (await harness.livingProcesses()).length === 0);
  });

  it('lingers after its result when the session is closed', async () => {
    await start('lingers');
    await turn(harness.runner, session, 'hi');
    await harness.runner.close(session);
    expect(await harness.livingProcesses()).toEqual([]);
  });

  it('prints an error and fails after its result', async () => {
    await start('relapse');
    const { result, messages } = await turn(harness.runner, session, 'hi');
    expect(result).toMatchObject({ status: 'completed', stopReason: 'end_turn', error: null });
    expect(messages).toHaveLength(2);
  });

  it('prints results of other requests', async () => {
    await start('other-ids');
    const { result, text } = await turn(harness.runner, session, 'hi');
    expect(result).toMatchObject({ status: 'completed', stopReason: 'max_tokens' });
    expect(text).toBe('after all');
  });

  it('does not echo the prompt', async () => {
    await start('no-echo');
    const { result, text } = await turn(harness.runner, session, 'hi');
    expect(result).toMatchObject({ status: 'completed', stopReason: 'end_turn' });
    expect(text).toBe('unannounced');
  });

  it('never answers, not even to a cancel, and ignores SIGTERM', async () => {
    await start('deaf');
    const { result } = await turn(harness.runner, session, 'hi', 1);
    expect(result).toMatchObject({
      status: 'timed_out',
      stopReason: 'timeout',
      error: 'acpx turn timed out after 1s',
    });
    expect(await harness.livingProcesses()).toEqual([]);
  });

  it('answers a cancel', async () => {
    await start('obeys');
    const running = begin(harness.runner, session, 'hi');
    await underWay(running);
    running.controller.abort();
    expect(await running.result).toMatchObject({ status: 'cancelled', stopReason: 'cancelled', error: null });
    const calls = await harness.calls();
    expect(calls.filter(({ args }) => args.includes('cancel')).length).toBeGreaterThan(0);
  });

  it('finished before it heard of the cancel', async () => {
    await start('answers-anyway');
    const running = begin(harness.runner, session, 'hi');
    await underWay(running);
    running.controller.abort();
    expect(await running.result).toMatchObject({ status: 'completed', stopReason: 'end_turn', error: null });
  });

  it('answers only after the time-out', async () => {
    await start('answers-anyway');
    const { result, messages } = await turn(harness.runner, session, 'hi', 1);
    expect(result).toMatchObject({ status: 'timed_out', stopReason: 'timeout' });
    expect(messages).toHaveLength(2);
  });

  it('floods stderr, a key among it', async () => {
    await start('noisy', {}, { OPENAI_API_KEY: 'a-key-of-no-known-shape' });
    const { result } = await turn(harness.runner, session, 'hi');
    expect(result).toMatchObject({ status: 'failed', error: 'agent or protocol error' });
    expect(result.stderr).toHaveLength(2000);
    expect(result.stderr.endsWith('z\nthe key is [redacted]\n')).toBe(true);
  });

  it('leaves a child that holds its stdout and goes on printing', async () => {
    await start('survivor');
    const { result } = await turn(harness.runner, session, 'hi', 2);
    expect(result.status).toBe('timed_out');
    expect(await harness.livingProcesses()).toEqual([]);
  });
});
