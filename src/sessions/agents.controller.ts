import { Controller, Get } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { AcpxRunner } from '../acpx/acpx-runner.js';
import { AppRoute } from '../common/access.js';
import { ApiProblems } from '../common/api-problems.js';
import { AgentListResponse } from './dto/agent.dto.js';

@ApiTags('Agents')
@AppRoute()
@Controller('agents')
export class AgentsController {
  constructor(private readonly runner: AcpxRunner) {}

  /** Lists the agents of the allow-list, installed or not. */
  @Get()
  @ApiProblems()
  async list(): Promise<AgentListResponse> {
    const agents = (await this.runner.agents()).map(
      ({ name, isInstalled, missing, version, capabilities }) => ({
        name,
        installed: isInstalled,
        missing,
        version,
        capabilities,
      }),
    );
    return { count: agents.length, agents };
  }
}
