import { Injectable, Logger } from '@nestjs/common';
import { Cron, CronExpression } from '@nestjs/schedule';
import { Clock } from '../common/clock.js';
import { DrainSwitch } from '../common/drain.js';
import { AppConfig } from '../config/app-config.js';
import { SweeperService } from './sweeper.service.js';

/**
 * Ticks every second and sweeps when CLAWDFORGE_SWEEP_INTERVAL_SECS have passed since the last sweep began. A tick that comes
 * late is dropped by the scheduler; the next one sees that the sweep is overdue.
 */
@Injectable()
export class SweepSchedule {
  private readonly logger = new Logger(SweepSchedule.name);
  private lastSweepMs: number;

  constructor(
    private readonly sweeper: SweeperService,
    private readonly config: AppConfig,
    private readonly drain: DrainSwitch,
    private readonly clock: Clock,
  ) {
    this.lastSweepMs = clock.monotonicMs();
  }

  @Cron(CronExpression.EVERY_SECOND)
  async tick(): Promise<void> {
    const nowMs = this.clock.monotonicMs();
    if (this.drain.isDraining || nowMs - this.lastSweepMs < this.config.sweepIntervalSecs * 1000) return;
    this.lastSweepMs = nowMs;
    try {
      await this.sweeper.sweep();
    } catch (error) {
      this.logger.error({ err: error }, 'the sweep failed; the next one tries again');
    }
  }
}
