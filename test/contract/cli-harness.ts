import { randomUUID } from 'node:crypto';
import { mkdir, mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Logger } from '@nestjs/common';
import { DEFAULT_SESSION_OPTIONS } from '../../src/acpx/acpx-runner.js';
import { AgentCatalogue } from '../../src/acpx/agent-catalogue.js';
import { AcpxCliRunner } from '../../src/acpx/cli/acpx-cli-runner.js';
import { DEFAULT_CLI_LIMITS, type CliLimits } from '../../src/acpx/cli/cli-limits.js';
import { Clock } from '../../src/common/clock.js';
import { loadConfig } from '../../src/config/load-config.js';
import { openDataDirectory } from '../../src/database/data-directory.js';
import { openLedger } from '../../src/database/open-ledger.js';
import { lookForMarker } from '../../src/processes/process-markers.js';
import { ProcessSupervisor } from '../../src/processes/process-supervisor.js';
import { ProcessEntity } from '../../src/processes/process.entity.js';
import type { RunnerHarness } from './runner-contract.js';

export interface CliHarness extends RunnerHarness {
  /** A directory of this harness's own, removed by `stop`. */
  readonly directory: string;
  /** Stops everything, as a server does, and leaves the directory for the next harness on it. */
  halt(): Promise<void>;
  readonly supervisor: ProcessSupervisor;
}

export interface CliHarnessOptions {
  readonly environment?: Readonly<Record<string, string>>;
  readonly limits?: Partial<CliLimits>;
  readonly directory?: string;
}

// A line for each process would bury what the tests say.
Logger.overrideLogger(false);

/** The command line runner with a real supervisor and ledger, in a home directory of its own. */
export async function makeCliHarness(options: CliHarnessOptions = {}): Promise<CliHarness> {
  const directory = options.directory ?? (await newDirectory());
  const home = path.join(directory, 'home');
  await mkdir(home, { recursive: true });
  const config = loadConfig(
    { HOME: home, PATH: '/usr/local/bin:/usr/bin:/bin', CLAWDFORGE_AGENTS: 'echo', ...options.environment },
    directory,
  );
  const releaseDirectory = await openDataDirectory(config);
  const ledger = await openLedger(config.dbPath, [ProcessEntity]);
  const clock = new Clock();
  const supervisor = new ProcessSupervisor(config, ledger, clock);
  const limits = { ...DEFAULT_CLI_LIMITS, cancelGraceMs: 4000, ...options.limits };
  const runner = new AcpxCliRunner(config, new AgentCatalogue(config), supervisor, clock, limits);
  const markers = new Set<string>();
  await supervisor.reapLeftovers();
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
    newSession: async () => {
      const id = randomUUID().replaceAll('-', '');
      const marker = await supervisor.newMarker('session', id);
      markers.add(marker);
      const cwd = path.join(config.sessionsDir, id);
      await mkdir(cwd, { recursive: true });
      return {
        id,
        agent: 'echo',
        launchCommand: null,
        cwd,
        marker,
        agentSessionId: null,
        hasHistory: false,
        options: DEFAULT_SESSION_OPTIONS,
      };
    },
    livingProcesses: () => livingProcesses(markers),
    halt,
    stop: async () => {
      await halt();
      await rm(directory, { recursive: true, force: true });
    },
  };
}

export function newDirectory(): Promise<string> {
  return mkdtemp(path.join(tmpdir(), 'clawdforge-acpx-'));
}

/** Pids of the living processes that carry one of `markers`; zombies have no environment and do not count. */
async function livingProcesses(markers: ReadonlySet<string>): Promise<number[]> {
  const entries = await readdir('/proc');
  const pids = entries.filter((entry) => /^\d+$/.test(entry)).map(Number);
  const looks = await Promise.all(pids.map((pid) => lookForMarker(pid, markers)));
  return pids.filter((_pid, index) => looks[index]?.kind === 'marked');
}
