import { Injectable } from '@nestjs/common';
import { Clock } from '../common/clock.js';
import { AppConfig } from '../config/app-config.js';
import { ProcessSupervisor } from '../processes/process-supervisor.js';
import type { ClaudeSession } from './claude-session.js';
import { claudeProgram } from './claude-program.js';
import { claudeArguments, claudeEnvironment } from './launch-options.js';
import { SessionFactory } from './session-factory.js';
import type { SessionHome } from './session-home.js';
import type { SessionSpec } from './session-spec.js';
import { STREAM_MODE } from './stream/stream-mode.js';
import { StreamSession } from './stream/stream-session.js';
import { PtyClaudeTerminal, TERMINAL_SIZE } from './terminal/pty-claude-terminal.js';
import { TerminalSession } from './terminal/terminal-session.js';
import { TranscriptWatcher } from './transcript-watcher.js';

/** Half a second on a quiet machine; a full one, or a history of megabytes, takes its time. */
const READY_LIMIT_MS = 60_000;

/** Starts the real claude under a marker of its own, by either engine. */
@Injectable()
export class ClaudeSessionFactory extends SessionFactory {
  constructor(
    private readonly config: AppConfig,
    private readonly processes: ProcessSupervisor,
    private readonly clock: Clock,
  ) {
    super();
  }

  assertInstalled(): void {
    claudeProgram(this.config);
  }

  async start(
    spec: SessionSpec,
    home: SessionHome,
    mcpConfig: string | null,
    signal: AbortSignal,
  ): Promise<ClaudeSession> {
    const [command, ...first] = claudeProgram(this.config);
    const marker = await this.processes.newMarker('claude', spec.id);
    const dispose = (): Promise<void> => this.processes.forget(marker);
    const args = [...first, ...claudeArguments(spec, home, mcpConfig)];
    const request = { command, args, cwd: spec.cwd, marker, env: claudeEnvironment(home) };
    if (spec.engine === 'stream-json') {
      const withMode = { ...request, args: [...args, ...STREAM_MODE] };
      const process = this.processes.spawn({ label: 'claude stream', ...withMode });
      return new StreamSession({ sessionId: spec.id, process, dispose });
    }
    const pty = this.processes.spawnTerminal({ label: 'claude terminal', ...request, ...TERMINAL_SIZE });
    const terminal = new PtyClaudeTerminal({ pty, configDir: home.configDir, dispose });
    try {
      await terminal.ready(READY_LIMIT_MS, signal);
    } catch (error) {
      await terminal.close();
      throw error;
    }
    const watcher = new TranscriptWatcher(home.transcriptFile, home.plantedBytes);
    return new TerminalSession({ sessionId: spec.id, terminal, watcher, clock: this.clock });
  }
}
