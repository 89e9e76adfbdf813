import type { ChatMessage } from './chat-message.js';
import { fingerprintOf, hashHistory, type FingerprintScope } from './history-fingerprint.js';
import { finalTextOf, synthesizeTurnMessages } from './turn-synthesis.js';

const text = (value: string): ChatMessage['content'] => [{ type: 'text', text: value }];
const result = (more: object): ChatMessage => ({
  role: 'user',
  content: [{ type: 'tool_result', tool_use_id: 't', content: 'x', ...more }],
});

describe('hashHistory', () => {
  it('takes what a turn added and what a client echoes of it for the same', () => {
    const sent: ChatMessage[] = [{ role: 'user', content: 'hi' }];
    const turn = synthesizeTurnMessages([
      { type: 'user', content: 'hi' },
      {
        type: 'assistant',
        messageId: 'm',
        model: null,
        content: [{ type: 'text', text: 'hello there' }],
        stopReason: 'end_turn',
        usage: null,
      },
    ]);
    const echoed: ChatMessage[] = [...sent, { role: 'assistant', content: text('hello there') }];
    expect(hashHistory([...sent, ...turn])).toBe(hashHistory(echoed));
  });

  it.each<[string, ChatMessage[], ChatMessage[]]>([
    [
      'string content and one text block',
      [{ role: 'user', content: 'a' }],
      [{ role: 'user', content: text('a') }],
    ],
    ['is_error absent and null', [result({})], [result({ is_error: null })]],
    ['is_error absent and false', [result({})], [result({ is_error: false })]],
    ['a result as text and as one text block', [result({})], [result({ content: text('x') })]],
    ['an empty result and none', [result({ content: '' })], [result({ content: undefined })]],
    [
      'keys in another order',
      [
        {
          role: 'assistant',
          content: [{ type: 'tool_use', id: 't', name: 'n', input: { a: 1, b: { c: 2, d: 3 } } }],
        },
      ],
      [
        {
          role: 'assistant',
          content: [{ name: 'n', input: { b: { d: 3, c: 2 }, a: 1 }, id: 't', type: 'tool_use' }],
        },
      ],
    ],
    [
      'with thinking and without',
      [
        {
          role: 'assistant',
          content: [
            { type: 'thinking', thinking: 'hm' },
            { type: 'text', text: 'a' },
          ],
        },
      ],
      [{ role: 'assistant', content: 'a' }],
    ],
    [
      'neighbours of one role, joined and apart',
      [
        { role: 'assistant', content: 'a' },
        { role: 'assistant', content: 'b' },
      ],
      [
        {
          role: 'assistant',
          content: [
            { type: 'text', text: 'a' },
            { type: 'text', text: 'b' },
          ],
        },
      ],
    ],
    [
      'blocks with keys of the wire that say nothing',
      [{ role: 'user', content: 'a' }],
      [
        {
          role: 'user',
          content: [{ type: 'text', text: 'a', cache_control: { type: 'ephemeral' } } as never],
        },
      ],
    ],
  ])('is the same for %s', (_name, one, other) => {
    expect(hashHistory(one)).toBe(hashHistory(other));
  });

  it.each<[string, ChatMessage[], ChatMessage[]]>([
    ['another text', [{ role: 'user', content: 'a' }], [{ role: 'user', content: 'b' }]],
    ['another role', [{ role: 'user', content: 'a' }], [{ role: 'assistant', content: 'a' }]],
    ['a failed result', [result({})], [result({ is_error: true })]],
    ['another call', [result({})], [result({ tool_use_id: 'u' })]],
    [
      'one text and two',
      [{ role: 'user', content: 'ab' }],
      [
        {
          role: 'user',
          content: [
            { type: 'text', text: 'a' },
            { type: 'text', text: 'b' },
          ],
        },
      ],
    ],
    ['the order', [{ role: 'user', content: 'a' }, result({})], [result({}), { role: 'user', content: 'a' }]],
  ])('differs by %s', (_name, one, other) => {
    expect(hashHistory(one)).not.toBe(hashHistory(other));
  });
});

describe('fingerprintOf', () => {
  const scope: FingerprintScope = {
    app: 'a',
    engine: 'terminal',
    cwd: '/w',
    model: null,
    system: null,
    allowedTools: [],
    disallowedTools: [],
    permissionMode: 'bypassPermissions',
    mcpServers: { one: { command: 'x' }, two: { command: 'y' } },
  };

  it.each<Partial<FingerprintScope>>([
    { app: 'b' },
    { engine: 'stream-json' },
    { cwd: '/v' },
    { model: 'm' },
    { system: 's' },
    { allowedTools: ['Bash'] },
    { disallowedTools: ['Bash'] },
    { permissionMode: 'plan' },
    { mcpServers: {} },
  ])('differs by %j', (difference) => {
    expect(fingerprintOf({ ...scope, ...difference }, [])).not.toBe(fingerprintOf(scope, []));
  });

  it('does not depend on the order of the servers', () => {
    const mcpServers = { two: { command: 'y' }, one: { command: 'x' } };
    expect(fingerprintOf({ ...scope, mcpServers }, [])).toBe(fingerprintOf(scope, []));
  });
});

describe('finalTextOf', () => {
  it('is the last assistant message’s text, or nothing', () => {
    expect(
      finalTextOf([
        { role: 'assistant', content: 'a' },
        { role: 'assistant', content: 'b' },
      ]),
    ).toEqual([{ role: 'assistant', content: [{ type: 'text', text: 'b' }] }]);
    expect(finalTextOf([])).toEqual([]);
  });
});
