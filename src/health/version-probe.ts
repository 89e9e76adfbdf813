import { randomUUID } from 'node:crypto';
import { Injectable, Logger, type OnApplicationBootstrap } from '@nestjs/common';
import { AcpxRunner, type RunnerVersion } from '../acpx/acpx-runner.js';
import { DrainSwitch } from '../common/drain.js';
import { AppConfig } from '../config/app-config.js';
import { ProcessSupervisor } from '../processes/process-supervisor.js';
import { ClaudeCli } from '../run/claude-cli.js';

const PROBE_EVERY_MS = 60_000;
const PROBE_TIMEOUT_MS = 10_000;

const ABSENT: RunnerVersion = { isPresent: false, version: null };

/** Knows the versions of `claude` and `acpx`; probes them in the background, so that no request waits for a process. */
@Injectable()
export class VersionProbe implements OnApplicationBootstrap {
  private readonly logger = new Logger(VersionProbe.name);
  private claudeVersion = ABSENT;
  private acpxVersion = ABSENT;
  private timer: NodeJS.Timeout | undefined;
  private probing: Promise<void> = Promise.resolve();

  constructor(
    private readonly config: AppConfig,
    private readonly claudeCli: ClaudeCli,
    private readonly runner: AcpxRunner,
    private readonly processes: ProcessSupervisor,
    private readonly drain: DrainSwitch,
  ) {}

  get claude(): RunnerVersion {
    return this.claudeVersion;
  }

  get acpx(): RunnerVersion {
    return this.acpxVersion;
  }

  onApplicationBootstrap(): void {
    this.probing = this.probeAndSchedule();
  }

  /** Resolves when no probe is under way, and none will follow. */
  async stop(): Promise<void> {
    clearTimeout(this.timer);
    await this.probing;
    clearTimeout(this.timer);
  }

  private async probeAndSchedule(): Promise<void> {
    try {
      this.acpxVersion = await this.runner.version();
      this.claudeVersion = await this.probeClaude();
    } catch (error) {
      this.logger.warn({ err: error }, 'versions could not be probed');
    }
    if (this.drain.isDraining) return;
    this.timer = setTimeout(() => {
      this.probing = this.probeAndSchedule();
    }, PROBE_EVERY_MS).unref();
  }

  private launchOfClaude(): readonly string[] | undefined {
    try {
      return this.claudeCli.launch();
    } catch {
      return undefined;
    }
  }

  private async probeClaude(): Promise<RunnerVersion> {
    const launch = this.launchOfClaude();
    if (launch === undefined) return ABSENT;
    const [command = '', ...first] = launch;
    const marker = await this.processes.newMarker('probe', randomUUID());
    try {
      const child = this.processes.spawn({
        label: 'claude version',
        command,
        args: [...first, '--version'],
        cwd: this.config.runsDir,
        marker,
        input: '',
        maxLineBytes: 64 * 1024,
      });
      const timer = setTimeout(() => void child.stop(), PROBE_TIMEOUT_MS);
      let text = '';
      for await (const line of child.lines) if (line.kind === 'line') text ||= line.text;
      clearTimeout(timer);
      const { code } = await child.exited;
      return { isPresent: true, version: code === 0 ? versionIn(text) : null };
    } finally {
      await this.processes.forget(marker);
    }
  }
}

/** The first thing in a line that looks like a version number. */
function versionIn(text: string): string | null {
  return /\d+\.\d+\.\d+[\w.+-]*/.exec(text)?.[0] ?? null;
}
