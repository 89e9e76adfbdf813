import { Writable } from 'node:stream';
import { MessageWriter } from './message-writer.js';

/** Takes what it is given, and says that it has only when released. */
class SlowReader extends Writable {
  readonly batches: string[][] = [];
  private release: (() => void) | undefined;

  constructor() {
    super({ highWaterMark: 100 });
  }

  override _writev(chunks: { chunk: Buffer }[], done: () => void): void {
    this.batches.push(chunks.map(({ chunk }) => chunk.toString()));
    this.release = done;
  }

  releaseBatch(): void {
    this.release?.();
  }
}

const nextLoop = () => new Promise((resolve) => setImmediate(resolve));

describe('MessageWriter', () => {
  it('writes the messages of a tick as one batch of lines', async () => {
    const reader = new SlowReader();
    const writer = new MessageWriter(reader);
    writer.send({ id: 1, result: {} });
    writer.send({ method: 'x' });
    await nextLoop();
    expect(reader.batches).toEqual([
      ['{"jsonrpc":"2.0","id":1,"result":{}}\n', '{"jsonrpc":"2.0","method":"x"}\n'],
    ]);
  });

  it('holds every waiter until a slow reader has caught up, with one listener for all', async () => {
    const reader = new SlowReader();
    const writer = new MessageWriter(reader);
    await writer.drained();
    writer.send({ method: 'x'.repeat(100) });
    let caughtUp = 0;
    const waiters = Array.from({ length: 20 }, () => writer.drained().then(() => (caughtUp += 1)));
    await nextLoop();
    expect(caughtUp).toBe(0);
    expect(reader.listenerCount('drain')).toBe(1);
    reader.releaseBatch();
    await Promise.all(waiters);
    expect(caughtUp).toBe(20);
    expect(reader.listenerCount('drain')).toBe(0);
  });
});
