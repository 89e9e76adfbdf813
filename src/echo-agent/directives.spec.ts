import { EchoClients } from '../../test/support/echo-clients.js';
import type { EchoClient, Message } from '../../test/support/echo-client.js';

const clients = new EchoClients();
let client: EchoClient;
let sessionId: string;

beforeEach(async () => {
  client = clients.start({ PRESENT: 'a-secret-value' });
  sessionId = await client.newSession('/tmp/somewhere');
});

const kinds = (): string[] => client.updates(sessionId).map(({ sessionUpdate }) => sessionUpdate as string);
const permissionRequest = (): Promise<Message> =>
  client.waitFor(({ method }) => method === 'session/request_permission');

describe('a directive', () => {
  it('/help lists every directive', async () => {
    await client.prompt(sessionId, '/help');
    for (const name of 'help stream flood sleep tool permission remember cwd env fail hang hang-deaf die'.split(
      ' ',
    ))
      expect(client.said(sessionId)).toContain(`\n/${name}`);
  });

  it('/stream sends its chunks in order, then usage and the result', async () => {
    const { result } = await client.prompt(sessionId, '/stream 3 1');
    expect(result.stopReason).toBe('end_turn');
    expect(client.said(sessionId)).toBe('chunk 1 of 3\nchunk 2 of 3\nchunk 3 of 3\n');
    expect(kinds().at(-1)).toBe('usage_update');
  });

  it.each(['/stream', '/stream x', '/stream 1 2 3', '/flood -1', '/sleep 1e3', '/env', '/die 256'])(
    '%s is answered with its usage',
    async (text) => {
      const { result } = await client.prompt(sessionId, text);
      expect(result.stopReason).toBe('end_turn');
      expect(client.said(sessionId)).toMatch(/^usage: \/[a-z]+ \[?[A-Z]/);
    },
  );

  it('/flood sends all its chunks to a reader that pauses', async () => {
    client.stdout.pause();
    const answer = client.prompt(sessionId, '/flood 20000');
    await new Promise((resolve) => setImmediate(resolve));
    client.stdout.resume();
    expect((await answer).result.stopReason).toBe('end_turn');
    expect(client.updates(sessionId, 'agent_message_chunk')).toHaveLength(20000);
  });

  it('/sleep answers after the pause', async () => {
    const before = performance.now();
    await client.prompt(sessionId, '/sleep 30');
    expect(performance.now() - before).toBeGreaterThanOrEqual(29);
    expect(client.said(sessionId)).toBe('slept 30 ms');
  });

  it('/tool goes through the states of a tool call', async () => {
    await client.prompt(sessionId, '/tool');
    expect(kinds()).toEqual([
      'tool_call',
      'tool_call_update',
      'tool_call_update',
      'agent_message_chunk',
      'usage_update',
    ]);
    const [call, running, done] = client.updates(sessionId);
    expect([call?.status, running?.status, done?.status]).toEqual(['pending', 'in_progress', 'completed']);
    expect(new Set([call?.toolCallId, running?.toolCallId, done?.toolCallId]).size).toBe(1);
    expect(done?.content[0].content.text).toMatch(/^\d{4}-.*Z$/);
  });

  it.each([
    ['allow_once', 'completed'],
    ['allow_always', 'completed'],
    ['reject_once', 'failed'],
    ['reject_always', 'failed'],
  ])('/permission says that %s was chosen', async (kind, status) => {
    const answer = client.prompt(sessionId, '/permission');
    const { id, params } = await permissionRequest();
    expect(params.sessionId).toBe(sessionId);
    const option = params.options.find((candidate: Message) => candidate.kind === kind);
    client.send({ id, result: { outcome: { outcome: 'selected', optionId: option.optionId } } });
    expect((await answer).result.stopReason).toBe('end_turn');
    expect(client.said(sessionId)).toBe(`permission: ${kind}`);
    expect(client.updates(sessionId, 'tool_call_update').at(-1)?.status).toBe(status);
  });

  it.each([
    [{ result: { outcome: { outcome: 'cancelled' } } }, 'cancelled'],
    [{ result: { outcome: { outcome: 'selected', optionId: 'allow_once' } } }, 'unknown option'],
    [{ result: 7 }, 'unknown option'],
    [{ error: { code: -32601, message: 'Method not found' } }, 'error -32601 Method not found'],
  ])('/permission tells an answer of %j from a choice', async (reply, said) => {
    const answer = client.prompt(sessionId, '/permission');
    const { id } = await permissionRequest();
    client.send({ id, ...reply });
    expect((await answer).result.stopReason).toBe('end_turn');
    expect(client.said(sessionId)).toBe(`permission: ${said}`);
  });

  it('/fail is an error with a kind, and the session goes on', async () => {
    const { error } = await client.prompt(sessionId, '/fail out of luck');
    expect(error).toEqual({
      code: -32603,
      message: 'out of luck',
      data: { errorKind: 'asked_to_fail', details: 'out of luck' },
    });
    expect((await client.prompt(sessionId, 'next')).result.stopReason).toBe('end_turn');
  });

  it('/remember lists earlier prompts with how they ended', async () => {
    await client.prompt(sessionId, '/remember');
    expect(client.said(sessionId)).toBe('nothing yet');
    await client.prompt(sessionId, 'hello\nsecond line');
    await client.prompt(sessionId, '/fail');
    const hanging = client.prompt(sessionId, '/hang');
    client.cancel(sessionId);
    await hanging;
    await client.prompt(sessionId, '/remember');
    expect(client.said(sessionId)).toMatch(
      /1\. \/remember\n2\. hello\n3\. \/fail \(failed\)\n4\. \/hang \(cancelled\)$/,
    );
  });

  it('/cwd says the directory of the session, also after a header of attached files', async () => {
    await client.prompt(sessionId, '[Attached files — open with Read tool as needed]\n  - /a/b.txt\n\n/cwd');
    expect(client.said(sessionId)).toBe('/tmp/somewhere');
  });

  it('/env says whether a variable is set and never its value', async () => {
    await client.prompt(sessionId, '/env PRESENT');
    await client.prompt(sessionId, '/env ABSENT');
    expect(client.said(sessionId)).toBe('PRESENT is setABSENT is not set');
    expect(JSON.stringify(client.received)).not.toContain('a-secret-value');
  });

  it.each([
    ['/die', 1],
    ['/die 7', 7],
  ])('%s ends the process in the middle of the turn', async (text, code) => {
    const answer = client.prompt(sessionId, text);
    await expect(answer).rejects.toThrow('the agent ended');
    expect(await client.exited).toEqual({ code, signal: null });
    expect(client.said(sessionId)).toBe('dying');
  });

  it.each(['/unknown', '/etc/hosts', '/constructor'])('unknown, as %s, is echoed', async (text) => {
    await client.prompt(sessionId, text);
    expect(client.said(sessionId)).toBe(`echo: ${text}\n(turn 1 of this conversation)`);
  });
});
