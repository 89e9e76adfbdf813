import { EchoClients } from '../../test/support/echo-clients.js';

const clients = new EchoClients();

describe('the echo agent', () => {
  it('introduces itself', async () => {
    const client = clients.start();
    const { result } = await client.request('initialize', { protocolVersion: 1, clientCapabilities: {} });
    expect(result).toMatchObject({
      protocolVersion: 1,
      agentInfo: { name: 'clawdforge-echo', version: expect.any(String) },
      agentCapabilities: { loadSession: true, sessionCapabilities: { resume: {}, close: {}, list: {} } },
    });
    expect((await client.request('authenticate', { methodId: 'any' })).result).toEqual({});
  });

  it('answers a plain prompt with seven messages in a fixed order', async () => {
    const client = clients.start();
    const sessionId = await client.newSession();
    const before = client.received.length;
    const { result } = await client.prompt(sessionId, 'hello wörld 😀');
    const kinds = client.received.slice(before).map(({ params }) => params?.update.sessionUpdate);
    expect(kinds).toEqual([
      'agent_thought_chunk',
      'agent_message_chunk',
      'agent_message_chunk',
      'agent_message_chunk',
      'session_info_update',
      'usage_update',
      undefined,
    ]);
    expect(client.said(sessionId)).toBe('echo: hello wörld 😀\n(turn 1 of this conversation)');
    expect(result.stopReason).toBe('end_turn');
  });

  it('counts tokens that grow with the conversation', async () => {
    const client = clients.start();
    const sessionId = await client.newSession();
    const usages = [];
    for (const text of ['one', 'two', 'three'])
      usages.push((await client.prompt(sessionId, text)).result.usage);
    for (const { totalTokens, ...parts } of usages)
      expect(totalTokens).toBe(Object.values<number>(parts).reduce((sum, part) => sum + part, 0));
    expect(usages[0]).toMatchObject({ inputTokens: 1, cachedReadTokens: 0, cachedWriteTokens: 0 });
    expect(usages[1].cachedWriteTokens).toBe(usages[0].totalTokens);
    expect(usages[2].cachedReadTokens).toBe(usages[0].totalTokens);
    expect(client.updates(sessionId, 'usage_update').at(-1)).toMatchObject({ used: usages[2].totalTokens });
  });

  it('says the echo alone in mode quiet', async () => {
    const client = clients.start();
    const sessionId = await client.newSession();
    await client.request('session/set_mode', { sessionId, modeId: 'quiet' });
    await client.prompt(sessionId, 'hello');
    expect(client.updates(sessionId)).toHaveLength(2);
    expect(client.said(sessionId)).toBe('echo: hello');
  });

  it('echoes a prompt of a megabyte whole', async () => {
    const client = clients.start();
    const sessionId = await client.newSession();
    const text = 'é😀x'.repeat(140_000);
    await client.prompt(sessionId, text);
    expect(client.said(sessionId)).toBe(`echo: ${text}\n(turn 1 of this conversation)`);
  });

  it('serves sessions side by side and refuses a second turn in one', async () => {
    const client = clients.start();
    const [one, two] = [await client.newSession(), await client.newSession()];
    const slow = client.prompt(one, '/stream 20 5');
    await client.hears(one, 'chunk 1 of');
    expect((await client.prompt(one, 'impatient')).error.code).toBe(-32600);
    await client.prompt(two, 'quick');
    expect(client.said(one)).not.toContain('chunk 20 of');
    expect((await slow).result.stopReason).toBe('end_turn');
    await client.prompt(one, 'next');
    expect(client.said(one)).toContain('(turn 2 of this conversation)');
  });

  it.each([
    ['initialize', {}, -32602],
    ['session/new', {}, -32602],
    ['session/new', { cwd: 'relative', mcpServers: [] }, -32602],
    ['session/new', { cwd: '/tmp', mcpServers: 'none' }, -32602],
    ['session/prompt', {}, -32602],
    ['session/prompt', { sessionId: 'nobody', prompt: [] }, -32002],
    ['session/set_mode', { sessionId: 'nobody', modeId: 'quiet' }, -32002],
    ['session/set_config_option', {}, -32601],
    ['no/such/method', {}, -32601],
  ])('refuses %s with %j by %d', async (method, params, code) => {
    expect((await clients.start().request(method, params)).error.code).toBe(code);
  });

  it('refuses an unknown mode and a prompt that is no list', async () => {
    const client = clients.start();
    const sessionId = await client.newSession();
    expect((await client.request('session/set_mode', { sessionId, modeId: 'loud' })).error.code).toBe(-32602);
    expect((await client.request('session/prompt', { sessionId, prompt: 'text' })).error.code).toBe(-32602);
    await client.prompt(sessionId, 'hello');
    expect(client.said(sessionId)).toContain('(turn 1 of this conversation)');
  });

  it('goes on after garbage', async () => {
    const client = clients.start();
    client.write('garbage\n\n{"jsonrpc"\n[1]\n7\nnull\n{}\n{"id":5}\n');
    client.write('{"method":7,"id":6}\n{"method":"x","params":[]}\n{"id":99,"result":{}}\n\xff\xfe\n');
    client.write('{"id":"p","method":"session/new","params":[1]}\n');
    const { error } = await client.waitFor(({ id }) => id === 'p');
    expect(error.code).toBe(-32602);
    expect(client.received.map((message) => message.error.code as number)).toEqual([
      -32700, -32700, -32600, -32600, -32600, -32600, -32600, -32600, -32700, -32602,
    ]);
    expect(await client.newSession()).toMatch(/^[0-9a-f-]{36}$/);
    expect(client.stderr).toBe('');
  });

  it('joins lines that come in pieces', async () => {
    const client = clients.start();
    const bytes = '{"jsonrpc":"2.0","id":"x","method":"initialize","params":{"protocolVersion":1}}';
    for (const piece of bytes.match(/.{1,7}/g)!) {
      client.write(piece);
      await new Promise((resolve) => setImmediate(resolve));
    }
    client.write('\n');
    expect((await client.waitFor(({ id }) => id === 'x')).result.protocolVersion).toBe(1);
  });
});

