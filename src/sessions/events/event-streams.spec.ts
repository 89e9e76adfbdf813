import type { SseWriter } from '../../common/sse.js';
import type { TokensService } from '../../tokens/tokens.service.js';
import { EventHub } from './event-hub.js';
import type { EventStore } from './event-store.js';
import { EventStreams } from './event-streams.js';
import type { SessionEvent } from './session-event.js';

const SESSION = 'a'.repeat(32);

function event(seq: number, type: SessionEvent['type'] = 'message.delta'): SessionEvent {
  return { seq, sessionId: SESSION, turnId: null, turnIndex: null, type, dataJson: '{}', raw: null, atMs: 0 };
}

/** A client that takes everything at once and keeps the ids that it saw. */
function client(): { writer: SseWriter; ids: string[] } {
  const ids: string[] = [];
  const writer = {
    gone: new AbortController().signal,
    write: (frame: string) => ids.push(/id: (.*)/.exec(frame)![1]!) > 0,
    drained: () => Promise.resolve(),
    end: () => undefined,
  };
  return { writer: writer as unknown as SseWriter, ids };
}

it('sends once what a page has shown before its commit was told', async () => {
  const hub = new EventHub();
  const told = [event(1), event(2), event(3, 'session.closed')];
  // The pages see a commit before the followers hear of it.
  const store = {
    page: ({ afterSeq }: { afterSeq: number }) =>
      Promise.resolve(told.filter((e) => e.seq > afterSeq && e.seq < 3)),
  };
  const tokens = { onRevocation: () => undefined };
  const streams = new EventStreams(store as unknown as EventStore, hub, tokens as unknown as TokensService);
  const { writer, ids } = client();
  const following = streams.follow(
    { appName: 'a', sessionId: SESSION, afterSeq: 0, isOver: () => Promise.resolve(false) },
    writer,
  );
  while (ids.length < 2) await new Promise((resolve) => setImmediate(resolve));
  await new Promise((resolve) => setImmediate(resolve));
  hub.publish(told);
  await following;
  expect(ids).toHaveLength(3);
});
