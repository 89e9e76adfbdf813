import type { TurnEvent } from './backend-event.js';
import type { TranscriptRecord } from './transcript-record.js';
import { ClaudeTurnError } from './turn-error.js';

export type TurnPhase = 'sent' | 'acknowledged' | 'running' | 'ended';

/** What claude's own registry says of a session; `unknown` where it cannot be read. */
export interface ClaudeStatus {
  readonly state: 'idle' | 'busy' | 'waiting' | 'unknown';
  /** Whom claude is now; another id than ours means that it left the conversation. */
  readonly sessionId: string | null;
  readonly waitingFor: string | null;
}

export const UNKNOWN_STATUS: ClaudeStatus = { state: 'unknown', sessionId: null, waitingFor: null };

/** Milliseconds. */
export interface TurnLimits {
  /** After so long without the prompt in the transcript, Enter is pressed once more: typed too early, claude loses it. */
  readonly secondEnterMs: number;
  /** After so long the prompt counts as lost. */
  readonly acknowledgeMs: number;
  /** An answered turn that claude does not declare ended is over after so long a silence. */
  readonly quietMs: number;
  /** A claude that has been idle for so long without having answered will not answer any more: Esc was pressed. */
  readonly idleMs: number;
}

export const TURN_LIMITS: TurnLimits = {
  secondEnterMs: 3000,
  acknowledgeMs: 15_000,
  quietMs: 1500,
  idleMs: 5000,
};

const FINAL_STOP_REASONS = new Set(['end_turn', 'stop_sequence', 'max_tokens', 'refusal']);

/**
 * The steps of one turn in a terminal, from what the transcript and the registry show: sent, acknowledged, running, ended.
 * It has no clock; every call brings the time, in milliseconds of a clock that never steps back.
 */
export class TurnProgress {
  phase: TurnPhase = 'sent';
  stopReason: string | null = null;
  /** Claude has replaced the history by a summary of it. */
  isCompacted = false;
  private isAnswered = false;
  private hasSecondEnter = false;
  private wasBusy = false;
  /** When claude last showed that it works, by a record or by being busy. */
  private lastSignMs: number;

  constructor(
    private readonly sessionId: string,
    private readonly limits: TurnLimits,
    private readonly sentMs: number,
  ) {
    this.lastSignMs = sentMs;
  }

  /**
   * Takes a record of the transcript; the event that callers are told of, if it is one.
   * @throws ClaudeTurnError when it says that the turn failed.
   */
  take(record: TranscriptRecord, nowMs: number): TurnEvent | undefined {
    this.lastSignMs = nowMs;
    switch (record.kind) {
      case 'prompt':
        if (this.phase === 'sent') this.phase = 'acknowledged';
        return record.event;
      case 'tool-result':
        this.isAnswered = false;
        return record.event;
      case 'assistant':
        this.phase = 'running';
        this.stopReason = record.event.stopReason;
        this.isAnswered = FINAL_STOP_REASONS.has(record.event.stopReason ?? '');
        return record.event;
      case 'turn-ended':
        // One that comes before the prompt belongs to the turn before.
        if (this.phase !== 'sent') this.phase = 'ended';
        return undefined;
      case 'compacted':
        this.isCompacted = true;
        return undefined;
      case 'interrupted':
        throw new ClaudeTurnError('interrupted', 'the turn was interrupted in the terminal');
      case 'api-error':
        throw new ClaudeTurnError('api_error', record.message || 'the model API failed', {
          apiStatus: record.status,
        });
    }
  }

  /**
   * What is to be done when nothing (more) was written: wait, or press Enter once more. It may end the turn.
   * @throws ClaudeTurnError when the turn cannot end well any more.
   */
  look(status: ClaudeStatus, nowMs: number): 'wait' | 'press-enter' {
    if (this.phase === 'ended') return 'wait';
    if (status.state === 'waiting') {
      throw new ClaudeTurnError(
        'blocked',
        `claude waits for ${status.waitingFor ?? 'an answer in its terminal'}`,
      );
    }
    if (status.sessionId !== null && status.sessionId !== this.sessionId) {
      throw new ClaudeTurnError('session_changed', 'claude went over to another session');
    }
    if (status.state === 'busy') {
      this.wasBusy = true;
      this.lastSignMs = nowMs;
      return 'wait';
    }
    const silentMs = nowMs - this.lastSignMs;
    if (this.phase === 'sent') return this.wasBusy ? this.lookForLoss(silentMs) : this.lookForPrompt(nowMs);
    if (this.isAnswered && silentMs >= this.limits.quietMs) this.phase = 'ended';
    if (!this.isAnswered && status.state === 'idle' && silentMs >= this.limits.idleMs) {
      throw new ClaudeTurnError('interrupted', 'claude stopped working on the prompt without an answer');
    }
    return 'wait';
  }

  /** Claude has worked on something, and the transcript shows nothing of it: it can write there no more. */
  private lookForLoss(silentMs: number): 'wait' {
    if (silentMs < this.limits.idleMs) return 'wait';
    throw new ClaudeTurnError(
      'transcript_lost',
      'claude worked, but nothing of it is in its transcript; the disk may be full',
    );
  }

  private lookForPrompt(nowMs: number): 'wait' | 'press-enter' {
    const waitedMs = nowMs - this.sentMs;
    if (waitedMs >= this.limits.acknowledgeMs) {
      throw new ClaudeTurnError(
        'not_acknowledged',
        `claude did not take the prompt within ${this.limits.acknowledgeMs} ms`,
      );
    }
    if (this.hasSecondEnter || waitedMs < this.limits.secondEnterMs) return 'wait';
    this.hasSecondEnter = true;
    return 'press-enter';
  }
}
