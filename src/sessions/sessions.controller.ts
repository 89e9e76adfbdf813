import { Body, Controller, Delete, Get, Header, HttpCode, Param, Patch, Post, Query } from '@nestjs/common';
import { ApiOkResponse, ApiTags } from '@nestjs/swagger';
import { ApiProblems, BODY_PROBLEMS, IDEMPOTENCY_PROBLEMS } from '../common/api-problems.js';
import { AppRoute } from '../common/access.js';
import { type AppCaller, Caller } from '../common/caller.js';
import { Idempotent } from '../idempotency/idempotent.decorator.js';
import {
  ChangeSessionRequest,
  CloseSessionResponse,
  CreateSessionRequest,
  CreateSessionResponse,
  SessionPageQuery,
  SessionPageResponse,
  SessionResponse,
} from './dto/session.dto.js';
import { sessionPageJson, STATE_JSON } from './session-page.js';
import { SessionStore } from './session-store.js';
import {
  toCreateSessionResponse,
  toNewSession,
  toSessionPatch,
  toSessionResponse,
} from './session.mapper.js';
import { SessionsService } from './sessions.service.js';

@ApiTags('Sessions')
@AppRoute()
@Controller('sessions')
export class SessionsController {
  constructor(
    private readonly sessions: SessionsService,
    private readonly store: SessionStore,
  ) {}

  /** Opens a session with an agent. */
  @Post()
  @HttpCode(200)
  @Idempotent()
  @ApiProblems(...BODY_PROBLEMS, ...IDEMPOTENCY_PROBLEMS, 'pool_full', 'agent_not_installed', 'agent_failed')
  async create(@Caller() app: AppCaller, @Body() body: CreateSessionRequest): Promise<CreateSessionResponse> {
    return toCreateSessionResponse(await this.sessions.create(app, toNewSession(body)));
  }

  /** Lists the caller's sessions, newest first. */
  @Get()
  @Header('content-type', 'application/json; charset=utf-8')
  @ApiOkResponse({ type: SessionPageResponse })
  @ApiProblems('validation_failed', 'invalid_cursor')
  async list(@Caller() app: AppCaller, @Query() query: SessionPageQuery): Promise<string> {
    const { open, after, limit } = query;
    return sessionPageJson(
      await this.store.page({ appName: app.appName, isOpen: open, after, limit }, STATE_JSON),
    );
  }

  /** Tells the state of a session. */
  @Get(':session_id')
  @ApiProblems('session_not_found')
  async get(@Caller() app: AppCaller, @Param('session_id') sessionId: string): Promise<SessionResponse> {
    return toSessionResponse(await this.store.find(app.appName, sessionId));
  }

  /** Changes model, mode, options or meta of an open session, between its turns. */
  @Patch(':session_id')
  @ApiProblems(
    ...BODY_PROBLEMS,
    'session_not_found',
    'session_closed',
    'queue_full',
    'agent_failed',
    'pool_full',
  )
  async change(
    @Caller() app: AppCaller,
    @Param('session_id') sessionId: string,
    @Body() body: ChangeSessionRequest,
  ): Promise<SessionResponse> {
    return toSessionResponse(await this.sessions.change(app, sessionId, toSessionPatch(body)));
  }

  /** Closes a session; safe to repeat. A running turn is cancelled, turns that wait are refused. */
  @Delete(':session_id')
  @ApiProblems('session_not_found')
  async close(
    @Caller() app: AppCaller,
    @Param('session_id') sessionId: string,
  ): Promise<CloseSessionResponse> {
    return { ok: true, session_id: sessionId, already_closed: await this.sessions.close(app, sessionId) };
  }
}
