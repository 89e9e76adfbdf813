import type { AppConfig } from '../../config/app-config.js';
import { secretsOf } from '../../config/secrets.js';
import type { JsonObject } from '../../core/json-rpc.js';
import { redact, tailOf } from '../../core/redaction.js';
import type { ProcessSupervisor } from '../../processes/process-supervisor.js';
import type { SupervisedProcess } from '../../processes/supervised-process.js';
import type { RunnerSession } from '../acpx-runner.js';
import { finishCommand, type CommandOutcome } from './acpx-command.js';
import type { AcpxProgram } from './acpx-program.js';
import { MAX_TOLD_CHARS, type CliLimits } from './cli-limits.js';

/** The acpx commands of a session, each a process with the session's marker. */
export class AcpxCommands {
  private readonly secrets: readonly string[];

  constructor(
    private readonly config: AppConfig,
    private readonly program: AcpxProgram,
    private readonly supervisor: ProcessSupervisor,
    private readonly limits: CliLimits,
  ) {
    this.secrets = secretsOf(config);
  }

  /** @param resumedId the agent's id of a conversation that the session is to go on with. */
  async create(session: RunnerSession, resumedId?: string | null): Promise<CommandOutcome> {
    await this.program.prepare();
    const args = this.program.createArgs(session, resumedId);
    return this.finish(session, 'acpx sessions new', args, this.limits.createMs);
  }

  async close(session: RunnerSession): Promise<CommandOutcome> {
    await this.program.prepare();
    return this.finish(session, 'acpx sessions close', this.program.closeArgs(session), this.limits.closeMs);
  }

  /** @param signal stops the command at once. */
  cancel(session: RunnerSession, signal: AbortSignal): Promise<CommandOutcome> {
    const { cancelCommandMs } = this.limits;
    return this.finish(session, 'acpx cancel', this.program.cancelArgs(session), cancelCommandMs, signal);
  }

  /** The process of a turn; its output is the caller's to read. `prepare` comes first. */
  prompt(session: RunnerSession, content: readonly JsonObject[]): SupervisedProcess {
    // Always as blocks: acpx would take plain text that begins with a bracket for some.
    const input = JSON.stringify(content);
    return this.spawn(session, 'acpx prompt', this.program.promptArgs(session), input);
  }

  prepare(): Promise<void> {
    return this.program.prepare();
  }

  /** The end of a text that came from an agent's side, redacted, fit to be shown to a client. */
  told(text: string): string {
    return tailOf(redact(text, this.secrets), MAX_TOLD_CHARS);
  }

  private finish(
    session: RunnerSession,
    label: string,
    args: string[],
    timeoutMs: number,
    signal?: AbortSignal,
  ): Promise<CommandOutcome> {
    const process = this.spawn(session, label, args, '');
    return finishCommand(process, timeoutMs, this.limits.killGraceMs, signal);
  }

  private spawn(session: RunnerSession, label: string, args: string[], input: string): SupervisedProcess {
    return this.supervisor.spawn({
      label,
      command: this.program.command,
      args,
      // The session's own directory goes by --cwd; it may be gone by the time of a close.
      cwd: this.config.dataDir,
      marker: session.marker,
      input,
      maxLineBytes: this.limits.maxLineBytes,
    });
  }
}
