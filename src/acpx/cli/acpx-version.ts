import type { AppConfig } from '../../config/app-config.js';
import type { Clock } from '../../common/clock.js';
import type { ProcessSupervisor } from '../../processes/process-supervisor.js';
import type { RunnerVersion } from '../acpx-runner.js';
import { findExecutable } from '../../processes/executables.js';
import { finishCommand } from './acpx-command.js';
import type { AcpxProgram } from './acpx-program.js';
import type { CliLimits } from './cli-limits.js';

const VERSION = /\d+\.\d+\.\d+\S*/;

/** Reads the version of the acpx in use; an operator's own is asked, at most once in `versionCacheMs`. */
export class AcpxVersion {
  private known: { readonly atMs: number; readonly version: Promise<RunnerVersion> } | undefined;

  constructor(
    private readonly config: AppConfig,
    private readonly program: AcpxProgram,
    private readonly supervisor: ProcessSupervisor,
    private readonly clock: Clock,
    private readonly limits: CliLimits,
  ) {}

  /** @throws never; a version that cannot be read is null. */
  read(): Promise<RunnerVersion> {
    const { bundledVersion } = this.program;
    if (bundledVersion !== null) return Promise.resolve({ isPresent: true, version: bundledVersion });
    const nowMs = this.clock.monotonicMs();
    if (this.known === undefined || nowMs - this.known.atMs > this.limits.versionCacheMs) {
      const isPresent = findExecutable(this.program.command, this.config.agentEnv.PATH ?? '') !== undefined;
      const version = isPresent ? this.probe().catch(() => null) : Promise.resolve(null);
      this.known = { atMs: nowMs, version: version.then((found) => ({ isPresent, version: found })) };
    }
    return this.known.version;
  }

  private async probe(): Promise<string | null> {
    const marker = await this.supervisor.newMarker('probe', 'acpx');
    try {
      const process = this.supervisor.spawn({
        label: 'acpx version',
        command: this.program.command,
        args: this.program.versionArgs(),
        cwd: this.config.dataDir,
        marker,
        input: '',
      });
      const outcome = await finishCommand(process, this.limits.versionProbeMs, this.limits.killGraceMs);
      return outcome.exit?.code === 0 ? (VERSION.exec(outcome.stdout)?.[0] ?? null) : null;
    } finally {
      await this.supervisor.forget(marker);
    }
  }
}
