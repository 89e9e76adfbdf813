import { Injectable } from '@nestjs/common';
import type { AppCaller } from '../common/caller.js';
import type { TurnRequestBody } from './dto/turn.dto.js';
import { TurnContent } from './turn-content.js';
import type { TurnRequest } from './turns.service.js';

/** Turns the bodies of turn routes into what the turn service takes. */
@Injectable()
export class TurnRequests {
  constructor(private readonly content: TurnContent) {}

  /** @throws GatewayError `validation_failed` naming each wrong content block. */
  async read(app: AppCaller, body: TurnRequestBody, collectsEvents: boolean): Promise<TurnRequest> {
    const { start_secs = null, first_event_secs = null, silence_secs = null } = body.deadlines ?? {};
    return {
      prompt: body.prompt ?? null,
      content: await this.content.check(app.appName, body.content ?? []),
      files: body.files ?? [],
      deadlines: {
        startSecs: start_secs,
        firstEventSecs: first_event_secs,
        silenceSecs: silence_secs,
        totalSecs: body.timeout_secs,
      },
      collectsEvents,
    };
  }
}
