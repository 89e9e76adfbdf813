import { Global, Module, type OnApplicationShutdown, type OnModuleInit } from '@nestjs/common';
import { ProcessSupervisor } from './process-supervisor.js';

/**
 * Leftovers are reaped before the port opens and before any session is taken up. At the end the last processes go in
 * `onApplicationShutdown`: turns have had their time in the hooks before it.
 */
@Global()
@Module({ providers: [ProcessSupervisor], exports: [ProcessSupervisor] })
export class ProcessesModule implements OnModuleInit, OnApplicationShutdown {
  constructor(private readonly supervisor: ProcessSupervisor) {}

  async onModuleInit(): Promise<void> {
    await this.supervisor.reapLeftovers();
  }

  async onApplicationShutdown(): Promise<void> {
    await this.supervisor.shutdown();
  }
}
