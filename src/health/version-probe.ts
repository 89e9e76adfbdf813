import { Injectable, Logger, type OnApplicationBootstrap } from '@nestjs/common';
import { AcpxRunner, type RunnerVersion } from '../acpx/acpx-runner.js';
import { ClaudeVersion, type ClaudeVersionState } from '../claude-code/claude-version.js';
import { DrainSwitch } from '../common/drain.js';

const PROBE_EVERY_MS = 60_000;

/** Knows the versions of `claude` and `acpx`; probes them in the background, so that no request waits for a process. */
@Injectable()
export class VersionProbe implements OnApplicationBootstrap {
  private readonly logger = new Logger(VersionProbe.name);
  private acpxVersion: RunnerVersion = { isPresent: false, version: null };
  private timer: NodeJS.Timeout | undefined;
  private probing: Promise<void> = Promise.resolve();

  constructor(
    private readonly claudeVersion: ClaudeVersion,
    private readonly runner: AcpxRunner,
    private readonly drain: DrainSwitch,
  ) {}

  get claude(): ClaudeVersionState {
    return this.claudeVersion.state;
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
      await this.claudeVersion.check();
    } catch (error) {
      this.logger.warn({ err: error }, 'versions could not be probed');
    }
    if (this.drain.isDraining) return;
    this.timer = setTimeout(() => {
      this.probing = this.probeAndSchedule();
    }, PROBE_EVERY_MS).unref();
  }
}
