import { Controller, Get } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { ApiOpenProblems } from '../common/api-problems.js';
import { OpenRoute } from '../common/access.js';
import { HealthResponse, ReadyResponse } from './dto/health.dto.js';
import { HealthService } from './health.service.js';

@ApiTags('Health')
@OpenRoute()
@Controller()
export class HealthController {
  constructor(private readonly health: HealthService) {}

  /** Tells that the server is up, and what it finds on this machine. */
  @Get('healthz')
  @ApiOpenProblems()
  healthz(): HealthResponse {
    return this.health.health();
  }

  /** Tells whether requests make sense now: the database answers, and the server is not stopping. */
  @Get('readyz')
  @ApiOpenProblems('draining', 'storage_unavailable')
  async readyz(): Promise<ReadyResponse> {
    await this.health.assertReady();
    return { ready: true };
  }
}
