import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Logger } from '@nestjs/common';
import { Clock } from '../../src/common/clock.js';
import type { AppConfig } from '../../src/config/app-config.js';
import { loadConfig } from '../../src/config/load-config.js';
import type { SplitLine } from '../../src/core/line-splitter.js';
import type { Ledger } from '../../src/database/ledger.js';
import { openLedger } from '../../src/database/open-ledger.js';
import { MARKER_VARIABLE, type MarkerKind, type SpawnRequest } from '../../src/processes/process-types.js';
import { ProcessEntity } from '../../src/processes/process.entity.js';
import { ProcessSupervisor } from '../../src/processes/process-supervisor.js';
import type { SupervisedProcess } from '../../src/processes/supervised-process.js';
import { findProcesses } from './find-processes.js';
import { until } from './until.js';

/** The gateway's own environment in these tests: one variable agents may see, the others are secrets. */
export const GATEWAY_ENVIRONMENT = {
  PATH: process.env.PATH,
  HOME: '/nowhere',
  ANTHROPIC_API_KEY: 'sk-for-the-agents-1234567890',
  ADMIN_BOOTSTRAP_TOKEN: 'the-admin-token-of-the-gateway',
  METRICS_TOKEN: 'the-metrics-token',
  CLAWDFORGE_AGENT_ENV: 'EXTRA_FOR_AGENTS',
  EXTRA_FOR_AGENTS: 'extra',
  SOMETHING_PRIVATE: 'private',
};

/** The path of a hostile little program. */
export function hostileProgram(name: string): string {
  return path.join(__dirname, '..', 'fixtures', 'hostile', `${name}.mjs`);
}

/** A supervisor over a real ledger in a directory of its own, and a watch over everything that it starts. */
export class ProcessHarness {
  private readonly markers = new Set<string>();

  private constructor(
    readonly directory: string,
    readonly ledger: Ledger,
    readonly config: AppConfig,
    readonly supervisor: ProcessSupervisor,
  ) {}

  static async open(): Promise<ProcessHarness> {
    Logger.overrideLogger(false);
    const directory = await mkdtemp(path.join(tmpdir(), 'processes-'));
    const ledger = await openLedger(path.join(directory, 'test.db'), [ProcessEntity]);
    const config = loadConfig(GATEWAY_ENVIRONMENT, directory);
    return new ProcessHarness(directory, ledger, config, new ProcessSupervisor(config, ledger, new Clock()));
  }

  /** As after a restart: a supervisor that knows only what is in the ledger. */
  restarted(): ProcessSupervisor {
    return new ProcessSupervisor(this.config, this.ledger, new Clock());
  }

  async newMarker(kind: MarkerKind = 'run'): Promise<string> {
    const marker = await this.supervisor.newMarker(kind, 'an-owner');
    this.markers.add(marker);
    return marker;
  }

  /** Starts a hostile program under a marker of its own, unless `more` names one. */
  async start(
    name: string,
    args: string[] = [],
    more: Partial<SpawnRequest> = {},
  ): Promise<SupervisedProcess> {
    const marker = more.marker ?? (await this.newMarker());
    return this.supervisor.spawn({ ...this.requestFor(name, args, marker), ...more });
  }

  requestFor(name: string, args: string[], marker: string): SpawnRequest {
    const script = hostileProgram(name);
    return { label: name, command: process.execPath, args: [script, ...args], cwd: this.directory, marker };
  }

  /** The pids of the living processes with one of the harness's markers, or with the one given. */
  alive(marker?: string): Promise<number[]> {
    return findProcesses((environment) => {
      const carried = environment.get(MARKER_VARIABLE);
      return carried !== undefined && (marker === undefined ? this.markers.has(carried) : carried === marker);
    });
  }

  async rows(): Promise<ProcessEntity[]> {
    return this.ledger.read((manager) => manager.find(ProcessEntity));
  }

  /** Closes all. @throws when a process of the test is left; it is killed all the same. */
  async close(): Promise<void> {
    try {
      // What was sent SIGKILL a moment ago may still be on its way out.
      await until('no process of the test is left', async () => (await this.alive()).length === 0);
    } finally {
      for (const pid of await this.alive()) process.kill(pid, 'SIGKILL');
      await this.ledger.close();
      await rm(this.directory, { recursive: true, force: true });
    }
  }
}

/** The next line as text; undefined at the end. Leaves the rest to be read. */
export async function nextLine(started: SupervisedProcess): Promise<string | undefined> {
  const next = await started.lines[Symbol.asyncIterator]().next();
  if (next.done === true) return undefined;
  return textOf(next.value);
}

export async function allLines(started: SupervisedProcess): Promise<string[]> {
  const texts: string[] = [];
  for await (const line of started.lines) texts.push(textOf(line));
  return texts;
}

function textOf(line: SplitLine): string {
  return line.kind === 'line' ? line.text : `overflow at ${line.bytes}`;
}
