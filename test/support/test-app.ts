import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { NestExpressApplication } from '@nestjs/platform-express';
import { Test } from '@nestjs/testing';
import request from 'supertest';
import { AcpxRunner } from '../../src/acpx/acpx-runner.js';
import { FakeAcpxRunner } from '../../src/acpx/fake/fake-acpx-runner.js';
import { AppModule } from '../../src/app.module.js';
import { APPLICATION_OPTIONS, configureApp } from '../../src/bootstrap.js';
import { ClaudeCodeBackend } from '../../src/claude-code/claude-code-backend.js';
import { SessionFactory } from '../../src/claude-code/session-factory.js';
import { Clock } from '../../src/common/clock.js';
import { loadConfig } from '../../src/config/load-config.js';
import { AdminTokenService } from '../../src/tokens/admin-token.service.js';

export const ADMIN_TOKEN = 'admin-test-bootstrap';

/** A clock that tests move; it starts at the real time. */
export class TestClock extends Clock {
  private offsetMs = 0;

  override nowMs(): number {
    return super.nowMs() + this.offsetMs;
  }

  advanceSecs(secs: number): void {
    this.offsetMs += secs * 1000;
  }
}

export interface TestApp {
  readonly app: NestExpressApplication;
  readonly runner: FakeAcpxRunner;
  readonly clock: TestClock;
  readonly dataDir: string;
  readonly baseUrl: string;
  /** Bearer header of the admin token. */
  readonly admin: string;
  /** Mints a token and returns its bearer header. */
  mint(name: string, extra?: Record<string, unknown>): Promise<string>;
  http(): ReturnType<typeof request>;
  close(): Promise<void>;
}

export interface TestAppOptions {
  env?: Record<string, string>;
  /** Default: a fresh directory, removed on close. */
  dataDir?: string;
  /** Drive the real runner of the settings instead of the scripted one. */
  withRealRunner?: boolean;
  /** What stands in for the Claude Code backend; default: the real one, which starts nothing until it is asked. */
  backend?: Pick<ClaudeCodeBackend, 'complete' | 'start' | 'close' | 'stats'>;
  /** What starts the backend's claudes; default: the real one. */
  claudes?: SessionFactory;
}

/** The whole application over a real port, with a data directory of its own and the scripted runner. */
export async function startTestApp(options: TestAppOptions = {}): Promise<TestApp> {
  const dataDir = options.dataDir ?? (await mkdtemp(path.join(tmpdir(), 'clawdforge-test-')));
  const config = loadConfig(
    {
      CLAWDFORGE_DATA_DIR: dataDir,
      ADMIN_BOOTSTRAP_TOKEN: ADMIN_TOKEN,
      LOG_LEVEL: 'silent',
      PATH: process.env.PATH,
      HOME: dataDir,
      ...options.env,
    },
    dataDir,
  );
  const clock = new TestClock();
  const runner = new FakeAcpxRunner();
  const building = Test.createTestingModule({ imports: [AppModule.of(config)] })
    .overrideProvider(Clock)
    .useValue(clock);
  if (options.withRealRunner !== true) building.overrideProvider(AcpxRunner).useValue(runner);
  if (options.backend !== undefined) building.overrideProvider(ClaudeCodeBackend).useValue(options.backend);
  if (options.claudes !== undefined) building.overrideProvider(SessionFactory).useValue(options.claudes);
  const testing = await building.compile();
  const app = testing.createNestApplication<NestExpressApplication>(APPLICATION_OPTIONS);
  configureApp(app);
  await app.init();
  await app.get(AdminTokenService).ensure();
  await app.listen(0, '127.0.0.1');
  const baseUrl = (await app.getUrl()).replace('[::1]', '127.0.0.1');
  const http = (): ReturnType<typeof request> => request(baseUrl);
  const admin = `Bearer ${ADMIN_TOKEN}`;
  return {
    app,
    runner,
    clock,
    dataDir,
    baseUrl,
    admin,
    http,
    mint: async (name, extra = {}) => {
      const { body } = await http()
        .post('/admin/tokens')
        .set('authorization', admin)
        .send({ name, ...extra })
        .expect(200);
      return `Bearer ${body.token}`;
    },
    close: async () => {
      await app.close();
      if (options.dataDir === undefined) await rm(dataDir, { recursive: true, force: true });
    },
  };
}
