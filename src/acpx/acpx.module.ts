import { type BeforeApplicationShutdown, Module, type Type } from '@nestjs/common';
import { ModuleRef } from '@nestjs/core';
import { AppConfig, type RunnerName } from '../config/app-config.js';
import { AcpxRunner } from './acpx-runner.js';
import { AcpRunner } from './acp/acp-runner.js';
import { AgentCatalogue } from './agent-catalogue.js';
import { AcpxCliRunner } from './cli/acpx-cli-runner.js';

const RUNNER_CLASSES: Record<RunnerName, Type<AcpxRunner>> = {
  acp: AcpRunner,
  'acpx-cli': AcpxCliRunner,
};

/** Gives the one runner that the settings choose; its class stays private to this folder. */
@Module({
  providers: [
    AgentCatalogue,
    {
      provide: AcpxRunner,
      inject: [AppConfig, ModuleRef],
      useFactory: (config: AppConfig, moduleRef: ModuleRef) =>
        moduleRef.create(RUNNER_CLASSES[config.runner]),
    },
  ],
  exports: [AcpxRunner],
})
export class AcpxModule implements BeforeApplicationShutdown {
  constructor(private readonly runner: AcpxRunner) {}

  /** Turns have ended or been cancelled by now (`onModuleDestroy`); this stops what still runs. */
  async beforeApplicationShutdown(): Promise<void> {
    await this.runner.shutdown();
  }
}
