import { Injectable, Logger } from '@nestjs/common';
import { AppConfig } from '../config/app-config.js';
import { findExecutable } from '../processes/executables.js';
import { ProcessSupervisor } from '../processes/process-supervisor.js';
import { claudeProgram } from './claude-program.js';
import { TESTED_CLAUDE_VERSION } from './tested-version.js';

const LIMIT_MS = 20_000;

export interface ClaudeVersionState {
  readonly isPresent: boolean;
  /** Null while unknown: not asked yet, not installed, or no version in its answer. */
  readonly found: string | null;
  readonly tested: string;
  /** Null while `found` is. */
  readonly isTested: boolean | null;
}

/** Which claude is here, against the one that the backend was measured with. */
@Injectable()
export class ClaudeVersion {
  private readonly logger = new Logger(ClaudeVersion.name);
  private isPresent = false;
  private found: string | null = null;
  private warnedOf: string | null = null;

  constructor(
    private readonly config: AppConfig,
    private readonly processes: ProcessSupervisor,
  ) {}

  get state(): ClaudeVersionState {
    const { isPresent, found } = this;
    const isTested = found === null ? null : found === TESTED_CLAUDE_VERSION;
    return { isPresent, found, tested: TESTED_CLAUDE_VERSION, isTested };
  }

  /**
   * Asks claude for its version; warns, once for each, when it is another than the tested one.
   * @throws when there is a claude that cannot be asked.
   */
  async check(): Promise<void> {
    const { claudeBin, agentEnv } = this.config;
    this.isPresent = findExecutable(claudeBin, agentEnv.PATH ?? '') !== undefined;
    this.found = this.isPresent ? await this.ask() : null;
    const { found, tested, isTested } = this.state;
    if (isTested !== false || found === this.warnedOf) return;
    this.warnedOf = found;
    this.logger.warn(
      { found, tested },
      'claude is not the version that the Claude Code backend was tested with',
    );
  }

  private async ask(): Promise<string | null> {
    const [command, ...first] = claudeProgram(this.config);
    const marker = await this.processes.newMarker('probe', 'claude version');
    try {
      const child = this.processes.spawn({
        label: 'claude version',
        command,
        args: [...first, '--version'],
        cwd: this.config.dataDir,
        marker,
        input: '',
        maxLineBytes: 64 * 1024,
      });
      const timer = setTimeout(() => void child.stop(), LIMIT_MS);
      let line = '';
      for await (const next of child.lines) if (next.kind === 'line') line ||= next.text;
      clearTimeout(timer);
      const { code } = await child.exited;
      return code === 0 ? versionIn(line) : null;
    } finally {
      await this.processes.forget(marker);
    }
  }
}

/** The first thing in a line that looks like a version number. */
function versionIn(line: string): string | null {
  return /\d+\.\d+\.\d+[\w.+-]*/.exec(line)?.[0] ?? null;
}
