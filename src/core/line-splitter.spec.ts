import { LineSplitter, type SplitLine } from './line-splitter.js';

function split(chunks: Buffer[], maxLineBytes = 1000): SplitLine[] {
  const splitter = new LineSplitter(maxLineBytes);
  return [...chunks.flatMap((chunk) => splitter.push(chunk)), ...splitter.flush()];
}

const line = (text: string): SplitLine => ({ kind: 'line', text });

describe('LineSplitter', () => {
  it('gives the same lines however the bytes are cut, UTF-8 sequences included', () => {
    const bytes = Buffer.from('a€🦊\r\n\nzweite\u2028Zeile\nlast');
    const expected = ['a€🦊\r', '', 'zweite\u2028Zeile', 'last'].map(line);
    for (let size = 1; size <= bytes.length; size += 1) {
      const chunks: Buffer[] = [];
      for (let at = 0; at < bytes.length; at += size) chunks.push(bytes.subarray(at, at + size));
      expect(split(chunks)).toEqual(expected);
    }
  });

  it('has no last line after a newline, and none of an empty stream', () => {
    expect(split([Buffer.from('a\n')])).toEqual([line('a')]);
    expect(split([])).toEqual([]);
  });

  it('gives an unfinished line once', () => {
    const splitter = new LineSplitter(10);
    splitter.push(Buffer.from('abc'));
    expect(splitter.flush()).toEqual([line('abc')]);
    expect(splitter.flush()).toEqual([]);
  });

  it('takes a line of exactly the bound, counted in bytes', () => {
    expect(split([Buffer.from('€€\n')], 6)).toEqual([line('€€')]);
    expect(split([Buffer.from('€€\n')], 5)).toEqual([{ kind: 'overflow', bytes: 6 }]);
  });

  it('reports a line over the bound once, skips the rest of it, and goes on', () => {
    const chunks = ['abc', 'def', 'ghi', 'jkl\nok\n'].map((text) => Buffer.from(text));
    expect(split(chunks, 5)).toEqual([{ kind: 'overflow', bytes: 6 }, line('ok')]);
  });

  it('has nothing to flush behind an overflow', () => {
    expect(split([Buffer.from('toolong')], 5)).toEqual([{ kind: 'overflow', bytes: 7 }]);
  });
});
