import { StartGate } from './start-gate.js';

const settled = () => new Promise(setImmediate);

describe('StartGate', () => {
  it('lets in as many as it has places, then the others in order as places are given back', async () => {
    const gate = new StartGate(2, 60_000);
    const inside: string[] = [];
    const leaves: (() => void)[] = [];
    for (const name of ['a', 'b', 'c', 'd']) {
      void gate.enter().then((leave) => {
        inside.push(name);
        leaves.push(leave);
      });
    }
    await settled();
    expect(inside).toEqual(['a', 'b']);
    leaves[0]!();
    leaves[0]!();
    await settled();
    expect(inside).toEqual(['a', 'b', 'c']);
    for (const leave of leaves) leave();
    await settled();
    expect(inside).toEqual(['a', 'b', 'c', 'd']);
    leaves[3]!();
    (await gate.enter())();
  });

  it('gives the place of one that hangs to the next', async () => {
    const gate = new StartGate(1, 20);
    await gate.enter();
    (await gate.enter())();
  });
});
