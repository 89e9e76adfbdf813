import { Injectable } from '@nestjs/common';
import { Clock } from '../common/clock.js';
import { DrainSwitch } from '../common/drain.js';
import { AppConfig } from '../config/app-config.js';
import { SERVER_VERSION } from '../config/server-version.js';
import { Ledger } from '../database/ledger.js';
import { OpenSessions } from '../sessions/open-sessions.js';
import type { HealthResponse } from './dto/health.dto.js';
import { VersionProbe } from './version-probe.js';

@Injectable()
export class HealthService {
  private readonly startedMs: number;

  constructor(
    private readonly config: AppConfig,
    private readonly versions: VersionProbe,
    private readonly openSessions: OpenSessions,
    private readonly ledger: Ledger,
    private readonly drain: DrainSwitch,
    private readonly clock: Clock,
  ) {
    this.startedMs = clock.monotonicMs();
  }

  health(): HealthResponse {
    const { claude, acpx } = this.versions;
    return {
      ok: true,
      version: SERVER_VERSION,
      uptime_secs: Math.floor((this.clock.monotonicMs() - this.startedMs) / 1000),
      claude_present: claude.isPresent,
      claude_version: claude.found,
      claude_tested_version: claude.tested,
      acpx_present: acpx.isPresent,
      acpx_version: acpx.version,
      open_sessions: this.openSessions.count,
      max_live_sessions: this.config.maxLiveSessions,
    };
  }

  /** @throws GatewayError `draining`, `storage_unavailable`. */
  async assertReady(): Promise<void> {
    this.drain.assertOpen();
    await this.ledger.read((manager) => manager.query('SELECT 1'));
  }
}
