import { splitText } from './echo-reply.js';
import { findDirective, readPrompt } from './prompt-content.js';

describe('readPrompt', () => {
  it('keeps text and names the other blocks in order', () => {
    const prompt = [
      { type: 'text', text: 'look at' },
      { type: 'image', mimeType: 'image/png', data: 'AAAA' },
      { type: 'resource_link', name: 'a', uri: 'file:///a.txt' },
      { type: 'resource', resource: { uri: 'file:///b.txt', text: 'hidden' } },
      { type: 'text', text: 'please' },
    ];
    expect(readPrompt(prompt)).toEqual({
      rendered: 'look at\n[image image/png]\n[resource_link file:///a.txt]\n[resource file:///b.txt]\nplease',
      text: 'look at\nplease',
    });
  });

  it.each([[undefined], [[]], ['text'], [[1]], [[{ type: 'text' }]], [[{ type: 'video' }]]])(
    'refuses %j',
    (prompt) => expect(() => readPrompt(prompt)).toThrow(expect.objectContaining({ code: -32602 })),
  );
});

describe('findDirective', () => {
  it.each([
    ['/tool', { name: 'tool', argument: '' }],
    ['/stream 3  10 \nmore', { name: 'stream', argument: '3  10' }],
    ['/hang-deaf\r\n', { name: 'hang-deaf', argument: '' }],
    ['[Attached files — open]\n  - /a\n  - /b c\n\n/cwd', { name: 'cwd', argument: '' }],
  ])('reads %j', (text, directive) => expect(findDirective(text)).toEqual(directive));

  it.each([['hello'], ['say /tool'], [' /tool'], ['/etc/hosts'], ['/'], ['first\n/tool'], ['']])(
    'sees none in %j',
    (text) => expect(findDirective(text)).toBeUndefined(),
  );
});

describe('splitText', () => {
  it('cuts between characters, never inside one', () => {
    expect(splitText('ab😀cd', 3)).toEqual(['ab', '😀c', 'd']);
    expect(splitText('', 3)).toEqual([]);
  });
});
