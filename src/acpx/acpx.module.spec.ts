import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Global, Module } from '@nestjs/common';
import { Test, type TestingModuleBuilder } from '@nestjs/testing';
import { Clock } from '../common/clock.js';
import { ConfigModule } from '../config/config.module.js';
import { loadConfig } from '../config/load-config.js';
import { ProcessSupervisor } from '../processes/process-supervisor.js';
import { AcpxRunner } from './acpx-runner.js';
import { AcpxModule } from './acpx.module.js';
import { AcpRunner } from './acp/acp-runner.js';
import { AcpxCliRunner } from './cli/acpx-cli-runner.js';
import { FakeAcpxRunner } from './fake/fake-acpx-runner.js';

/** Nothing is spawned here. */
@Global()
@Module({
  providers: [Clock, { provide: ProcessSupervisor, useValue: {} }],
  exports: [Clock, ProcessSupervisor],
})
class SurroundingsModule {}

describe('AcpxModule', () => {
  let directory: string;

  beforeEach(async () => {
    directory = await mkdtemp(path.join(tmpdir(), 'clawdforge-module-'));
  });

  afterEach(() => rm(directory, { recursive: true, force: true }));

  const builder = (environment: Record<string, string> = {}): TestingModuleBuilder =>
    Test.createTestingModule({
      imports: [ConfigModule.of(loadConfig(environment, directory)), SurroundingsModule, AcpxModule],
    });

  it.each([
    ['acp', AcpRunner],
    ['acpx-cli', AcpxCliRunner],
  ])('gives the runner of the settings: %s', async (name, runner) => {
    const module = await builder({ CLAWDFORGE_RUNNER: name }).compile();
    expect(module.get(AcpxRunner)).toBeInstanceOf(runner);
    await module.close();
  });

  it('takes another runner in its place, and shuts it down with the application', async () => {
    const fake = new FakeAcpxRunner();
    const module = await builder().overrideProvider(AcpxRunner).useValue(fake).compile();
    expect(module.get(AcpxRunner)).toBe(fake);
    await module.close();
    expect(fake.callsOf('shutdown')).toHaveLength(1);
  });
});
