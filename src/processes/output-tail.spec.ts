import { OutputTail } from './output-tail.js';

function tailAfter(maxBytes: number, ...chunks: (string | Buffer)[]): OutputTail {
  const tail = new OutputTail(maxBytes);
  for (const chunk of chunks) tail.push(Buffer.from(chunk));
  return tail;
}

describe('OutputTail', () => {
  it('keeps all of what is short', () => {
    expect(tailAfter(8, 'ab', 'cd').text()).toBe('abcd');
    expect(tailAfter(4, 'ab', 'cd').text()).toBe('abcd');
    expect(tailAfter(4).text()).toBe('');
  });

  it('keeps the last bytes over chunks of any size', () => {
    expect(tailAfter(4, 'abc', 'def').text()).toBe('cdef');
    expect(tailAfter(4, 'abc', 'defghi').text()).toBe('fghi');
    expect(tailAfter(4, 'abcdefgh', 'i').text()).toBe('fghi');
    expect(tailAfter(4, 'abc', '', 'd', 'e').text()).toBe('bcde');
  });

  it('leaves out a character that is cut at the front, and one that is not whole yet at the end', () => {
    expect(tailAfter(4, 'a€b').text()).toBe('€b');
    expect(tailAfter(3, '€€b').text()).toBe('b');
    expect(tailAfter(9, 'a', Buffer.from('€').subarray(0, 2)).text()).toBe('a');
  });

  it('shows bytes that never were UTF-8 as such', () => {
    expect(tailAfter(9, Buffer.of(0x80, 0x61)).text()).toBe('\uFFFDa');
  });

  it('cuts to a number of characters without halving one', () => {
    expect(tailAfter(99, 'ab🦊c').text(2)).toBe('c');
    expect(tailAfter(99, 'ab🦊c').text(3)).toBe('🦊c');
  });
});
