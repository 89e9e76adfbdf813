import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Global, Logger, Module } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import { Clock } from '../common/clock.js';
import { ConfigModule } from '../config/config.module.js';
import { loadConfig } from '../config/load-config.js';
import { Ledger } from '../database/ledger.js';
import { openLedger } from '../database/open-ledger.js';
import { ProcessEntity } from '../processes/process.entity.js';
import { ProcessesModule } from '../processes/processes.module.js';
import { ClaudeCodeBackend } from './claude-code-backend.js';
import { ClaudeCodeModule } from './claude-code.module.js';
import { ClaudeVersion } from './claude-version.js';
import { TESTED_CLAUDE_VERSION } from './tested-version.js';

describe('ClaudeCodeModule', () => {
  it('gives the backend, which refuses where claude is missing and is closed with the application', async () => {
    Logger.overrideLogger(false);
    const directory = await mkdtemp(path.join(tmpdir(), 'claude-module-'));
    const ledger = await openLedger(path.join(directory, 'test.db'), [ProcessEntity]);
    const environment = {
      CLAUDE_BIN: '/no/such/claude',
      CLAWDFORGE_DATA_DIR: directory,
      CLAWDFORGE_DRAIN_SECS: '0',
    };

    @Global()
    @Module({ providers: [Clock, { provide: Ledger, useValue: ledger }], exports: [Clock, Ledger] })
    class Surroundings {}

    const application = await Test.createTestingModule({
      imports: [
        ConfigModule.of(loadConfig(environment, directory)),
        Surroundings,
        ProcessesModule,
        ClaudeCodeModule,
      ],
    }).compile();
    await application.init();
    const backend = application.get(ClaudeCodeBackend);
    const ask = async (): Promise<unknown> =>
      backend.complete({ app: 'app', messages: [{ role: 'user', content: 'hi' }] }).next();

    await expect(ask()).rejects.toMatchObject({ code: 'agent_not_installed' });
    const version = application.get(ClaudeVersion);
    await version.check();
    expect(version.state).toEqual({
      isPresent: false,
      found: null,
      tested: TESTED_CLAUDE_VERSION,
      isTested: null,
    });

    await application.close();
    await expect(ask()).rejects.toMatchObject({ code: 'draining' });
    await ledger.close();
    await rm(directory, { recursive: true, force: true });
  });
});
