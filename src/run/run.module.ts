import { Module } from '@nestjs/common';
import { FilesModule } from '../files/files.module.js';
import { AdminRunsController } from './admin-runs.controller.js';
import { ClaudeCli } from './claude-cli.js';
import { RunLedger } from './run-ledger.js';
import { RunController } from './run.controller.js';
import { RunService } from './run.service.js';

@Module({
  imports: [FilesModule],
  controllers: [RunController, AdminRunsController],
  providers: [ClaudeCli, RunLedger, RunService],
  exports: [RunLedger, RunService],
})
export class RunModule {}
