import { isBrokenPaste, pasteBatches, typedPrompt, withoutCommand } from './typed-prompt.js';

const pastes = (text: string): string[] =>
  [
    ...pasteBatches(text)
      .join('')
      .matchAll(/\u001b\[200~([\s\S]*?)\u001b\[201~/g),
  ].map((match) => match[1] ?? '');

describe('typedPrompt', () => {
  it.each([
    ['hello', 'hello'],
    ['!touch x', ' !touch x'],
    ['/clear', ' /clear'],
    ['  /clear', ' /clear'],
    ['exit', 'exit.'],
    [' QUIT \n', 'QUIT.'],
    [':q', ':q.'],
    ['exit now', 'exit now'],
    ['ends in a backslash\\', 'ends in a backslash\\ '],
    ['see @file', 'see @file '],
    ['me@example.org', 'me@example.org'],
    ['a\r\nb\rc', 'a\nb\nc'],
    ['a\u0000b\u001b[201~c\u0007\u009bd', 'ab[201~cd'],
    ['\ttab\tinside', 'tab\tinside'],
    ['日本 🦀', '日本 🦀'],
  ])('types %j as %j', (prompt, typed) => {
    expect(typedPrompt(prompt)).toBe(typed);
  });
});

describe('pasteBatches', () => {
  it('keeps every paste below what claude takes for an attachment, and loses nothing', () => {
    const text = Array.from({ length: 50 }, (_, line) => `${line} ${'🦀x'.repeat(line * 20)}`).join('\n');
    const chunks = pastes(text);
    expect(chunks.join('')).toBe(text);
    for (const chunk of chunks) {
      expect(chunk.length).toBeLessThanOrEqual(700);
      expect(chunk.split('\n').length - 1).toBeLessThanOrEqual(2);
      expect(chunk).toBe(Buffer.from(chunk).toString());
    }
  });

  it('cuts no batch within a paste, and keeps three of them below what a terminal holds', () => {
    const batches = pasteBatches('日本語🦀'.repeat(3000));
    expect(batches.length).toBeGreaterThan(1);
    for (const batch of batches) {
      expect(Buffer.byteLength(batch)).toBeLessThanOrEqual(4095 / 3);
      expect(batch.startsWith('\u001b[200~') && batch.endsWith('\u001b[201~')).toBe(true);
    }
  });

  it('is empty for an empty text', () => {
    expect(pasteBatches('')).toEqual([]);
  });
});

describe('isBrokenPaste', () => {
  it('knows half a key from the text of a prompt', () => {
    expect(isBrokenPaste('a\nb', 'a\nb')).toBe(false);
    expect(isBrokenPaste('a\nb', 'a[201~\nb')).toBe(true);
    expect(isBrokenPaste('about \u001b[201~', 'about [201~')).toBe(false);
    expect(isBrokenPaste('about [201~', 'about [201~[200~')).toBe(true);
  });
});

describe('withoutCommand', () => {
  it('puts a blank before a leading slash, and changes nothing else', () => {
    expect(['/x', ' /x', 'a/x', '!x'].map(withoutCommand)).toEqual([' /x', ' /x', 'a/x', '!x']);
  });
});
