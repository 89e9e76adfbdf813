import { messageFaults } from './check-messages.js';

const faults = (messages: unknown[]): string[] =>
  messageFaults(messages).map(({ field, message }) => `${field}: ${message}`);

describe('messageFaults', () => {
  it('finds none in a history of all known blocks', () => {
    expect(
      faults([
        {
          role: 'user',
          content: [
            { type: 'text', text: 'a' },
            { type: 'image', source: {} },
          ],
        },
        {
          role: 'assistant',
          content: [
            { type: 'thinking', thinking: 'b' },
            { type: 'tool_use', id: 't', name: 'n' },
          ],
        },
        {
          role: 'user',
          content: [{ type: 'tool_result', tool_use_id: 't', content: [{ type: 'text', text: 'c' }] }],
        },
        { role: 'assistant', content: 'd' },
        { role: 'user', content: 'e' },
      ]),
    ).toEqual([]);
  });

  it.each<[string, unknown[], RegExp]>([
    ['no message', [], /^messages: must not be empty/],
    ['an assistant at the end', [{ role: 'assistant', content: 'a' }], /^messages: .*user/],
    ['an unknown role', [{ role: 'tool', content: 'a' }], /^messages\[0\]\.role/],
    ['no object', ['a'], /^messages\[0\]\.role/],
    ['no content', [{ role: 'user' }], /^messages\[0\]\.content/],
    ['a block without a type', [{ role: 'user', content: [{}] }], /^messages\[0\]\.content\[0\]/],
    ['an unknown block', [{ role: 'user', content: [{ type: 'audio' }] }], /audio/],
    [
      'a call of the user’s',
      [{ role: 'user', content: [{ type: 'tool_use', id: 'a', name: 'b' }] }],
      /tool_use/,
    ],
    ['an image without a source', [{ role: 'user', content: [{ type: 'image' }] }], /source/],
    ['text that is none', [{ role: 'user', content: [{ type: 'text', text: 1 }] }], /string/],
    ['a blank prompt', [{ role: 'user', content: ' \n' }], /^messages: .*must hold/],
    [
      'a result of another call',
      [
        { role: 'assistant', content: [{ type: 'tool_use', id: 'a', name: 'n' }] },
        { role: 'user', content: [{ type: 'tool_result', tool_use_id: 'b', content: 'x' }] },
        { role: 'user', content: 'y' },
      ],
      /^messages\[1\]\.content\[0\]: answers no/,
    ],
    [
      'tool results as the prompt',
      [
        { role: 'assistant', content: [{ type: 'tool_use', id: 'a', name: 'n' }] },
        { role: 'user', content: [{ type: 'tool_result', tool_use_id: 'a', content: 'x' }] },
      ],
      /^messages: /,
    ],
  ])('names %s', (_name, messages, expected) => {
    expect(faults(messages)[0]).toMatch(expected);
  });
});
