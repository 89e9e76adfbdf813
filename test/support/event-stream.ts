/** One event of a stream, as a browser would see it. */
export interface StreamedEvent {
  readonly event: string;
  readonly id: string;
  readonly data: any; // eslint-disable-line @typescript-eslint/no-explicit-any -- bodies of answers are any in tests
}

export interface EventStreamClient {
  readonly status: number;
  readonly headers: Headers;
  /** Everything so far. */
  readonly events: StreamedEvent[];
  /** Resolves when the server has ended the stream, or it was left. */
  readonly ended: Promise<void>;
  leave(): void;
}

/** Follows an event stream by fetch, as clients that send a header have to. */
export async function followEvents(url: string, init: RequestInit = {}): Promise<EventStreamClient> {
  const leaving = new AbortController();
  const answer = await fetch(url, {
    ...init,
    headers: { accept: 'text/event-stream', ...(init.headers as Record<string, string>) },
    signal: leaving.signal,
  });
  const events: StreamedEvent[] = [];
  const read = async (): Promise<void> => {
    let text = '';
    for await (const chunk of answer.body!.pipeThrough(new TextDecoderStream())) {
      text += chunk;
      for (let end = text.indexOf('\n\n'); end !== -1; end = text.indexOf('\n\n')) {
        const frame = text.slice(0, end);
        text = text.slice(end + 2);
        if (frame.startsWith(':')) continue;
        const field = (name: string): string => new RegExp(`^${name}: (.*)$`, 'm').exec(frame)?.[1] ?? '';
        events.push({ event: field('event'), id: field('id'), data: JSON.parse(field('data')) });
      }
    }
  };
  return {
    status: answer.status,
    headers: answer.headers,
    events,
    ended: read().catch(() => undefined),
    leave: () => leaving.abort(),
  };
}
