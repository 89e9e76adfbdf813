import { type EventStreamClient, followEvents } from './event-stream.js';
import type { ServerClient } from './server-client.js';
import { endTypeOf, isFinal, type LoggedEvent, readLog, readTurns } from './session-log.js';
import { until } from './until.js';

// eslint-disable-next-line @typescript-eslint/no-explicit-any -- bodies of answers are any in tests
type TurnBody = any;

/** One session as a client of the event log drives it: turns that are submitted, watched and waited for. */
export class LiveSessionClient {
  constructor(
    readonly app: ServerClient,
    readonly id: string,
  ) {}

  static async open(app: ServerClient, agent = 'echo', more: object = {}): Promise<LiveSessionClient> {
    const { status, body } = await app.call('POST', '/sessions', { agent, ...more });
    if (status !== 200) throw new Error(`POST /sessions: ${status} ${JSON.stringify(body)}`);
    return new LiveSessionClient(app, body.session_id);
  }

  get path(): string {
    return `/sessions/${this.id}`;
  }

  /** Submits a turn and resolves with its id. */
  async submit(prompt: string, more: object = {}): Promise<string> {
    const { status, body } = await this.app.call('POST', `${this.path}/turns`, { prompt, ...more });
    if (status !== 202) throw new Error(`POST /turns: ${status} ${JSON.stringify(body)}`);
    return body.turn_id;
  }

  /** Submits a turn and waits until `type` is in its log for the `count`th time. */
  async submitUntil(prompt: string, type: string, count = 1): Promise<string> {
    const turnId = await this.submit(prompt);
    await until(
      `${prompt}: ${count} of ${type}`,
      async () => (await this.eventsOf(turnId)).filter((event) => event.type === type).length >= count,
    );
    return turnId;
  }

  /** Waits until the prompt of the turn is with the agent. */
  async prompted(turnId: string): Promise<void> {
    await until('the prompt is with the agent', async () =>
      (await this.eventsOf(turnId)).some(({ raw }) => raw?.method === 'session/prompt'),
    );
  }

  eventsOf(turnId: string): Promise<LoggedEvent[]> {
    return readLog(this.app, this.id, `turn_id=${turnId}`);
  }

  log(): Promise<LoggedEvent[]> {
    return readLog(this.app, this.id);
  }

  async turn(turnId: string): Promise<TurnBody> {
    return (await this.app.get(`${this.path}/turns/${turnId}`)).body;
  }

  async ended(turnId: string, withinMs = 120_000): Promise<TurnBody> {
    await until('the turn has ended', async () => isFinal((await this.turn(turnId)).status), withinMs);
    return this.turn(turnId);
  }

  async cancel(turnId: string): Promise<TurnBody> {
    return (await this.app.call('POST', `${this.path}/turns/${turnId}/cancel`)).body;
  }

  follow(headers: Record<string, string> = {}, query = ''): Promise<EventStreamClient> {
    return followEvents(`${this.app.baseUrl}${this.path}/events${query}`, {
      headers: { authorization: `Bearer ${this.app.token}`, ...headers },
    });
  }

  /** The text that the agent said in a turn of its own, which must complete. */
  async say(prompt: string): Promise<string> {
    const { status, body } = await this.app.turn(this.id, prompt);
    expect([status, body.error ?? body.detail]).toEqual([200, undefined]);
    return body.text;
  }

  /** The next turn completes, with the context of what was said before. */
  async expectToRemember(said: string): Promise<void> {
    expect(await this.say('/remember')).toContain(said);
  }

  /** Every turn has one end, the same in its row and in the log, and nothing behind it. */
  async expectOneEndEach(): Promise<void> {
    const [log, turns] = [await this.log(), await readTurns(this.app, this.id)];
    const ends = log.flatMap((event) => endTypeOf(event) ?? []);
    expect([...ends].sort()).toEqual(turns.map(({ status }) => status).sort());
    for (const { turn_id: turnId, status } of turns) {
      const types = log.filter((event) => event.turn_id === turnId).map(({ type }) => type);
      expect([types[0], types.at(-1)]).toEqual(['turn.queued', `turn.${status}`]);
    }
  }
}
