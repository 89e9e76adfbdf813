import { mkdir, rm, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { Injectable, Logger } from '@nestjs/common';
import { Clock } from '../common/clock.js';
import { AppConfig } from '../config/app-config.js';
import { GatewayError } from '../core/errors.js';
import { promptWithFiles } from '../core/prompt.js';
import { storageUnavailable } from '../database/storage-error.js';
import { findExecutable, launchArgv } from '../processes/executables.js';
import { ProcessSupervisor } from '../processes/process-supervisor.js';
import type { SupervisedProcess } from '../processes/supervised-process.js';
import { type RunEnd } from './run-outcome.js';

/**
 * One answer as JSON, nothing asked, nothing kept; and only the user's own settings count: the gateway's directories may lie
 * below others whose CLAUDE.md, hooks and MCP servers are not meant for runs.
 */
const PRINT_MODE = [
  '-p',
  '--output-format',
  'json',
  '--dangerously-skip-permissions',
  '--setting-sources=user',
  '--strict-mcp-config',
  '--no-session-persistence',
] as const;

/** Bound of what one run may write to stdout, in bytes. */
const MAX_OUTPUT_BYTES = 64 * 1024 * 1024;
/** What a line costs in memory besides its text: a flood of empty lines is a flood, too. */
const LINE_OVERHEAD_BYTES = 64;

export interface ClaudeCall {
  /** Names the directory and the marker's owner. */
  readonly id: string;
  readonly prompt: string;
  readonly model: string | null;
  readonly system: string | null;
  /** Absolute paths that the prompt's header lists. */
  readonly files: readonly string[];
  readonly timeoutSecs: number;
  /** Aborted when the client goes away. */
  readonly clientGone: AbortSignal;
  /** Aborted when the server stops and waits no longer. */
  readonly serverStops: AbortSignal;
}

/** The `claude` command in print mode: one process, one answer, in a fresh directory that is removed afterwards. */
@Injectable()
export class ClaudeCli {
  private readonly logger = new Logger(ClaudeCli.name);

  constructor(
    private readonly config: AppConfig,
    private readonly processes: ProcessSupervisor,
    private readonly clock: Clock,
  ) {}

  /** The program and its first arguments. @throws GatewayError `agent_not_installed` when there is no `claude` to run. */
  launch(): readonly string[] {
    const { claudeBin, agentEnv } = this.config;
    const executable = findExecutable(claudeBin, agentEnv.PATH ?? '');
    if (executable === undefined) {
      throw new GatewayError(
        'agent_not_installed',
        'claude is not installed here: run "npm install -g @anthropic-ai/claude-code", or set CLAUDE_BIN',
      );
    }
    return launchArgv(executable);
  }

  /**
   * Runs once and reaps what it started, whatever happens.
   * @throws GatewayError `storage_unavailable` when its directory cannot be made or its marker not be written.
   */
  async run(launch: readonly string[], call: ClaudeCall): Promise<RunEnd> {
    const directory = path.join(this.config.runsDir, call.id);
    // The marker first: it is how the next start knows of the directory, should this server be killed.
    const marker = await this.processes.newMarker('run', call.id);
    try {
      try {
        await mkdir(directory, { mode: 0o700 }).catch(asStorageFault);
        const [command = '', ...first] = launch;
        const args = [...first, ...(await this.argumentsFor(call, directory).catch(asStorageFault))];
        const child = this.processes.spawn({
          label: 'claude run',
          command,
          args,
          cwd: path.join(directory, 'work'),
          marker,
          input: promptWithFiles(call.prompt, call.files),
          maxLineBytes: MAX_OUTPUT_BYTES,
          // claude leaves files in the temporary directory with every run.
          env: { TMPDIR: path.join(directory, 'tmp') },
        });
        return await this.watch(child, call);
      } finally {
        await this.processes.forget(marker);
      }
    } finally {
      await this.remove(directory);
    }
  }

  /** At start: the directories of runs that a crash cut off. */
  async removeLeftovers(): Promise<void> {
    for (const runId of this.processes.ownersOfLeftovers('run')) {
      await this.remove(path.join(this.config.runsDir, runId));
    }
  }

  private async remove(directory: string): Promise<void> {
    await rm(directory, { recursive: true, force: true, maxRetries: 3 }).catch((error: unknown) =>
      this.logger.warn({ err: error, directory }, 'a run directory could not be removed'),
    );
  }

  private async argumentsFor(call: ClaudeCall, directory: string): Promise<string[]> {
    for (const name of ['work', 'tmp']) await mkdir(path.join(directory, name));
    const args: string[] = [...PRINT_MODE];
    if (call.model !== null) args.push(`--model=${call.model}`);
    if (call.system !== null) {
      const file = path.join(directory, 'system.txt');
      await writeFile(file, call.system, { mode: 0o600 });
      args.push('--append-system-prompt-file', file);
    }
    for (const added of await directoriesOf(call.files)) args.push(`--add-dir=${added}`);
    return args;
  }

  private async watch(child: SupervisedProcess, call: ClaudeCall): Promise<RunEnd> {
    const startedMs = this.clock.monotonicMs();
    let endedBy: RunEnd['endedBy'] = null;
    const endWith = (reason: RunEnd['endedBy']): void => {
      endedBy ??= reason;
      void child.stop();
    };
    const timer = setTimeout(() => endWith('timeout'), call.timeoutSecs * 1000);
    const over = new AbortController();
    for (const [signal, reason] of [
      [call.clientGone, 'client'],
      [call.serverStops, 'server'],
    ] as const) {
      if (signal.aborted) endWith(reason);
      else signal.addEventListener('abort', () => endWith(reason), { signal: over.signal });
    }
    try {
      const lines: string[] = [];
      let bytes = 0;
      for await (const line of child.lines) {
        bytes += line.kind === 'line' ? Buffer.byteLength(line.text) + LINE_OVERHEAD_BYTES : line.bytes;
        if (line.kind === 'overflow' || bytes > MAX_OUTPUT_BYTES) endWith('overflow');
        else lines.push(line.text);
      }
      const { code, signal, spawnError } = await child.exited;
      return {
        stdout: lines.join('\n'),
        stderr:
          spawnError === null ? child.stderrTail() : `claude could not be started: ${spawnError.message}`,
        hasStarted: spawnError === null,
        exitCode: code,
        signal,
        endedBy,
        timeoutSecs: call.timeoutSecs,
        durationMs: Math.round(this.clock.monotonicMs() - startedMs),
      };
    } finally {
      clearTimeout(timer);
      over.abort();
    }
  }
}

function asStorageFault(error: unknown): never {
  throw storageUnavailable(error);
}

/** The directories that the CLI must be allowed to read, each once. */
async function directoriesOf(files: readonly string[]): Promise<string[]> {
  const directories = new Set<string>();
  for (const file of files) {
    const isDirectory = (await stat(file).catch(() => undefined))?.isDirectory() === true;
    directories.add(isDirectory ? file : path.dirname(file));
  }
  return [...directories];
}
