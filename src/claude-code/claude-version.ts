import { stat } from 'node:fs/promises';
import { Injectable, Logger } from '@nestjs/common';
import { AppConfig } from '../config/app-config.js';
import { ProcessSupervisor } from '../processes/process-supervisor.js';
import { claudeProgram } from './claude-program.js';
import { TESTED_CLAUDE_VERSION } from './tested-version.js';

const LIMIT_MS = 20_000;

export interface ClaudeVersionState {
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
  private found: string | null = null;
  /** Which file was asked; undefined before the first check. */
  private asked: string | undefined;

  constructor(
    private readonly config: AppConfig,
    private readonly processes: ProcessSupervisor,
  ) {}

  get state(): ClaudeVersionState {
    const isTested = this.found === null ? null : this.found === TESTED_CLAUDE_VERSION;
    return { found: this.found, tested: TESTED_CLAUDE_VERSION, isTested };
  }

  /** Checks again when another program stands in its place since the last check, as after an upgrade. @throws never. */
  async checkIfReplaced(): Promise<void> {
    if (this.asked !== undefined && this.asked !== (await this.identity())) await this.check();
  }

  /** Asks claude for its version and warns when it is another than the tested one. @throws never. */
  async check(): Promise<void> {
    this.asked = await this.identity();
    try {
      this.found = await this.ask();
      const { found, tested, isTested } = this.state;
      if (isTested === false) {
        this.logger.warn(
          { found, tested },
          'claude is not the version that the Claude Code backend was tested with',
        );
      }
    } catch (error) {
      this.logger.warn({ err: error }, 'the version of claude could not be read');
    }
  }

  private async identity(): Promise<string> {
    try {
      const { dev, ino, size, mtimeMs } = await stat(claudeProgram(this.config).at(-1) ?? '');
      return [dev, ino, size, mtimeMs].join();
    } catch {
      return 'none';
    }
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
      });
      const timer = setTimeout(() => void child.stop(), LIMIT_MS);
      let text = '';
      for await (const line of child.lines) if (line.kind === 'line') text += `${line.text}\n`;
      clearTimeout(timer);
      return /\d+\.\d+\.\d+/.exec(text)?.[0] ?? null;
    } finally {
      await this.processes.forget(marker);
    }
  }
}
