import { Controller, Get, Header, Query } from '@nestjs/common';
import { ApiOkResponse, ApiTags } from '@nestjs/swagger';
import { ApiProblems } from '../common/api-problems.js';
import { AdminRoute } from '../common/access.js';
import { AdminSessionPageQuery, AdminSessionPageResponse } from './dto/session.dto.js';
import { sessionPageJson, ADMIN_STATE_JSON } from './session-page.js';
import { SessionStore } from './session-store.js';

@ApiTags('Admin')
@AdminRoute()
@Controller('admin/sessions')
export class AdminSessionsController {
  constructor(private readonly store: SessionStore) {}

  /** Lists the sessions of all apps, newest first. */
  @Get()
  @Header('content-type', 'application/json; charset=utf-8')
  @ApiOkResponse({ type: AdminSessionPageResponse })
  @ApiProblems('validation_failed', 'invalid_cursor')
  async list(@Query() query: AdminSessionPageQuery): Promise<string> {
    const { app, open, after, limit } = query;
    return sessionPageJson(
      await this.store.page({ appName: app, isOpen: open, after, limit }, ADMIN_STATE_JSON),
    );
  }
}
