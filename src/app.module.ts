import { Server } from 'node:http';
import {
  type BeforeApplicationShutdown,
  type DynamicModule,
  Global,
  Module,
  type OnModuleDestroy,
  type OnModuleInit,
} from '@nestjs/common';
import { APP_FILTER, APP_PIPE, HttpAdapterHost } from '@nestjs/core';
import { LoggerModule } from 'nestjs-pino';
import { pinoHttp } from 'pino-http';
import { AcpxModule } from './acpx/acpx.module.js';
import { AuditModule } from './audit/audit.module.js';
import { SessionEventEntity } from './audit/session-event.entity.js';
import { AuthModule } from './auth/auth.module.js';
import { ClaudeCodeModule } from './claude-code/claude-code.module.js';
import { Clock } from './common/clock.js';
import { DrainSwitch } from './common/drain.js';
import { ErrorShapes } from './common/error-shapes.js';
import { loggingParams, REQUEST_LOG } from './common/logging.js';
import { ProblemFilter } from './common/problem.filter.js';
import { StartLogger } from './common/start-logger.js';
import { requestValidation } from './common/validation.js';
import type { AppConfig } from './config/app-config.js';
import { CompatModule } from './compat/compat.module.js';
import { CompletionsService } from './compat/completions/completions.service.js';
import { ConfigModule } from './config/config.module.js';
import { DatabaseModule } from './database/database.module.js';
import { FileEntity } from './files/file.entity.js';
import { FilesModule } from './files/files.module.js';
import { HealthModule } from './health/health.module.js';
import { VersionProbe } from './health/version-probe.js';
import { IdempotencyAnswerEntity, IdempotencyKeyEntity } from './idempotency/idempotency-key.entity.js';
import { IdempotencyModule } from './idempotency/idempotency.module.js';
import { IdempotencyService } from './idempotency/idempotency.service.js';
import { MetricsModule } from './metrics/metrics.module.js';
import { ProcessEntity } from './processes/process.entity.js';
import { ProcessesModule } from './processes/processes.module.js';
import { RunEntity } from './run/run.entity.js';
import { RunModule } from './run/run.module.js';
import { RunService } from './run/run.service.js';
import { SessionLifecycle } from './sessions/session-lifecycle.js';
import { SessionEntity } from './sessions/session.entity.js';
import { SessionsModule } from './sessions/sessions.module.js';
import { TurnEntity } from './sessions/turn.entity.js';
import { SweeperModule } from './sweeper/sweeper.module.js';
import { GatewayStateEntity } from './tokens/gateway-state.entity.js';
import { TerminalsModule } from './terminals/terminals.module.js';
import { TokenEntity } from './tokens/token.entity.js';
import { TokensModule } from './tokens/tokens.module.js';

export const ENTITIES = [
  FileEntity,
  GatewayStateEntity,
  IdempotencyAnswerEntity,
  IdempotencyKeyEntity,
  ProcessEntity,
  RunEntity,
  SessionEntity,
  SessionEventEntity,
  TokenEntity,
  TurnEntity,
];

/** What every room may ask for. */
@Global()
@Module({
  providers: [Clock, DrainSwitch, ErrorShapes, StartLogger],
  exports: [Clock, DrainSwitch, ErrorShapes],
})
class CommonModule {}

/** How long answers may take to leave once all work has ended; after that connections are cut. */
const LAST_ANSWERS_MS = 3000;

@Module({})
export class AppModule implements OnModuleInit, OnModuleDestroy, BeforeApplicationShutdown {
  private stopping: Promise<unknown> | undefined;

  constructor(
    private readonly drain: DrainSwitch,
    private readonly sessions: SessionLifecycle,
    private readonly runs: RunService,
    private readonly completions: CompletionsService,
    private readonly versions: VersionProbe,
    private readonly idempotency: IdempotencyService,
    private readonly http: HttpAdapterHost,
  ) {}

  static of(config: AppConfig): DynamicModule {
    const log = pinoHttp(...loggingParams(config).pinoHttp);
    return {
      module: AppModule,
      imports: [
        ConfigModule.of(config),
        // The log of a request is made before any of Nest's middlewares runs (bootstrap.ts).
        LoggerModule.forRoot({ pinoHttp: { logger: log.logger }, useExisting: true }),
        CommonModule,
        DatabaseModule.of(ENTITIES),
        ProcessesModule,
        AuditModule,
        TokensModule,
        AuthModule,
        MetricsModule,
        IdempotencyModule,
        FilesModule,
        AcpxModule,
        SessionsModule,
        RunModule,
        ClaudeCodeModule,
        CompatModule,
        TerminalsModule,
        SweeperModule,
        HealthModule,
      ],
      providers: [
        { provide: REQUEST_LOG, useValue: log },
        { provide: APP_FILTER, useClass: ProblemFilter },
        { provide: APP_PIPE, useFactory: requestValidation },
      ],
    };
  }

  /** Before the port is opened, and after the processes of an earlier server are gone: the ledger is put right. */
  async onModuleInit(): Promise<void> {
    await this.sessions.start();
    await this.runs.settleLeftovers();
  }

  /**
   * Begins the stop of all work at once: the hook for it below comes to the root module last, when the rooms that it uses
   * have had theirs.
   */
  onModuleDestroy(): void {
    void this.stopWork();
  }

  /** No new work, turns and runs end or are ended; the last processes, then the ledger, end after the HTTP server. */
  async beforeApplicationShutdown(): Promise<void> {
    await this.stopWork();
    this.cutConnectionsSoon();
  }

  private stopWork(): Promise<unknown> {
    this.drain.start();
    this.stopping ??= this.endWork();
    this.stopping.catch(() => undefined);
    return this.stopping;
  }

  private async endWork(): Promise<void> {
    await Promise.all([
      this.sessions.stop(),
      this.runs.stop(),
      this.completions.stop(),
      this.versions.stop(),
    ]);
    await this.idempotency.stop();
  }

  /** The HTTP server waits for its connections, and a client that never ends its request would hold it for minutes. */
  private cutConnectionsSoon(): void {
    const server: unknown = this.http.httpAdapter.getHttpServer();
    if (server instanceof Server) setTimeout(() => server.closeAllConnections(), LAST_ANSWERS_MS).unref();
  }
}
