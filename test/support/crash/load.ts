import { setTimeout as delay } from 'node:timers/promises';
import { type EventStreamClient, followEvents } from '../event-stream.js';
import type { ServerClient } from '../server-client.js';
import type { SeededRandom } from './seeded-random.js';
import type { Witness } from './witness.js';

const PROMPTS = ['hello', '/stream 4 5', '/sleep 20', '/flood 30', '/hang', '/permission', '/tool'] as const;

/** Clients of all kinds at work on some sessions, until the server is gone. What they were told is with the witness. */
export class Load {
  private readonly stopping = new AbortController();
  private readonly streams: { sessionId: string; stream: EventStreamClient }[] = [];
  private readonly work: Promise<void>[];
  private count = 0;

  constructor(
    private readonly app: ServerClient,
    private readonly random: SeededRandom,
    private readonly witness: Witness,
    private readonly sessionIds: readonly string[],
  ) {
    this.work = [
      ...sessionIds.flatMap((id) => [this.follow(id), this.repeat(() => this.act(id))]),
      this.repeat(() => this.create()),
    ];
  }

  /** To be called when the server is gone: ends the clients and takes down what their streams gave. */
  async end(): Promise<void> {
    this.stopping.abort();
    for (const { stream } of this.streams) stream.leave();
    await Promise.all([...this.work, ...this.streams.map(({ stream }) => stream.ended)]);
    for (const { sessionId, stream } of this.streams) {
      const { followed } = this.witness.of(sessionId);
      for (const { id, data } of stream.events) {
        if (id !== data.id) throw new Error(`an event ${data.id} came with the id ${id}`);
        this.witness.sawEvent(sessionId, data);
        followed.push(id);
      }
    }
  }

  /** Until the server is gone: a call that fails by its end says nothing. */
  private async repeat(act: () => Promise<void>): Promise<void> {
    while (!this.stopping.signal.aborted) {
      try {
        await act();
        await delay(this.random.whole(0, 15), undefined, { signal: this.stopping.signal });
      } catch (error) {
        if (error instanceof WrongAnswer) throw error;
        return;
      }
    }
  }

  private async follow(sessionId: string): Promise<void> {
    const last = this.witness.of(sessionId).followed.at(-1);
    const headers = {
      authorization: `Bearer ${this.app.token}`,
      ...(last === undefined ? {} : { 'last-event-id': last }),
    };
    const url = `${this.app.baseUrl}/sessions/${sessionId}/events`;
    const stream = await followEvents(url, { headers }).catch(() => undefined);
    if (stream === undefined) return;
    if (stream.status !== 200) throw new WrongAnswer(`stream: ${stream.status}`);
    this.streams.push({ sessionId, stream });
    if (this.stopping.signal.aborted) stream.leave();
  }

  private async act(sessionId: string): Promise<void> {
    const roll = this.random.next();
    if (roll < 0.35) await this.blockingTurn(sessionId);
    else if (roll < 0.65) await this.submit(sessionId);
    else if (roll < 0.8) await this.cancelSome(sessionId);
    else if (roll < 0.99) await this.readPage(sessionId);
    else await this.close(sessionId);
  }

  private async blockingTurn(sessionId: string): Promise<void> {
    const prompt = this.random.pick(['hello', '/stream 4 5', '/flood 30', '/fail', `word ${this.count++}`]);
    const { status, body } = await this.call('POST', `/sessions/${sessionId}/turn`, { prompt });
    if (status === 410 || status === 503) return;
    if (status !== 200 && status !== 502) throw new WrongAnswer(`turn: ${status} ${JSON.stringify(body)}`);
    const told = this.witness.of(sessionId);
    const state = status === 502 ? 'failed' : body.stop_reason === 'cancelled' ? 'cancelled' : 'completed';
    told.ended.set(body.turn_index, state);
    // A list of commands that the agent repeats is in the log once only.
    const messages = (body.events as { params?: { update?: { sessionUpdate?: string } } }[]).filter(
      ({ params }) => params?.update?.sessionUpdate !== 'available_commands_update',
    );
    told.answers.set(
      body.turn_index,
      messages.map((message) => JSON.stringify(message)),
    );
  }

  private async submit(sessionId: string): Promise<void> {
    const prompt = this.random.pick(PROMPTS);
    const { status, body } = await this.call('POST', `/sessions/${sessionId}/turns`, { prompt });
    if (status === 410 || status === 503) return;
    if (status !== 202) throw new WrongAnswer(`turns: ${status} ${JSON.stringify(body)}`);
    this.witness.sawTurn(sessionId, body);
  }

  private async cancelSome(sessionId: string): Promise<void> {
    const open = (await this.call('GET', `/sessions/${sessionId}/turns?limit=1000`)).body.turns as {
      turn_id: string;
      status: string;
    }[];
    for (const turn of open.filter(({ status }) => status === 'queued' || status === 'running')) {
      const { status, body } = await this.call('POST', `/sessions/${sessionId}/turns/${turn.turn_id}/cancel`);
      if (status !== 200) throw new WrongAnswer(`cancel: ${status} ${JSON.stringify(body)}`);
      this.witness.sawTurn(sessionId, body);
    }
  }

  private async readPage(sessionId: string): Promise<void> {
    const told = this.witness.of(sessionId);
    const after = [...told.events.keys()].at(-1);
    const query = after === undefined ? '' : `?after=${after}`;
    const { status, body } = await this.call('GET', `/sessions/${sessionId}/events${query}`);
    if (status !== 200) throw new WrongAnswer(`events: ${status} ${JSON.stringify(body)}`);
    for (const event of body.events) this.witness.sawEvent(sessionId, event);
  }

  private async create(): Promise<void> {
    await delay(this.random.whole(50, 300), undefined, { signal: this.stopping.signal });
    const { status, body } = await this.call('POST', '/sessions', { agent: 'echo' });
    if (status !== 200) throw new WrongAnswer(`create: ${status} ${JSON.stringify(body)}`);
    this.witness.of(body.session_id);
  }

  private async close(sessionId: string): Promise<void> {
    // Few: the load lives from sessions that are open.
    if (this.sessionIds.indexOf(sessionId) < 3) return;
    const { status, body } = await this.call('DELETE', `/sessions/${sessionId}`);
    if (status !== 200) throw new WrongAnswer(`close: ${status} ${JSON.stringify(body)}`);
    this.witness.of(sessionId).isClosed = true;
  }

  private call(method: string, path: string, body?: unknown): ReturnType<ServerClient['call']> {
    return this.app.call(method, path, body, this.stopping.signal);
  }
}

/** An answer that the server must not give, whatever happens to it; other errors are its death. */
class WrongAnswer extends Error {}
