import { setTimeout as sleep } from 'node:timers/promises';
import type { SplitLine } from '../../core/line-splitter.js';
import { messageOf } from '../../core/errors.js';
import type { AgentMessage } from '../../core/json-rpc.js';
import type { ExitStatus } from '../../processes/process-types.js';
import type { SupervisedProcess } from '../../processes/supervised-process.js';
import type { PromptItem, PromptOptions, PromptResult } from '../acpx-runner.js';
import type { CliLimits } from './cli-limits.js';
import { TurnOutput } from './turn-output.js';
import { isUnknownSessionExit } from './exit-errors.js';
import { isOutcomeOpen, turnResult, type StopCause } from './turn-result.js';

/** What a turn needs done outside of its own process. */
export interface TurnSurroundings {
  readonly limits: CliLimits;
  /** What has to be there before `spawn`. */
  prepare(): Promise<void>;
  spawn(): SupervisedProcess;
  /** Gives the place among those that start to the next: this one is up, or never will be. */
  leaveGate(): void;
  /** Runs one `acpx cancel`, whose process is gone when this resolves; `signal` stops it. */
  sendCancel(signal: AbortSignal): Promise<void>;
  /** Kills every process of the session. */
  sweep(): Promise<void>;
  /** Takes charge of the process of an answered prompt. */
  drain(process: SupervisedProcess): void;
  /** Cuts and redacts what is told to clients. */
  told(text: string): string;
  countNoise(lines: number): void;
  /** The agent's id of the session in which the prompt was sent: what is new of that. */
  sentTo(agentSessionId: string | null): Pick<PromptResult, 'agentSessionId' | 'contextLost'>;
}

/** One run of `acpx … prompt`, from its start to its one result. */
export class CliTurn {
  /** Whether acpx has no such session, so that the prompt was sent to nobody; known with the result. */
  isRefused = false;

  private readonly output: TurnOutput;
  private readonly over = new AbortController();
  private process: SupervisedProcess | undefined;
  private lines: AsyncIterator<SplitLine> | undefined;
  private cause: StopCause | undefined;
  private ladder: Promise<void> | undefined;
  private result: Promise<PromptResult> | undefined;

  constructor(
    private readonly options: PromptOptions,
    private readonly around: TurnSurroundings,
  ) {
    this.output = new TurnOutput(around.limits.maxLineBytes, around.limits.maxTurnBytes);
  }

  /** The turn's items. Leaving early cancels the turn; the iterator's `return` resolves when it is over. */
  async *items(): AsyncGenerator<PromptItem> {
    try {
      await this.start();
      let message = await this.read();
      while (message !== undefined) {
        if (this.cause?.kind !== 'failed') yield { kind: 'message', message };
        message = await this.read();
      }
      yield { kind: 'result', result: await this.settle() };
    } finally {
      await this.leave();
    }
  }

  /**
   * Ends the turn: the agent is asked to cancel, and swept when it does not answer. Nothing once it has answered.
   * Resolves, in bounded time, when the agent has let go of the turn.
   */
  async stop(cause: StopCause): Promise<void> {
    if (!this.over.signal.aborted && this.cause === undefined) {
      this.cause = cause;
      if (this.process !== undefined) this.ladder = this.descend(this.process);
    }
    await this.ladder;
  }

  private async start(): Promise<void> {
    const { signal, deadlines } = this.options;
    const cancel = (): void => void this.stop({ kind: 'cancelled' });
    if (signal.aborted) cancel();
    else signal.addEventListener('abort', cancel, { signal: this.over.signal });
    try {
      await this.around.prepare();
    } catch (error) {
      this.cause ??= { kind: 'failed', error: this.around.told(messageOf(error)) };
    }
    if (this.cause !== undefined) {
      this.around.leaveGate();
      return;
    }
    this.process = this.around.spawn();
    this.lines = this.process.lines[Symbol.asyncIterator]();
    const deadline = setTimeout(() => {
      void this.stop({ kind: 'timed_out', error: `acpx turn timed out after ${deadlines.totalSecs}s` });
    }, deadlines.totalSecs * 1000);
    this.over.signal.addEventListener('abort', () => clearTimeout(deadline), { once: true });
  }

  /** The next message; undefined when the answer was read before or the output has ended. */
  private async read(): Promise<AgentMessage | undefined> {
    while (this.lines !== undefined && this.output.answer === undefined) {
      const next = await this.lines.next();
      if (next.done === true) {
        this.output.end();
        return undefined;
      }
      this.around.leaveGate();
      const line = this.output.take(next.value);
      if (line.kind === 'too_much') void this.stop({ kind: 'failed', error: line.error });
      if (line.kind !== 'message') continue;
      // From here on the turn is answered; a time-out or cancel comes too late.
      if (line.isAnswer) this.over.abort();
      return line.message;
    }
    return undefined;
  }

  private settle(): Promise<PromptResult> {
    this.result ??= this.conclude();
    return this.result;
  }

  private async conclude(): Promise<PromptResult> {
    const { output, process } = this;
    const hasAnswer = output.answer !== undefined;
    const exit = hasAnswer ? undefined : await process?.exited;
    this.isRefused =
      this.cause === undefined && !output.isPrompted && exit !== undefined && isUnknownSessionExit(exit);
    this.over.abort();
    await this.ladder;
    if (output.noiseLines > 0) this.around.countNoise(output.noiseLines);
    if (process !== undefined && hasAnswer) this.around.drain(process);
    else if (exit !== undefined && this.mayStillWork(exit)) await this.around.sweep();
    const errorText = output.errorText();
    return {
      ...turnResult({
        cause: this.cause,
        answer: output.answer,
        exit,
        errorText: errorText === undefined ? undefined : this.around.told(errorText),
      }),
      ...this.around.sentTo(output.agentSessionId),
      stderr: this.around.told(process?.stderrTail() ?? ''),
      costUsd: output.costUsd,
    };
  }

  /** Whether an agent may be at work still, now that acpx has ended without an answer. */
  private mayStillWork(exit: ExitStatus): boolean {
    // A cancel that comes before the prompt was sent ends acpx in peace, and without an answer.
    if (this.cause !== undefined && exit.code === 0) return false;
    return isOutcomeOpen(this.output.errorObject);
  }

  private async leave(): Promise<void> {
    if (this.result !== undefined) return;
    void this.stop({ kind: 'cancelled' });
    while ((await this.read()) !== undefined);
    await this.settle();
  }

  private async descend(process: SupervisedProcess): Promise<void> {
    const { cancelGraceMs, cancelAgainMs, killGraceMs } = this.around.limits;
    const given = AbortSignal.any([this.over.signal, AbortSignal.timeout(cancelGraceMs)]);
    while (!given.aborted) {
      // Again and again: acpx knows no prompt that it has not begun, and takes the one before it for this one while
      // that still drains. The command is gone before the turn is over, so that it cannot hit the next turn.
      await this.around.sendCancel(given);
      await sleep(cancelAgainMs, undefined, { signal: given }).catch(() => undefined);
    }
    if (this.over.signal.aborted) return;
    await process.stop(killGraceMs);
    await this.around.sweep();
  }
}
