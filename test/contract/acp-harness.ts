import { randomUUID } from 'node:crypto';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Logger } from '@nestjs/common';
import { AcpRunner } from '../../src/acpx/acp/acp-runner.js';
import { DEFAULT_ACP_LIMITS, type AcpLimits } from '../../src/acpx/acp/acp-limits.js';
import { DEFAULT_SESSION_OPTIONS, type SessionOptions } from '../../src/acpx/acpx-runner.js';
import { AgentCatalogue } from '../../src/acpx/agent-catalogue.js';
import { quoteCommand } from '../../src/acpx/launch-command.js';
import { Clock } from '../../src/common/clock.js';
import { loadConfig } from '../../src/config/load-config.js';
import { openDataDirectory } from '../../src/database/data-directory.js';
import { openLedger } from '../../src/database/open-ledger.js';
import { ProcessSupervisor } from '../../src/processes/process-supervisor.js';
import { ProcessEntity } from '../../src/processes/process.entity.js';
import { findProcesses } from '../support/find-processes.js';
import type { RunnerHarness } from './runner-contract.js';

export interface AcpHarness extends RunnerHarness {
  readonly runner: AcpRunner;
  /** A directory of this harness's own, removed by `stop`. */
  readonly directory: string;
  readonly supervisor: ProcessSupervisor;
  newSession(options?: Partial<SessionOptions>): ReturnType<RunnerHarness['newSession']>;
  /** The markers of the ledger, each with a living process or one that is being swept. */
  agentMarkers(): string[];
  /** Stops everything, as a server does, and leaves the directory for the next harness on it. */
  halt(): Promise<void>;
}

export interface AcpHarnessOptions {
  readonly environment?: Readonly<Record<string, string>>;
  readonly limits?: Partial<AcpLimits>;
  readonly directory?: string;
  /** A hostile agent of test/fixtures/agents and its scenario, as agent `echo`; default: the echo agent. */
  readonly fixture?: readonly [file: string, ...args: string[]];
}

// A line for each process would bury what the tests say.
Logger.overrideLogger(false);

/** The warm runner with a real supervisor and ledger, in a home directory of its own. */
export async function makeAcpHarness(options: AcpHarnessOptions = {}): Promise<AcpHarness> {
  const directory = options.directory ?? (await mkdtemp(path.join(tmpdir(), 'clawdforge-acp-')));
  const home = path.join(directory, 'home');
  await mkdir(home, { recursive: true });
  const agents = options.fixture === undefined ? 'echo' : `echo=${fixtureCommand(options.fixture)}`;
  const config = loadConfig(
    { HOME: home, PATH: '/usr/local/bin:/usr/bin:/bin', CLAWDFORGE_AGENTS: agents, ...options.environment },
    directory,
  );
  const releaseDirectory = await openDataDirectory(config);
  const ledger = await openLedger(config.dbPath, [ProcessEntity]);
  const supervisor = new ProcessSupervisor(config, ledger, new Clock());
  await supervisor.reapLeftovers();
  const limits = { ...DEFAULT_ACP_LIMITS, cancelGraceMs: 1000, ...options.limits };
  const runner = new AcpRunner(config, new AgentCatalogue(config), supervisor, new Clock(), limits);
  const halt = async (): Promise<void> => {
    await runner.shutdown();
    await supervisor.shutdown();
    await ledger.close();
    await releaseDirectory();
  };
  return {
    runner,
    directory,
    supervisor,
    newSession: async (sessionOptions = {}) => {
      const id = randomUUID().replaceAll('-', '');
      const cwd = path.join(config.sessionsDir, id);
      await mkdir(cwd, { recursive: true });
      return {
        id,
        agent: 'echo',
        launchCommand: null,
        cwd,
        marker: await supervisor.newMarker('session', id),
        agentSessionId: null,
        hasHistory: false,
        options: { ...DEFAULT_SESSION_OPTIONS, ...sessionOptions },
      };
    },
    // The directory's name is random, so that its processes are known by their HOME.
    livingProcesses: () => findProcesses((environment) => environment.get('HOME') === home),
    agentMarkers: () => supervisor.knownMarkers('agent').map(({ marker }) => marker),
    halt,
    stop: async () => {
      await halt();
      await rm(directory, { recursive: true, force: true, maxRetries: 5 });
    },
  };
}

function fixtureCommand([file, ...args]: readonly [string, ...string[]]): string {
  return quoteCommand([process.execPath, path.join(__dirname, '..', 'fixtures', 'agents', file), ...args]);
}
