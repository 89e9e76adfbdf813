import { Controller, Get, Query } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { ApiProblems } from '../common/api-problems.js';
import { AdminRoute } from '../common/access.js';
import { RunPageQuery, RunPageResponse } from './dto/run.dto.js';
import { RunLedger } from './run-ledger.js';
import { toRunRecordResponse } from './run.mapper.js';

@ApiTags('Admin')
@AdminRoute()
@Controller('admin/runs')
export class AdminRunsController {
  constructor(private readonly runs: RunLedger) {}

  /** Lists the one-shot runs and completions of all apps, newest first. */
  @Get()
  @ApiProblems('validation_failed', 'invalid_cursor')
  async list(@Query() query: RunPageQuery): Promise<RunPageResponse> {
    const { rows, next } = await this.runs.page(query);
    return { count: rows.length, runs: rows.map(toRunRecordResponse), next };
  }
}
