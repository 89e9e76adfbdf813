import { ENTER, pasteBatches, typedPrompt } from '../../core/claude/typed-prompt.js';
import type { ClaudeStatus } from '../../core/claude/turn-progress.js';
import { ClaudeTurnError } from '../../core/claude/turn-error.js';
import type { ExitStatus } from '../../processes/process-types.js';
import type { PseudoTerminal } from '../../processes/pseudo-terminal.js';
import { pause } from '../abort.js';
import type { ClaudeTerminal } from './claude-terminal.js';
import { readRegistry } from './session-registry.js';
import { TerminalScreen } from './terminal-screen.js';
import { TERMINAL_BOUNDS, type WatchedTerminal } from './watched-terminal.js';

/** Wide, so that lines of text are seldom broken. */
export const TERMINAL_SIZE = { columns: 120, rows: 40 } as const;

const POLL_MS = 15;
/** claude ends its tools on SIGTERM within this. */
const STOP_GRACE_MS = 3000;
const LAST_WORDS_CHARS = 600;
const READ_LIMIT_MS = 1000;

export interface TerminalParts {
  readonly pty: PseudoTerminal;
  readonly configDir: string;
  /** Ends what the program left behind, once it is stopped. */
  readonly dispose: () => Promise<void>;
}

/** The real claude in a pseudo-terminal, with the screen that it draws. */
export class PtyClaudeTerminal implements ClaudeTerminal {
  wasTouched = false;
  readonly exited: Promise<ExitStatus>;
  readonly watched: WatchedTerminal;
  private readonly screen = new TerminalScreen(TERMINAL_SIZE.columns, TERMINAL_SIZE.rows);
  private closing: Promise<void> | undefined;

  constructor(private readonly parts: TerminalParts) {
    this.exited = parts.pty.exited;
    parts.pty.onOutput((text) => this.screen.write(text));
    this.watched = {
      ended: this.exited.then(() => undefined),
      snapshot: () => this.screen.snapshot(),
      follow: (follower) => this.screen.follow(follower),
      type: (text) => {
        this.wasTouched = true;
        parts.pty.write(text);
      },
      resize: (columns, rows) => this.resize(columns, rows),
    };
  }

  get pid(): number | undefined {
    return this.parts.pty.pid;
  }

  get hasExited(): boolean {
    return this.parts.pty.hasExited;
  }

  /**
   * Resolves when claude waits for its first prompt: what is typed earlier loses its Enter.
   * @throws ClaudeTurnError `not_ready` after `limitMs` milliseconds or when claude ends; the signal's reason when aborted.
   */
  async ready(limitMs: number, signal: AbortSignal): Promise<void> {
    const limit = AbortSignal.timeout(limitMs);
    const either = AbortSignal.any([limit, signal]);
    while (!this.hasExited) {
      signal.throwIfAborted();
      const { state } = await this.status();
      if (state === 'idle') return;
      if (limit.aborted || state === 'waiting') {
        const words = await this.lastWords();
        throw new ClaudeTurnError(
          'not_ready',
          `claude was not ready within ${limitMs} ms; it shows: ${words}`,
        );
      }
      await pause(POLL_MS, either);
    }
    const { spawnError } = await this.exited;
    throw spawnError === null
      ? new ClaudeTurnError('not_ready', `claude ended at once; it showed: ${await this.lastWords()}`)
      : new ClaudeTurnError('not_ready', `claude could not be started: ${spawnError.message}`);
  }

  async send(prompt: string, signal: AbortSignal): Promise<void> {
    const batches = pasteBatches(typedPrompt(prompt));
    const last = batches.pop() ?? '';
    for (const batch of batches) {
      if (signal.aborted || this.hasExited) return;
      const isRead = this.nextOutput(signal);
      this.parts.pty.write(batch);
      await isRead;
    }
    this.parts.pty.write(last + ENTER);
  }

  pressEnter(): void {
    this.parts.pty.write(ENTER);
  }

  status(): Promise<ClaudeStatus> {
    return readRegistry(this.parts.configDir);
  }

  async lastWords(): Promise<string> {
    const { text } = await this.screen.snapshot();
    return text.replace(/\s+/g, ' ').trim().slice(-LAST_WORDS_CHARS);
  }

  close(): Promise<void> {
    return (this.closing ??= this.stop());
  }

  private async stop(): Promise<void> {
    await this.parts.pty.stop(STOP_GRACE_MS);
    await this.parts.dispose();
    this.screen.dispose();
  }

  /** Claude draws what it has read. It may also draw nothing, so this waits no longer than a second. */
  private async nextOutput(signal: AbortSignal): Promise<void> {
    const drawn = new AbortController();
    const stop = this.parts.pty.onOutput(() => drawn.abort());
    await pause(READ_LIMIT_MS, AbortSignal.any([signal, drawn.signal]));
    stop();
  }

  private resize(columns: number, rows: number): void {
    if (this.hasExited) return;
    const { minColumns, maxColumns, minRows, maxRows } = TERMINAL_BOUNDS;
    const width = between(minColumns, Math.trunc(columns), maxColumns);
    const height = between(minRows, Math.trunc(rows), maxRows);
    this.screen.resize(width, height);
    this.parts.pty.resize(width, height);
  }
}

function between(min: number, value: number, max: number): number {
  return Math.min(max, Math.max(min, value));
}
