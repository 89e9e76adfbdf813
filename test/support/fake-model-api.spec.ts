import { FakeModelApi } from './fake-model-api.js';
import { until } from './until.js';

interface StreamEvent {
  type: string;
  delta?: { partial_json: string };
}

describe('FakeModelApi', () => {
  const api = new FakeModelApi();

  beforeAll(() => api.start());
  afterAll(() => api.stop());
  beforeEach(() => api.reset());

  const ask = (texts: string[], more: object = {}, signal?: AbortSignal): Promise<Response> =>
    fetch(`${api.baseUrl}/v1/messages?beta=true`, {
      method: 'POST',
      ...(signal ? { signal } : {}),
      body: JSON.stringify({
        model: 'm',
        tools: [{ name: 'Bash' }],
        messages: texts.map((text) => ({ role: 'user', content: [{ type: 'text', text }] })),
        ...more,
      }),
    });

  const eventsOf = async (response: Response): Promise<StreamEvent[]> =>
    (await response.text())
      .split('\n\n')
      .filter((event) => event !== '')
      .map((event) => JSON.parse(event.slice(event.indexOf('data: ') + 6)));

  it('answers in one message without stream', async () => {
    expect(await (await ask(['marker:A one', 'two'])).json()).toMatchObject({
      role: 'assistant',
      content: [{ type: 'text', text: 'user texts: 2; first marker: A' }],
      stop_reason: 'end_turn',
    });
  });

  it('streams the events of a message in order', async () => {
    const events = await eventsOf(await ask(['slow:3:1'], { stream: true }));
    expect(events.map((event) => event.type)).toEqual([
      'message_start',
      'content_block_start',
      'ping',
      ...Array<string>(3).fill('content_block_delta'),
      'content_block_stop',
      'message_delta',
      'message_stop',
    ]);
    expect(events.at(-2)).toMatchObject({ delta: { stop_reason: 'end_turn' }, usage: { output_tokens: 3 } });
  });

  it('calls a tool, then tells its output', async () => {
    const events = await eventsOf(await ask(['tool:bash echo hi'], { stream: true }));
    expect(events[1]).toMatchObject({ content_block: { type: 'tool_use', name: 'Bash' } });
    expect(JSON.parse(events[3]?.delta?.partial_json ?? '')).toMatchObject({ command: 'echo hi' });
    expect(events.at(-2)).toMatchObject({ delta: { stop_reason: 'tool_use' } });

    const result = { role: 'user', content: [{ type: 'tool_result', tool_use_id: 'x', content: 'hi\n' }] };
    const answer = await ask([], { messages: [{ role: 'user', content: 'tool:bash echo hi' }, result] });
    expect(await answer.json()).toMatchObject({ content: [{ text: 'tool said: hi' }] });
  });

  it('recalls markers, past what agents put around the words of the user', async () => {
    const aside = '<system-reminder>\nsay:wrong marker:WRONG\n</system-reminder>\n';
    const answer = await ask([`${aside}marker:ONE`, 'and marker:TWO', `${aside}recall`]);
    expect(await answer.json()).toMatchObject({ content: [{ text: 'recalled: ONE TWO' }] });
  });

  it('knows the calls that agents make for themselves', async () => {
    await ask(['error:500'], { tools: [] });
    await ask(['hello', '[SUGGESTION MODE: what comes next?]']);
    await ask(['hello']);
    expect(api.requests).toHaveLength(3);
    expect(api.conversationRequests).toHaveLength(1);
  });

  it('fails as asked: an error, half an answer, none', async () => {
    const refused = await ask(['error:429']);
    expect(refused.status).toBe(429);
    expect(await refused.json()).toMatchObject({ type: 'error', error: { type: 'rate_limit_error' } });

    await expect(ask(['half'], { stream: true }).then((response) => response.text())).rejects.toThrow();

    const impatient = AbortSignal.timeout(100);
    await expect(ask(['hang'], {}, impatient)).rejects.toThrow('timeout');
  });

  it('stops although an answer hangs', async () => {
    const other = await new FakeModelApi().start();
    const hanging = fetch(`${other.baseUrl}/v1/messages`, {
      method: 'POST',
      body: JSON.stringify({ tools: [{}], messages: [{ role: 'user', content: 'hang' }] }),
    });
    await Promise.all([
      expect(hanging).rejects.toThrow(),
      until('asked', () => other.requests.length > 0).then(() => other.stop()),
    ]);
  });

  it('lets a test decide the answer', async () => {
    api.respond = (request) => ({ kind: 'text', chunks: ['asked ', request.model] });
    expect(await (await ask(['say:no'])).json()).toMatchObject({ content: [{ text: 'asked m' }] });
  });

  it('tolerates probes and token counts, and keeps note of the rest', async () => {
    expect((await fetch(api.baseUrl, { method: 'HEAD' })).status).toBe(200);
    const count = await fetch(`${api.baseUrl}/v1/messages/count_tokens`, { method: 'POST', body: '{}' });
    expect(await count.json()).toEqual({ input_tokens: 11 });
    expect((await fetch(`${api.baseUrl}/v1/nothing`)).status).toBe(404);
    expect(api.otherCalls).toEqual(['HEAD /', 'GET /v1/nothing']);
  });

  it("answers in Gemini's way to those who ask so", async () => {
    const answers = async (method: string, parts: object[]): Promise<string> => {
      const response = await fetch(`${api.baseUrl}/v1beta/models/m:${method}?alt=sse`, {
        method: 'POST',
        body: JSON.stringify({
          contents: [{ role: 'user', parts }],
          tools: [{ functionDeclarations: [{ name: 'run_shell_command' }] }],
        }),
      });
      return response.text();
    };
    const chunks = await answers('streamGenerateContent', [{ text: 'slow:2:1' }]);
    expect(chunks).toMatch(/^data: .*"part 1. ".*\r\n\r\ndata: .*"part 2. ".*"STOP"/);
    expect(JSON.parse(await answers('generateContent', [{ text: 'tool:bash ls' }]))).toMatchObject({
      candidates: [
        { content: { parts: [{ functionCall: { name: 'run_shell_command', args: { command: 'ls' } } }] } },
      ],
    });
    const result = { functionResponse: { name: 'run_shell_command', response: { output: 'a file' } } };
    expect(await answers('generateContent', [result])).toContain('tool said: a file');
    expect(await answers('generateContent', [{ text: 'error:400' }])).toContain('"INVALID_ARGUMENT"');
    expect(api.requests.map(({ model }) => model)).toEqual(['m', 'm', 'm', 'm']);
  });
});
