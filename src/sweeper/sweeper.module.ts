import { Module } from '@nestjs/common';
import { ScheduleModule } from '@nestjs/schedule';
import { AuditModule } from '../audit/audit.module.js';
import { SessionsModule } from '../sessions/sessions.module.js';
import { SweepSchedule } from './sweep.schedule.js';
import { SweeperService } from './sweeper.service.js';

@Module({
  imports: [ScheduleModule.forRoot(), AuditModule, SessionsModule],
  providers: [SweeperService, SweepSchedule],
  exports: [SweeperService],
})
export class SweeperModule {}
