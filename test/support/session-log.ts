import type { ServerClient } from './server-client.js';

/** An event as pages and streams give it. */
export interface LoggedEvent {
  readonly id: string;
  readonly turn_id: string | null;
  readonly turn_index: number | null;
  readonly type: string;
  readonly data: any; // eslint-disable-line @typescript-eslint/no-explicit-any -- bodies of answers are any in tests
  readonly raw: any; // eslint-disable-line @typescript-eslint/no-explicit-any
  readonly at_ms: number;
}

/** A turn as `GET …/turns` gives it, as far as tests look at it. */
export interface TurnRow {
  readonly turn_id: string;
  readonly turn_index: number;
  readonly status: string;
}

const FINAL = new Set(['completed', 'failed', 'cancelled', 'timed_out', 'unknown']);

export function isFinal(status: string): boolean {
  return FINAL.has(status);
}

export function endTypeOf(event: LoggedEvent): string | undefined {
  const status = event.type.startsWith('turn.') ? event.type.slice('turn.'.length) : '';
  return isFinal(status) ? status : undefined;
}

/** Everything in a session's log, page by page. `query` narrows it, as `turn_id=…`. */
export async function readLog(app: ServerClient, sessionId: string, query = ''): Promise<LoggedEvent[]> {
  const events: LoggedEvent[] = [];
  for (let after = ''; ;) {
    const { status, body } = await app.get(`/sessions/${sessionId}/events?limit=1000&${query}${after}`);
    if (status !== 200) throw new Error(`GET events: ${status} ${JSON.stringify(body)}`);
    events.push(...body.events);
    if (body.events.length < 1000) return events;
    after = `&after=${body.next}`;
  }
}

export async function readTurns(app: ServerClient, sessionId: string): Promise<TurnRow[]> {
  const turns: TurnRow[] = [];
  for (let after = ''; ;) {
    const { status, body } = await app.get(`/sessions/${sessionId}/turns?limit=1000${after}`);
    if (status !== 200) throw new Error(`GET turns: ${status} ${JSON.stringify(body)}`);
    turns.push(...body.turns);
    if (body.next === null) return turns;
    after = `&after=${body.next}`;
  }
}

/** The prompt that an event shows on its way to the agent; undefined for other events. */
export function promptIn({ raw }: LoggedEvent): string | undefined {
  return raw?.method === 'session/prompt' ? raw.params.prompt[0].text : undefined;
}
