import { usageOf, type TurnEvent, type UserEvent } from '../../core/claude/backend-event.js';
import { textOf } from '../../core/claude/chat-message.js';
import { readTranscriptLine } from '../../core/claude/transcript-record.js';
import { ClaudeTurnError } from '../../core/claude/turn-error.js';
import { TurnProgress, type TurnLimits } from '../../core/claude/turn-progress.js';
import { isBrokenPaste } from '../../core/claude/typed-prompt.js';
import type { Clock } from '../../common/clock.js';
import { pause } from '../abort.js';
import type { TurnEnd } from '../claude-session.js';
import type { TranscriptWatcher } from '../transcript-watcher.js';
import type { ClaudeTerminal } from './claude-terminal.js';

/** How often the transcript is looked at during a turn, in milliseconds; claude writes it every 100 ms. */
const POLL_MS = 15;
/** A long prompt takes claude its time to read in: so much more for every line and every thousand characters. */
const MS_PER_LINE = 15;
const MS_PER_1000_CHARS = 50;

export interface TerminalTurn {
  readonly sessionId: string;
  readonly prompt: string;
  readonly terminal: ClaudeTerminal;
  readonly watcher: TranscriptWatcher;
  readonly clock: Clock;
  readonly limits: TurnLimits;
  readonly signal: AbortSignal;
}

export interface TerminalTurnEnd extends TurnEnd {
  readonly isCompacted: boolean;
}

/**
 * One turn: the prompt is typed, the transcript read until the turn is over.
 * @throws ClaudeTurnError, or the signal's reason.
 */
export async function* terminalTurn(
  turn: TerminalTurn,
): AsyncGenerator<TurnEvent, TerminalTurnEnd, undefined> {
  const { terminal, watcher, clock, signal } = turn;
  const events: TurnEvent[] = [];
  signal.throwIfAborted();
  await terminal.send(turn.prompt, signal);
  signal.throwIfAborted();
  const progress = new TurnProgress(turn.sessionId, limitsFor(turn), clock.monotonicMs());
  for (;;) {
    // Asked before the last look at the transcript, so that what claude wrote on its way out counts.
    const hadExited = terminal.hasExited;
    const lines = await watcher.read();
    if (watcher.wasLost)
      throw new ClaudeTurnError('transcript_lost', 'the transcript was deleted or cut short');
    for (const line of lines) {
      const record = readTranscriptLine(line);
      if (record?.kind === 'prompt' && !terminal.wasTouched) checkPrompt(turn, progress, record.event);
      const event = record === undefined ? undefined : progress.take(record, clock.monotonicMs());
      if (event === undefined) continue;
      events.push(event);
      yield event;
    }
    signal.throwIfAborted();
    if (!isOver(progress) && hadExited) {
      throw new ClaudeTurnError('process_exit', `claude ended; it showed: ${await terminal.lastWords()}`);
    }
    if (!isOver(progress) && progress.look(await terminal.status(), clock.monotonicMs()) === 'press-enter') {
      terminal.pressEnter();
    }
    if (isOver(progress)) {
      const { stopReason, isCompacted } = progress;
      // Nothing that claude writes in this mode tells the costs.
      return { stopReason: stopReason ?? 'end_turn', usage: usageOf(events), costUsd: null, isCompacted };
    }
    await pause(POLL_MS, signal);
  }
}

/** @throws ClaudeTurnError when the prompt of a record is not the one that was typed. */
function checkPrompt({ prompt }: TerminalTurn, { phase }: TurnProgress, { content }: UserEvent): void {
  if (phase !== 'sent') {
    throw new ClaudeTurnError('session_changed', 'somebody else wrote to the transcript');
  }
  if (isBrokenPaste(prompt, textOf(content))) {
    throw new ClaudeTurnError('not_acknowledged', 'the prompt arrived broken; the machine may be overloaded');
  }
}

function isOver(progress: TurnProgress): boolean {
  return progress.phase === 'ended';
}

function limitsFor({ prompt, limits }: TerminalTurn): TurnLimits {
  const lines = prompt.split('\n').length - 1;
  const moreMs = lines * MS_PER_LINE + (prompt.length / 1000) * MS_PER_1000_CHARS;
  return {
    ...limits,
    secondEnterMs: limits.secondEnterMs + moreMs,
    acknowledgeMs: limits.acknowledgeMs + moreMs,
  };
}
