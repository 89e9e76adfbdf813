import { Body, Controller, HttpCode, Post, Res } from '@nestjs/common';
import { ApiOkResponse, ApiResponse, ApiTags } from '@nestjs/swagger';
import type { Response } from 'express';
import { ApiProblems, BODY_PROBLEMS } from '../common/api-problems.js';
import { AppRoute } from '../common/access.js';
import { type AppCaller, Caller } from '../common/caller.js';
import { ClientGone } from '../idempotency/client-gone.js';
import { Idempotent } from '../idempotency/idempotent.decorator.js';
import { RunFailedResponse, RunRequest, RunResponse } from './dto/run.dto.js';
import { toRunFailedResponse, toRunResponse, toRunUnknownResponse } from './run.mapper.js';
import { RunService } from './run.service.js';

@ApiTags('Run')
@AppRoute()
@Controller('run')
export class RunController {
  constructor(private readonly runs: RunService) {}

  /** Runs the `claude` CLI once and answers with its reply. When the client goes away the run is killed, unless it has an `Idempotency-Key`. */
  @Post()
  @HttpCode(200)
  @Idempotent({ whenUnknown: (_request, error) => toRunUnknownResponse(error) })
  @ApiProblems(...BODY_PROBLEMS, 'idempotency_key_reused', 'pool_full', 'agent_not_installed')
  @ApiOkResponse({ description: 'The run ended well.', type: RunResponse })
  @ApiResponse({ status: 502, description: 'The run failed or ran out of time.', type: RunFailedResponse })
  async run(
    @Caller() app: AppCaller,
    @Body() body: RunRequest,
    @ClientGone() clientGone: AbortSignal,
    @Res({ passthrough: true }) response: Response,
  ): Promise<RunResponse | RunFailedResponse> {
    const outcome = await this.runs.run(
      app,
      {
        prompt: body.prompt,
        model: body.model ?? null,
        system: body.system ?? null,
        files: body.files ?? [],
        timeoutSecs: body.timeout_secs,
      },
      clientGone,
    );
    if (outcome.status === 'completed') return toRunResponse(outcome);
    response.status(502);
    return toRunFailedResponse(outcome);
  }
}
