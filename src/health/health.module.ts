import { Module } from '@nestjs/common';
import { AcpxModule } from '../acpx/acpx.module.js';
import { ClaudeCodeModule } from '../claude-code/claude-code.module.js';
import { RunModule } from '../run/run.module.js';
import { SessionsModule } from '../sessions/sessions.module.js';
import { Gauges } from './gauges.js';
import { HealthController } from './health.controller.js';
import { HealthService } from './health.service.js';
import { VersionProbe } from './version-probe.js';

@Module({
  imports: [AcpxModule, ClaudeCodeModule, RunModule, SessionsModule],
  controllers: [HealthController],
  providers: [Gauges, HealthService, VersionProbe],
  exports: [VersionProbe],
})
export class HealthModule {}
