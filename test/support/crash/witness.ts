import type { ServerClient } from '../server-client.js';
import {
  endTypeOf,
  isFinal,
  type LoggedEvent,
  promptIn,
  readLog,
  readTurns,
  type TurnRow,
} from '../session-log.js';

/** What a client was told of one session. */
interface Told {
  /** By their ids, as JSON text. */
  readonly events: Map<string, string>;
  /** Ids in the order in which one stream, followed from the beginning, gave them. */
  readonly followed: string[];
  /** Turns that were accepted: index by id. */
  readonly accepted: Map<string, number>;
  /** Final states by index. */
  readonly ended: Map<number, string>;
  /** What the agent's side had sent, by index, as answers of turns gave it. */
  readonly answers: Map<number, string[]>;
  isClosed: boolean;
}

/** Remembers all that clients were told, and holds the server to it. */
export class Witness {
  private readonly sessions = new Map<string, Told>();

  get ids(): string[] {
    return [...this.sessions.keys()];
  }

  of(sessionId: string): Told {
    let told = this.sessions.get(sessionId);
    if (told === undefined) {
      told = {
        events: new Map(),
        followed: [],
        accepted: new Map(),
        ended: new Map(),
        answers: new Map(),
        isClosed: false,
      };
      this.sessions.set(sessionId, told);
    }
    return told;
  }

  sawEvent(sessionId: string, event: LoggedEvent): void {
    const { events } = this.of(sessionId);
    const text = JSON.stringify(event);
    const before = events.get(event.id);
    if (before !== undefined && before !== text) throw new Error(`two bodies of event ${event.id}`);
    events.set(event.id, text);
  }

  sawTurn(sessionId: string, turn: TurnRow): void {
    const told = this.of(sessionId);
    told.accepted.set(turn.turn_id, turn.turn_index);
    if (isFinal(turn.status)) told.ended.set(turn.turn_index, turn.status);
  }

  /** Everything that was told of the session still holds, and the log is sound in itself. */
  async verify(app: ServerClient, sessionId: string): Promise<LoggedEvent[]> {
    const told = this.of(sessionId);
    const [log, turns] = [await readLog(app, sessionId), await readTurns(app, sessionId)];
    const { body: state } = await app.get(`/sessions/${sessionId}`);
    const fail = (what: string): never => {
      throw new Error(`session ${sessionId}: ${what}`);
    };
    if (told.isClosed && state.closed !== true) fail('it was closed, and is open');

    const byId = new Map(log.map((event) => [event.id, JSON.stringify(event)]));
    if (byId.size !== log.length) fail('an event id occurs twice');
    for (const [id, text] of told.events) {
      if (byId.get(id) !== text) fail(`a client saw ${text}, the log has ${byId.get(id) ?? 'nothing'}`);
    }
    const ids = log.map(({ id }) => id);
    if (told.followed.some((id, at) => ids[at] !== id)) fail('a stream is not the beginning of the log');
    if (log[0]?.type !== 'session.created') fail('the log does not begin with session.created');
    const closings = log.filter(({ type }) => type === 'session.closed').length;
    if (closings !== (state.closed ? 1 : 0)) fail(`${closings} events session.closed`);

    expectSoundTurns(log, turns, fail);
    const statusOf = new Map(turns.map((turn) => [turn.turn_index, turn.status]));
    for (const [turnId, index] of told.accepted) {
      if (turns[index - 1]?.turn_id !== turnId) fail(`turn ${index} was accepted as ${turnId}`);
    }
    for (const [index, status] of told.ended) {
      if (statusOf.get(index) !== status) fail(`turn ${index} was ${status}, is ${statusOf.get(index)}`);
    }
    for (const [index, messages] of told.answers) {
      const logged = log.filter((event) => event.turn_index === index && event.raw !== null);
      const texts = new Set(logged.map(({ raw }) => JSON.stringify(raw)));
      const lost = messages.find((message) => !texts.has(message));
      if (lost !== undefined) fail(`an answer of turn ${index} had ${lost}`);
    }
    return log;
  }
}

/** Indices count from 1 without a gap, each turn has one id, one beginning and one end, the same in the log and in its row. */
function expectSoundTurns(log: LoggedEvent[], turns: TurnRow[], fail: (what: string) => never): void {
  if (turns.some((turn, at) => turn.turn_index !== at + 1)) fail('a gap in the indices of turns');
  if (new Set(turns.map(({ turn_id }) => turn_id)).size !== turns.length) fail('an id of two turns');
  const ends = new Map<string, string[]>();
  const queued: string[] = [];
  for (const event of log) {
    if (event.turn_id === null) continue;
    const { turn_id: id } = event;
    if (turns[(event.turn_index ?? 0) - 1]?.turn_id !== id) fail(`event ${event.id} names another turn`);
    if (event.type === 'turn.queued') queued.push(id);
    if (ends.has(id)) fail(`event ${event.id} comes behind the end of its turn`);
    const end = endTypeOf(event);
    if (end !== undefined) ends.set(id, [...(ends.get(id) ?? []), end]);
  }
  if (queued.join() !== turns.map(({ turn_id }) => turn_id).join()) fail('turns are not queued once each');
  for (const { turn_id: id, turn_index: index, status } of turns) {
    const ended = ends.get(id)?.join() ?? 'not at all';
    if (ended !== status) fail(`turn ${index} is ${status}, the log ends it ${ended}`);
  }
}

/** The prompts of completed turns are remembered by the agent, in order. */
export function expectRemembered(log: readonly LoggedEvent[], remembered: string): void {
  const completed = new Set(
    log.filter(({ type }) => type === 'turn.completed').map(({ turn_id }) => turn_id),
  );
  const lines = remembered.split('\n').map((line) => line.replace(/^\d+\. /, ''));
  let at = 0;
  for (const event of log) {
    const prompt = completed.has(event.turn_id) ? promptIn(event) : undefined;
    if (prompt === undefined) continue;
    at = lines.indexOf(prompt, at) + 1;
    if (at === 0) throw new Error(`the agent has forgotten ${prompt}; it knows:\n${remembered}`);
  }
}