describe('the end of the echo agent', () => {
  it('comes with the end of input, code 0, after what was asked is answered', async () => {
    const client = clients.start();
    const sessionId = await client.newSession();
    const answers = [client.prompt(sessionId, 'last'), client.request('session/list')];
    expect(await client.endInput()).toEqual({ code: 0, signal: null });
    const [turn, list] = await Promise.all(answers);
    expect(turn?.result.stopReason).toBe('end_turn');
    expect(list?.result.sessions).toHaveLength(1);
    expect(client.stderr).toBe('');
  });

  it.each(['/hang', '/sleep 3600000', '/stream 9 3600000', '/permission', '/flood 9999999'])(
    'cancels %s at the end of input',
    async (text) => {
      const client = clients.start();
      const answer = client.prompt(await client.newSession(), text);
      expect((await client.endInput()).code).toBe(0);
      expect((await answer).result.stopReason).toBe('cancelled');
    },
  );

  it('does not wait for /hang-deaf at the end of input', async () => {
    const client = clients.start();
    void client.prompt(await client.newSession(), '/hang-deaf').catch(() => undefined);
    expect((await client.endInput()).code).toBe(0);
  });

  it('is quiet when nobody reads any more', async () => {
    const client = clients.start();
    void client.prompt(await client.newSession(), '/stream 1000000 1').catch(() => undefined);
    client.stdout.destroy();
    expect(await client.exited).toEqual({ code: 0, signal: null });
    expect(client.stderr).toBe('');
  });

  it('comes with SIGTERM', async () => {
    const client = clients.start();
    void client.prompt(await client.newSession(), '/hang').catch(() => undefined);
    expect(await client.kill('SIGTERM')).toEqual({ code: null, signal: 'SIGTERM' });
  });
});
