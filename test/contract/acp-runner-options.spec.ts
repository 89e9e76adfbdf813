import { readFile } from 'node:fs/promises';
import path from 'node:path';
import type { RunnerSession, SessionOptions } from '../../src/acpx/acpx-runner.js';
import type { JsonObject } from '../../src/core/json-rpc.js';
import { type AcpHarness, makeAcpHarness } from './acp-harness.js';
import { turn } from './runner-contract.js';

interface Call {
  readonly method: string;
  readonly params: JsonObject;
}

describe('the warm runner and the options of a session:', () => {
  let harness: AcpHarness;

  const create = async (scenario: string, options: Partial<SessionOptions>): Promise<RunnerSession> => {
    harness = await makeAcpHarness({ fixture: ['hostile.mjs', ...scenario.split(' ')] });
    const session = await harness.newSession(options);
    return { ...session, ...(await harness.runner.create(session)) };
  };

  const calls = async (): Promise<Call[]> => {
    const text = await readFile(path.join(harness.directory, 'home', 'calls.jsonl'), 'utf8');
    return text.split('\n').flatMap((line) => (line === '' ? [] : [JSON.parse(line) as Call]));
  };

  const settings = async (): Promise<Call[]> =>
    (await calls())
      .filter(({ method }) => method.startsWith('session/set_'))
      .map(({ method, params }) => ({ method, params: { ...params, sessionId: undefined } }));

  const refusal = async (scenario: string, options: Partial<SessionOptions>): Promise<unknown> =>
    create(scenario, options).catch((error: unknown) => error);

  afterEach(async () => {
    await harness.stop();
    expect(await harness.livingProcesses()).toEqual([]);
  });

  it('an agent that is asked for nothing is told nothing but the directory', async () => {
    const session = await create('choices close', {});
    const opening = (await calls()).find(({ method }) => method === 'session/new');
    expect(opening?.params).toEqual({ cwd: session.cwd, mcpServers: [] });
    expect(await settings()).toEqual([]);
  });

  it('claude reads no settings of the directory, and gets the system prompt appended', async () => {
    await create('name=claude-agent-acp close', { systemPrompt: 'Be brief.' });
    const opening = (await calls()).find(({ method }) => method === 'session/new');
    expect(opening?.params._meta).toEqual({
      claudeCode: { options: { settingSources: ['user'] } },
      systemPrompt: { append: 'Be brief.' },
    });
  });

  it('model, mode and options are set after the session was made, and again when it wakes', async () => {
    const session = await create('choices resume close', {
      model: 'big',
      mode: 'code',
      config: { depth: 'high', web: 'true' },
    });
    const expected = [
      { method: 'session/set_config_option', params: { configId: 'm', value: 'big' } },
      { method: 'session/set_mode', params: { modeId: 'code' } },
      { method: 'session/set_config_option', params: { configId: 'depth', value: 'high' } },
      { method: 'session/set_config_option', params: { configId: 'web', type: 'boolean', value: true } },
    ];
    expect(await settings()).toEqual(expected);
    await turn(harness.runner, session, 'hello');
    await harness.runner.release(session);
    await turn(harness.runner, session, 'hello');
    expect(await settings()).toEqual([...expected, ...expected]);
  });

  it('servers and directories go with session/new where the agent can take them', async () => {
    const mcpServers = [
      { name: 'one', command: '/bin/one', args: [], env: [] },
      { type: 'http', name: 'two', url: 'http://127.0.0.1:1', headers: [] },
    ];
    await create('http directories close', { mcpServers, additionalDirectories: ['/tmp'] });
    const opening = (await calls()).find(({ method }) => method === 'session/new');
    expect(opening?.params).toMatchObject({ mcpServers, additionalDirectories: ['/tmp'] });
  });

  it.each<[string, Partial<SessionOptions>, string, RegExp]>([
    ['a model', { model: 'big' }, 'model', /not supported by this agent/],
    ['a mode', { mode: 'code' }, 'mode', /not supported by this agent/],
    ['a system prompt', { systemPrompt: 'x' }, 'system_prompt', /not supported by this agent/],
    ['directories', { additionalDirectories: ['/tmp'] }, 'additional_directories', /not supported/],
    ['a remote server', { mcpServers: [{ type: 'sse', name: 's' }] }, 'mcp_servers[0]', /transport sse/],
  ])('%s that an agent does not support is refused by name', async (_what, options, field, message) => {
    // An answer without choices says nothing; one with an empty list says that there are none.
    expect(await refusal('close no-choices', options)).toMatchObject({
      code: 'validation_failed',
      errors: [{ field, message: expect.stringMatching(message) }],
    });
    expect(await harness.livingProcesses()).toEqual([]);
  });

  it('all that is wrong is named at once', async () => {
    const wrong = { mode: 'none', config: { depth: 'deep', web: 'maybe', colour: 'red' } };
    expect(await refusal('close choices', wrong)).toMatchObject({
      code: 'validation_failed',
      errors: [
        { field: 'mode', message: 'takes one of ask, code' },
        { field: 'config.depth', message: 'takes one of low, high' },
        { field: 'config.web', message: 'takes one of true, false' },
        { field: 'config.colour', message: 'is not supported by this agent' },
      ],
    });
  });

  it.each([
    ['refuses', 'refused', 'no such value'],
    ['does not list, and calls an internal error,', 'unheard-of', 'Internal error'],
  ])('a model that the agent %s is refused by name', async (_how, model, said) => {
    expect(await refusal('close choices', { model })).toMatchObject({
      code: 'validation_failed',
      errors: [{ field: 'model', message: `the agent refused it: ${said}` }],
    });
  });

  it('a model that the agent lists and cannot set is a failure of the agent', async () => {
    expect(await refusal('close choices vague', { model: 'big' })).toMatchObject({
      code: 'agent_failed',
      message: expect.stringContaining('session/set_config_option failed: Internal error'),
    });
  });

  it('an open session can be changed, also while it sleeps, and refuses what it cannot be', async () => {
    const session = await create('choices resume close', {});
    await harness.runner.configure(session, { mode: 'code', model: 'big' });
    await turn(harness.runner, session, 'hello');
    await harness.runner.release(session);
    await harness.runner.configure(session, { config: { depth: 'low' } });
    expect((await settings()).map(({ params }) => params)).toEqual([
      { configId: 'm', value: 'big' },
      { modeId: 'code' },
      { configId: 'depth', value: 'low' },
    ]);
    await expect(harness.runner.configure(session, { mode: 'none' })).rejects.toMatchObject({
      code: 'validation_failed',
      errors: [{ field: 'mode', message: 'takes one of ask, code' }],
    });
    expect((await turn(harness.runner, session, 'hello')).result.status).toBe('completed');
  });

  it('what an agent told of itself is known once it was started', async () => {
    harness = await makeAcpHarness({ fixture: ['hostile.mjs', 'resume'] });
    const before = { name: 'echo', isInstalled: true, missing: null, version: null, capabilities: null };
    expect(await harness.runner.agents()).toEqual([before]);
    await harness.runner.create(await harness.newSession());
    expect(await harness.runner.agents()).toMatchObject([
      { version: '9.9.9', capabilities: { loadSession: false, sessionCapabilities: { resume: {} } } },
    ]);
  });
});
