import type { Clock } from '../../common/clock.js';
import type { TurnEvent } from '../../core/claude/backend-event.js';
import { textOf, type ChatMessage } from '../../core/claude/chat-message.js';
import { readTranscriptLine } from '../../core/claude/transcript-record.js';
import { TURN_LIMITS, type TurnLimits } from '../../core/claude/turn-progress.js';
import type { ClaudeSession, TurnEnd } from '../claude-session.js';
import type { TranscriptWatcher } from '../transcript-watcher.js';
import type { ClaudeTerminal } from './claude-terminal.js';
import { terminalTurn } from './terminal-turn.js';
import type { WatchedTerminal } from './watched-terminal.js';

export interface TerminalSessionParts {
  readonly sessionId: string;
  readonly terminal: ClaudeTerminal;
  readonly watcher: TranscriptWatcher;
  readonly clock: Clock;
  readonly limits?: TurnLimits;
}

/** An interactive claude in a terminal: prompts are typed, answers read from its transcript. */
export class TerminalSession implements ClaudeSession {
  readonly ended: Promise<void>;
  readonly terminal: WatchedTerminal | null;
  private isIntact = true;

  constructor(private readonly parts: TerminalSessionParts) {
    this.terminal = parts.terminal.watched;
    this.ended = parts.terminal.exited.then(() => undefined);
  }

  get pid(): number | undefined {
    return this.parts.terminal.pid;
  }

  /** Only the text of the prompt can be typed; see `ClaudeSession.turn`. */
  async *turn(
    prompt: ChatMessage['content'],
    signal: AbortSignal,
  ): AsyncGenerator<TurnEvent, TurnEnd, undefined> {
    const { sessionId, terminal, watcher, clock, limits = TURN_LIMITS } = this.parts;
    const text = textOf(prompt);
    const turn = terminalTurn({ sessionId, prompt: text, terminal, watcher, clock, limits, signal });
    this.isIntact = false;
    const end = yield* turn;
    this.isIntact = !end.isCompacted;
    return end;
  }

  isReusable(): Promise<boolean> {
    // A transcript that cannot be read is none to go on with.
    return this.look().catch(() => false);
  }

  close(): Promise<void> {
    return this.parts.terminal.close();
  }

  private async look(): Promise<boolean> {
    const { terminal, watcher, sessionId } = this.parts;
    if (!this.isIntact || terminal.hasExited || terminal.wasTouched) return false;
    const later = (await watcher.read()).map((line) => readTranscriptLine(line)?.kind);
    const status = await terminal.status();
    const isSame = status.sessionId === null || status.sessionId === sessionId;
    // Another writer's words, or a compaction, make it another conversation; a late end of the turn does not.
    this.isIntact =
      !watcher.wasLost && isSame && later.every((kind) => kind === undefined || kind === 'turn-ended');
    return this.isIntact;
  }
}
