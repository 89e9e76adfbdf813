import { randomUUID } from 'node:crypto';
import type { RunnerSession } from '../../src/acpx/acpx-runner.js';
import { opened, turn } from './runner-contract.js';
import { makeStandInHarness, type StandInHarness } from './stand-in.js';

describe('the acpx command line runner', () => {
  let harness: StandInHarness;

  const newSession = async (agent: string): Promise<RunnerSession> => ({
    ...(await harness.newSession()),
    agent,
  });

  afterEach(async () => {
    await harness.stop();
    expect(await harness.livingProcesses()).toEqual([]);
  });

  it("passes an agent of the registry by its name to an operator's acpx", async () => {
    harness = await makeStandInHarness('well');
    const session = await newSession('claude');
    const created = await harness.runner.create(session);
    expect(created).toEqual({ launchCommand: null, agentSessionId: 'agents-own-id' });
    await turn(harness.runner, { ...session, ...created }, '-f/etc/hostname "[quoted]"');
    await harness.runner.close({ ...session, ...created });
    const { id, cwd } = session;
    const where = ['--cwd', cwd, 'claude'];
    expect(await harness.calls()).toEqual([
      { args: ['--format', 'json', ...where, 'sessions', 'new', '--name', id], stdin: '' },
      {
        args: ['--format', 'json', '--json-strict', '--approve-all', ...where, 'prompt', '-s', id, '-f', '-'],
        stdin: '[{"type":"text","text":"-f/etc/hostname \\"[quoted]\\""}]',
      },
      { args: ['--format', 'json', ...where, 'sessions', 'close', id], stdin: '' },
    ]);
  });

  it("passes an agent of the operator's own by its command, which no acpx knows by name", async () => {
    harness = await makeStandInHarness('well');
    const session = await newSession('mine');
    const created = await harness.runner.create(session);
    expect(created.launchCommand).toBe('/bin/cat -u');
    const [call] = await harness.calls();
    expect(call?.args.slice(2, 6)).toEqual(['--cwd', session.cwd, '--agent', '/bin/cat -u']);
  });

  it('takes a session whose agent session id cannot be read', async () => {
    harness = await makeStandInHarness('create-mumbles');
    expect((await opened(harness)).agentSessionId).toBeNull();
  });

  it('says why a session could not be made, without its secrets', async () => {
    harness = await makeStandInHarness('create-fails');
    await expect(opened(harness)).rejects.toMatchObject({
      code: 'agent_failed',
      message: 'acpx sessions new failed: agent or protocol error: Authentication required: [redacted]',
    });
  });

  it('gives up on a session that is not made in time, and sweeps', async () => {
    harness = await makeStandInHarness('create-hangs', { createMs: 500 });
    await expect(opened(harness)).rejects.toMatchObject({
      code: 'agent_failed',
      message: 'acpx sessions new timed out after 0.5s',
    });
    expect(await harness.livingProcesses()).toEqual([]);
  });

  it('refuses an agent that is not on the allow-list before anything is spawned', async () => {
    harness = await makeStandInHarness('well');
    const session = await newSession('gemini');
    await expect(harness.runner.create(session)).rejects.toMatchObject({ code: 'agent_not_installed' });
    expect(await harness.calls()).toEqual([]);
  });

  it('closes a session whose close hangs', async () => {
    harness = await makeStandInHarness('close-hangs', { closeMs: 500 });
    const session = await opened(harness);
    await harness.runner.close(session);
    expect(await harness.livingProcesses()).toEqual([]);
  });

  it('begins nothing after its shutdown', async () => {
    harness = await makeStandInHarness('well');
    const session = await opened(harness);
    await harness.runner.shutdown();
    const { result } = await turn(harness.runner, session, 'hi');
    expect(result).toMatchObject({ status: 'failed', error: expect.stringContaining('stopping') });
    await expect(opened(harness)).rejects.toMatchObject({ code: 'draining' });
    expect(await harness.calls()).toHaveLength(1);
  });

  it('fails a turn and a creation when the acpx of the settings is not there', async () => {
    harness = await makeStandInHarness('well', {}, { ACPX_BIN: `/nowhere/${randomUUID()}` });
    await expect(opened(harness)).rejects.toMatchObject({
      code: 'agent_not_installed',
      message: 'acpx could not be started (ENOENT); check ACPX_BIN',
    });
    const { result } = await turn(harness.runner, await newSession('claude'), 'hi');
    expect(result).toMatchObject({ status: 'failed', error: 'acpx could not be started (ENOENT)' });
    expect(await harness.runner.version()).toEqual({ isPresent: false, version: null });
  });

  it('reads the version of an acpx of the settings, once a minute', async () => {
    harness = await makeStandInHarness('well');
    const reads = await Promise.all([harness.runner.version(), harness.runner.version()]);
    expect([...reads, await harness.runner.version()]).toEqual(
      Array(3).fill({ isPresent: true, version: '7.8.9' }),
    );
    expect(await harness.calls()).toHaveLength(1);
  });

  it.each(['version-mumbles', 'version-hangs'])('knows no version of an acpx with %s', async (scenario) => {
    harness = await makeStandInHarness(scenario, { versionProbeMs: 500 });
    expect(await harness.runner.version()).toEqual({ isPresent: true, version: null });
  });
});
