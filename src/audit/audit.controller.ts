import { Controller, Get, Query } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { ApiProblems } from '../common/api-problems.js';
import { AdminRoute } from '../common/access.js';
import { toUnixSecs } from '../core/time.js';
import { AuditTrail } from './audit-trail.js';
import { AuditPageQuery, AuditPageResponse } from './dto/audit.dto.js';

@ApiTags('Admin')
@AdminRoute()
@Controller('admin/audit')
export class AuditController {
  constructor(private readonly trail: AuditTrail) {}

  /** Pages through the audit trail of all apps, newest first. */
  @Get()
  @ApiProblems('validation_failed', 'invalid_cursor')
  async page(@Query() query: AuditPageQuery): Promise<AuditPageResponse> {
    const { rows, next } = await this.trail.page(query);
    const events = rows.map((row) => ({
      id: row.id,
      app_name: row.appName,
      session_id: row.sessionId,
      event: row.event,
      detail: row.detail === null ? null : (JSON.parse(row.detail) as Record<string, unknown>),
      created_at: toUnixSecs(row.createdAtMs),
    }));
    return { count: events.length, events, next };
  }
}
