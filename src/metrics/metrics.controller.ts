import { Controller, Get, Res, UseGuards } from '@nestjs/common';
import { ApiOkResponse, ApiTags } from '@nestjs/swagger';
import type { Response } from 'express';
import { OpenRoute } from '../common/access.js';
import { ApiOpenProblems } from '../common/api-problems.js';
import { MetricsGuard } from './metrics.guard.js';
import { MetricsRecorder } from './metrics-recorder.js';

@ApiTags('Health')
@OpenRoute()
@UseGuards(MetricsGuard)
@Controller('metrics')
export class MetricsController {
  constructor(private readonly metrics: MetricsRecorder) {}

  /** Gives the metrics in Prometheus' text format: to loopback without a token, to others with `METRICS_TOKEN`. */
  @Get()
  @ApiOpenProblems('unauthorized')
  @ApiOkResponse({
    description: 'All metrics.',
    content: {
      'text/plain': {
        schema: { type: 'string' },
        example:
          '# HELP clawdforge_turns_total Turns that ended.\n# TYPE clawdforge_turns_total counter\nclawdforge_turns_total{agent="claude",status="completed"} 3\n',
      },
    },
  })
  async read(@Res({ passthrough: true }) response: Response): Promise<string> {
    const { contentType, body } = await this.metrics.text();
    response.setHeader('content-type', contentType);
    response.setHeader('cache-control', 'no-store');
    return body;
  }
}
