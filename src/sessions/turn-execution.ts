import { createHash } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { AcpxRunner, type PromptResult, type TurnDeadlines } from '../acpx/acpx-runner.js';
import { Clock } from '../common/clock.js';
import { messageTextOf } from '../core/acp-messages.js';
import { messageOf } from '../core/errors.js';
import type { AgentMessage, JsonObject } from '../core/json-rpc.js';
import { eventOfMessage, type ReadEvent } from '../core/session-events.js';
import type { TurnTimer } from '../metrics/turn-timer.js';
import { EventLog } from './events/event-log.js';
import { toRunnerSession } from './session.mapper.js';
import { SessionOptionsReader, storedOptionsOf } from './session-options.js';
import { type AcceptedTurn, TurnLedger } from './turn-ledger.js';
import { outcomeData, type TurnOutcome } from './turn-outcome.js';

export interface TurnCommand {
  /** ACP content blocks. */
  readonly content: readonly JsonObject[];
  readonly deadlines: TurnDeadlines;
  /** Whether the caller wants the messages in the answer. */
  readonly collectsEvents: boolean;
  readonly timer: TurnTimer;
}

/** Takes one turn from the agent into the event log, message by message, and records its end. */
@Injectable()
export class TurnExecution {
  /** Per session the SHA-256 of the last list of commands; agents repeat it, some 12 kB each time. */
  private readonly lastCommands = new Map<string, string>();

  constructor(
    private readonly runner: AcpxRunner,
    private readonly turns: TurnLedger,
    private readonly log: EventLog,
    private readonly options: SessionOptionsReader,
    private readonly clock: Clock,
  ) {}

  /** @throws GatewayError `storage_unavailable` when the turn has ended but could not be recorded yet. */
  async run(turn: AcceptedTurn, command: TurnCommand, signal: AbortSignal): Promise<TurnOutcome> {
    const startedMs = this.clock.monotonicMs();
    const events: JsonObject[] = [];
    const texts: string[] = [];
    const result = await this.converse(turn, command, signal, (message) => {
      if (command.collectsEvents) events.push(message.value);
      const text = messageTextOf(message.value);
      if (text !== undefined) texts.push(text);
    });
    const outcome = {
      sessionId: turn.session.id,
      turnId: turn.id,
      turnIndex: turn.turnIndex,
      result,
      text: texts.join(''),
      durationMs: Math.round(this.clock.monotonicMs() - startedMs),
    };
    await this.turns.end(turn, {
      status: result.status,
      result,
      durationMs: outcome.durationMs,
      eventData: outcomeData(outcome),
    });
    command.timer.end(turn.session.agent, result.status, outcome.durationMs);
    return { ...outcome, events };
  }

  /** Forgets what is remembered of a closed session. */
  forget(sessionId: string): void {
    this.lastCommands.delete(sessionId);
  }

  private async converse(
    turn: AcceptedTurn,
    { content, deadlines, timer }: TurnCommand,
    signal: AbortSignal,
    onMessage: (message: AgentMessage) => void,
  ): Promise<PromptResult> {
    const ending = new AbortController();
    const cancel = (): void => ending.abort(signal.reason);
    if (signal.aborted) cancel();
    else signal.addEventListener('abort', cancel);
    let storageError: unknown;
    const session = toRunnerSession(
      turn.session,
      this.options.toRunnerOptions(storedOptionsOf(turn.session)),
    );
    const items = this.runner.prompt(session, content, { deadlines, signal: ending.signal });
    for await (const item of timer.watch(items)) {
      if (item.kind === 'result') {
        return storageError === undefined ? item.result : failedByStorage(item.result, storageError);
      }
      if (storageError !== undefined) continue;
      onMessage(item.message);
      this.append(turn, item.message);
      const room = this.log.room();
      if (room === undefined) continue;
      try {
        await room;
      } catch (error) {
        // A turn whose events cannot be stored is cancelled: its agent must not go on unseen.
        storageError = error;
        ending.abort(error);
      }
    }
    throw new Error('the runner ended a turn without a result');
  }

  private append(turn: AcceptedTurn, message: AgentMessage): void {
    const event = eventOfMessage(message.value);
    if (event.type === 'commands.updated' && this.isRepeated(turn.session.id, event)) {
      this.log.append(this.turns.eventOf(turn, event.type, { unchanged: true }));
      return;
    }
    this.log.append(this.turns.eventOf(turn, event.type, event.data, oneLine(message)));
  }

  private isRepeated(sessionId: string, event: ReadEvent): boolean {
    const hash = createHash('sha256').update(JSON.stringify(event.data)).digest('hex');
    const isRepeated = this.lastCommands.get(sessionId) === hash;
    this.lastCommands.set(sessionId, hash);
    return isRepeated;
  }
}

function failedByStorage(result: PromptResult, error: unknown): PromptResult {
  return { ...result, status: 'failed', stopReason: 'error', error: messageOf(error) };
}

/** A carriage return may stand between the tokens of a line; in an event stream it would end the line. */
function oneLine({ raw, value }: AgentMessage): string {
  return raw.includes('\r') ? JSON.stringify(value) : raw;
}
