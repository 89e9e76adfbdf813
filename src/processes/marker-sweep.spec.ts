import { MarkerSweeper } from './marker-sweep.js';
import type { MarkerLook } from './process-markers.js';

describe('MarkerSweeper', () => {
  it('is clear at once when there are no markers', async () => {
    expect(await new MarkerSweeper().sweep([])).toEqual({ killed: 0, isClear: true });
  });

  it('trusts a pass only when nothing ended during it, does not doubt for ever, and spares the gateway', async () => {
    const looked: number[] = [];
    const sweeper = new MarkerSweeper((pid) => {
      looked.push(pid);
      return Promise.resolve<MarkerLook>({ kind: 'unclear' });
    });
    expect(await sweeper.sweep(['m1'])).toEqual({ killed: 0, isClear: true });
    expect(looked.filter((pid) => pid === 1)).toHaveLength(3);
    expect(looked).not.toContain(process.pid);
  });

  it('does not call it clear when the processes cannot be looked at, and gives up in time', async () => {
    const sweeper = new MarkerSweeper(() => Promise.reject(new Error('no file descriptors left')));
    expect(await sweeper.sweep(['m1'])).toEqual({ killed: 0, isClear: false });
  });
});
