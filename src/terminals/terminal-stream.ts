import { once } from 'node:events';
import type { WatchedTerminal } from '../claude-code/terminal/watched-terminal.js';
import { type SseWriter, sseFrame } from '../common/sse.js';
import { toScreenResponse } from './live-terminal.mapper.js';

/** A reader that is so far behind is shown the screen anew, and not what it missed. */
const MAX_UNREAD_BYTES = 1024 * 1024;

/** Where a stream goes: an `SseWriter`. */
export type StreamReader = Pick<SseWriter, 'gone' | 'unreadBytes' | 'write' | 'drained' | 'end'>;

/**
 * Streams a terminal: `snapshot`, then `output` as it comes; `snapshot` again when the terminal has got another size or
 * the reader had fallen behind; `end` when the terminal ends. Resolves then, or when the reader has gone.
 */
export async function streamTerminal(terminal: WatchedTerminal, reader: StreamReader): Promise<void> {
  const ended = new AbortController();
  void terminal.ended.then(() => ended.abort());
  const ending = AbortSignal.any([ended.signal, reader.gone]);
  const isEnding = once(ending, 'abort');
  while (!ending.aborted) {
    await followUntilBehind(terminal, reader, ending);
    await Promise.race([reader.drained(), isEnding]);
  }
  reader.write(sseFrame('end', null, '{}'));
  reader.end();
}

function followUntilBehind(
  terminal: WatchedTerminal,
  reader: StreamReader,
  ending: AbortSignal,
): Promise<void> {
  return new Promise((resolve) => {
    let hasBegun = false;
    const leave = (): void => {
      stop();
      ending.removeEventListener('abort', leave);
      resolve();
    };
    const send = (event: string, data: object): void => {
      // The first screen is always sent, however large: it is what the reader waited for.
      if (hasBegun && reader.unreadBytes > MAX_UNREAD_BYTES) {
        leave();
        return;
      }
      hasBegun = true;
      reader.write(sseFrame(event, null, JSON.stringify(data)));
    };
    const stop = terminal.follow({
      onSnapshot: (snapshot) => send('snapshot', toScreenResponse(snapshot)),
      onOutput: (text) => send('output', { base64: Buffer.from(text).toString('base64') }),
    });
    ending.addEventListener('abort', leave, { once: true });
  });
}
