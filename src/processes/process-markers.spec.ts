import { lookForMarker, markersIn } from './process-markers.js';
import { MARKER_VARIABLE } from './process-types.js';

const environ = (...entries: string[]): Buffer => Buffer.from(entries.map((entry) => `${entry}\0`).join(''));

describe('markersIn', () => {
  it('finds the marker first, last, in between and given twice', () => {
    expect(markersIn(environ(`${MARKER_VARIABLE}=m1`, 'A=1'))).toEqual(['m1']);
    expect(markersIn(environ('A=1', `${MARKER_VARIABLE}=m1`))).toEqual(['m1']);
    expect(markersIn(environ('A=1', `${MARKER_VARIABLE}=m1`, 'B=', `${MARKER_VARIABLE}=m2`))).toEqual([
      'm1',
      'm2',
    ]);
  });

  it('takes an entry only by its whole name', () => {
    expect(markersIn(environ(`X${MARKER_VARIABLE}=m1`, `A=${MARKER_VARIABLE}=m1`))).toEqual([]);
    expect(markersIn(environ(`${MARKER_VARIABLE}X=m1`))).toEqual([]);
  });

  it('reads an environ that has no NUL at its end, and an empty one', () => {
    expect(markersIn(Buffer.from(`${MARKER_VARIABLE}=m1`))).toEqual(['m1']);
    expect(markersIn(Buffer.alloc(0))).toEqual([]);
  });
});

describe('lookForMarker', () => {
  it('cannot tell of a process that is gone', async () => {
    // Above what Linux gives out.
    expect(await lookForMarker(2 ** 30, new Set(['m1']))).toEqual({ kind: 'unclear' });
  });

  it('tells that a process has none of the markers', async () => {
    expect(await lookForMarker(process.pid, new Set(['m1']))).toEqual({ kind: 'unmarked' });
  });
});
