import { type BeforeApplicationShutdown, Module, type OnApplicationBootstrap } from '@nestjs/common';
import { AppConfig } from '../config/app-config.js';
import { ClaudeCodeBackend } from './claude-code-backend.js';
import { ClaudeSessionFactory } from './claude-session-factory.js';
import { ClaudeVersion } from './claude-version.js';
import { SessionFactory } from './session-factory.js';

/** Needs the global modules of configuration, clock, ledger and processes; ends before the last processes are stopped. */
@Module({
  providers: [ClaudeCodeBackend, ClaudeVersion, { provide: SessionFactory, useClass: ClaudeSessionFactory }],
  exports: [ClaudeCodeBackend, ClaudeVersion],
})
export class ClaudeCodeModule implements OnApplicationBootstrap, BeforeApplicationShutdown {
  constructor(
    private readonly backend: ClaudeCodeBackend,
    private readonly config: AppConfig,
  ) {}

  /** Not in `onModuleInit`: by then the processes that an earlier server left are gone. */
  async onApplicationBootstrap(): Promise<void> {
    await this.backend.start();
  }

  async beforeApplicationShutdown(): Promise<void> {
    await this.backend.close(this.config.drainSecs * 1000);
  }
}
