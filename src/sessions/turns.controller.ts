import { Body, Controller, Get, Headers, HttpCode, Param, Post, Query, Req, Res } from '@nestjs/common';
import { ApiOkResponse, ApiProduces, ApiResponse, ApiTags } from '@nestjs/swagger';
import type { Request, Response } from 'express';
import { AppRoute } from '../common/access.js';
import { ApiProblems, BODY_PROBLEMS, IDEMPOTENCY_PROBLEMS } from '../common/api-problems.js';
import { type AppCaller, Caller } from '../common/caller.js';
import { PageQuery } from '../common/page-query.dto.js';
import { preferredWaitSecs } from '../core/prefer.js';
import { isFinal } from '../core/turn-status.js';
import { Idempotent } from '../idempotency/idempotent.decorator.js';
import {
  TurnFailedResponse,
  TurnPageResponse,
  TurnRequestBody,
  TurnResponse,
  TurnStateResponse,
} from './dto/turn.dto.js';
import { SessionEventsService, wantsEventStream } from './events/session-events.service.js';
import { SessionStore } from './session-store.js';
import {
  toTurnFailedResponse,
  toTurnResponse,
  toTurnStateResponse,
  toTurnUnknownResponse,
} from './turn.mapper.js';
import { TurnRequests } from './turn-requests.js';
import { TurnStore } from './turn-store.js';
import { TurnsService } from './turns.service.js';

@ApiTags('Turns')
@AppRoute()
@Controller('sessions/:session_id')
export class TurnsController {
  constructor(
    private readonly sessions: SessionStore,
    private readonly turns: TurnsService,
    private readonly store: TurnStore,
    private readonly requests: TurnRequests,
    private readonly events: SessionEventsService,
  ) {}

  /**
   * Sends a turn and waits for its end. Turns of one session run one at a time, in the order of arrival. With
   * `Accept: text/event-stream` the turn is streamed and ends with its end event.
   */
  @Post('turn')
  @HttpCode(200)
  @Idempotent({ whenUnknown: ({ params }, error) => toTurnUnknownResponse(String(params.session_id), error) })
  @ApiProduces('application/json', 'text/event-stream')
  @ApiProblems(
    ...BODY_PROBLEMS,
    'idempotency_key_reused',
    'session_not_found',
    'session_closed',
    'queue_full',
  )
  @ApiOkResponse({ description: 'The turn ended, or was cancelled.', type: TurnResponse })
  @ApiResponse({ status: 502, description: 'The turn failed.', type: TurnFailedResponse })
  @ApiResponse({ status: 504, description: 'The turn ran out of time.', type: TurnFailedResponse })
  async turn(
    @Caller() app: AppCaller,
    @Param('session_id') sessionId: string,
    @Body() body: TurnRequestBody,
    @Req() request: Request,
    @Res({ passthrough: true }) response: Response,
  ): Promise<TurnResponse | TurnFailedResponse | undefined> {
    const isStream = wantsEventStream(request);
    const turnRequest = await this.requests.read(app, body, !isStream);
    if (isStream) {
      const { turn } = await this.turns.submit(app, sessionId, turnRequest);
      await this.events.streamTurn(app, turn, response);
      return undefined;
    }
    const outcome = await this.turns.run(app, sessionId, turnRequest);
    const { status } = outcome.result;
    if (status === 'completed' || status === 'cancelled') return toTurnResponse(outcome);
    response.status(status === 'timed_out' ? 504 : 502);
    return toTurnFailedResponse(outcome);
  }

  /** Sends a turn and answers at once; with `Prefer: wait=N` after its end or N seconds, whichever comes first. */
  @Post('turns')
  @HttpCode(202)
  @Idempotent()
  @ApiProblems(...BODY_PROBLEMS, ...IDEMPOTENCY_PROBLEMS, 'session_not_found', 'session_closed', 'queue_full')
  async submit(
    @Caller() app: AppCaller,
    @Param('session_id') sessionId: string,
    @Body() body: TurnRequestBody,
    @Headers('prefer') prefer: string | undefined,
    @Res({ passthrough: true }) response: Response,
  ): Promise<TurnStateResponse> {
    const { turn } = await this.turns.submit(app, sessionId, await this.requests.read(app, body, false));
    response.setHeader('location', `/sessions/${sessionId}/turns/${turn.id}`);
    const waitSecs = preferredWaitSecs(prefer);
    if (waitSecs !== undefined) {
      response.setHeader('preference-applied', `wait=${waitSecs}`);
      await this.turns.waitForEnd(turn.id, waitSecs * 1000);
    }
    return toTurnStateResponse(await this.store.find(sessionId, turn.id));
  }

  /** Lists the turns of a session, in the order of their indices. */
  @Get('turns')
  @ApiProblems('session_not_found', 'validation_failed', 'invalid_cursor')
  async list(
    @Caller() app: AppCaller,
    @Param('session_id') sessionId: string,
    @Query() query: PageQuery,
  ): Promise<TurnPageResponse> {
    await this.sessions.find(app.appName, sessionId);
    const { rows, next } = await this.store.page(sessionId, query.after, query.limit);
    return { turns: rows.map(toTurnStateResponse), next };
  }

  /** Tells the state of a turn. */
  @Get('turns/:turn_id')
  @ApiProblems('session_not_found', 'turn_not_found')
  async get(
    @Caller() app: AppCaller,
    @Param('session_id') sessionId: string,
    @Param('turn_id') turnId: string,
  ): Promise<TurnStateResponse> {
    await this.sessions.find(app.appName, sessionId);
    return toTurnStateResponse(await this.store.find(sessionId, turnId));
  }

  /** Cancels a turn that waits or runs, and answers when it has ended; safe to repeat. The session stays usable. */
  @Post('turns/:turn_id/cancel')
  @HttpCode(200)
  @ApiProblems('session_not_found', 'turn_not_found')
  async cancel(
    @Caller() app: AppCaller,
    @Param('session_id') sessionId: string,
    @Param('turn_id') turnId: string,
  ): Promise<TurnStateResponse> {
    await this.sessions.find(app.appName, sessionId);
    const turn = await this.store.find(sessionId, turnId);
    if (isFinal(turn.status)) return toTurnStateResponse(turn);
    await this.turns.cancel(turnId);
    return toTurnStateResponse(await this.store.find(sessionId, turnId));
  }
}
