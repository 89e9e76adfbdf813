import { Writable } from 'node:stream';
import { Connection } from './connection.js';
import { MessageWriter } from './message-writer.js';
import { Turn } from './turn.js';

/** A reader that is never behind, as a file or a very fast client is. */
const fastReader = () => new Writable({ write: (_chunk, _encoding, done) => done() });
const newTurn = () => new Turn(1, 'session', new Connection(new MessageWriter(fastReader())));

describe('Turn', () => {
  it('lets a cancel through in a flood that never waits for its reader', async () => {
    const turn = newTurn();
    setImmediate(() => turn.cancel());
    let said = 0;
    const flood = async (): Promise<void> => {
      for (; said < 10_000; said += 1) {
        turn.say('chunk');
        await turn.paced();
      }
    };
    await expect(flood()).rejects.toThrow('aborted');
    expect(said).toBeLessThan(10_000);
  });

  it('remembers the start of a reply that is too long, and counts all of it', () => {
    const turn = newTurn();
    for (let chunk = 0; chunk < 10; chunk += 1) turn.say('x'.repeat(10_000));
    expect(turn.reply).toHaveLength(65_536);
    expect(turn.replyLength).toBe(100_000);
  });

  it('waits for nothing and says nothing once it is cancelled', async () => {
    const turn = newTurn();
    turn.cancel();
    expect(() => turn.say('late')).toThrow('aborted');
    await expect(turn.sleep(3_600_000)).rejects.toThrow('aborted');
    await expect(turn.untilCancelled()).rejects.toThrow('aborted');
    await expect(turn.ask('session/request_permission', {})).rejects.toThrow('aborted');
  });
});
