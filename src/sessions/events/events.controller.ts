import { Controller, Get, Headers, Param, Query, Req, Res } from '@nestjs/common';
import { ApiHeader, ApiOkResponse, ApiProduces, ApiTags } from '@nestjs/swagger';
import type { Request, Response } from 'express';
import { AppRoute } from '../../common/access.js';
import { ApiProblems } from '../../common/api-problems.js';
import { type AppCaller, Caller } from '../../common/caller.js';
import { EventPageQuery, EventPageResponse } from './dto/event.dto.js';
import { SessionEventsService, wantsEventStream } from './session-events.service.js';

@ApiTags('Events')
@AppRoute()
@Controller('sessions/:session_id/events')
export class EventsController {
  constructor(private readonly events: SessionEventsService) {}

  /**
   * Pages through the events of a session, in order. With `Accept: text/event-stream` replays them and follows live:
   * `event:` is the type, `data:` the same object, `id:` the cursor from which a stream or a page can go on.
   */
  @Get()
  @ApiProduces('application/json', 'text/event-stream')
  @ApiHeader({
    name: 'Last-Event-ID',
    required: false,
    description: 'The last `id` seen; wins over `after`.',
  })
  @ApiOkResponse({ type: EventPageResponse })
  @ApiProblems('session_not_found', 'turn_not_found', 'validation_failed', 'invalid_cursor')
  async list(
    @Caller() app: AppCaller,
    @Param('session_id') sessionId: string,
    @Query() query: EventPageQuery,
    @Headers('last-event-id') lastEventId: string | undefined,
    @Req() request: Request,
    @Res() response: Response,
  ): Promise<void> {
    if (lastEventId !== undefined && lastEventId !== '') query.after = lastEventId;
    if (wantsEventStream(request)) await this.events.stream(app, sessionId, query, response);
    else response.type('application/json').send(await this.events.page(app, sessionId, query));
  }
}
