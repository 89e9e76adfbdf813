import { mkdtemp, realpath, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Logger } from '@nestjs/common';
import { ClaudeCodeBackend } from '../../src/claude-code/claude-code-backend.js';
import { ClaudeSessionFactory } from '../../src/claude-code/claude-session-factory.js';
import { ClaudeVersion } from '../../src/claude-code/claude-version.js';
import type { CompletionOptions, CompletionRequest } from '../../src/claude-code/completion.js';
import type { SessionFactory } from '../../src/claude-code/session-factory.js';
import { Clock } from '../../src/common/clock.js';
import type { AppConfig } from '../../src/config/app-config.js';
import { loadConfig } from '../../src/config/load-config.js';
import type { BackendEvent, ResultEvent } from '../../src/core/claude/backend-event.js';
import { textOf, type ChatMessage } from '../../src/core/claude/chat-message.js';
import type { Ledger } from '../../src/database/ledger.js';
import { openLedger } from '../../src/database/open-ledger.js';
import { ProcessEntity } from '../../src/processes/process.entity.js';
import { ProcessSupervisor } from '../../src/processes/process-supervisor.js';

/** A backend over a real ledger and a real supervisor, in a data directory of its own. */
export class BackendHarness {
  private constructor(
    readonly directory: string,
    readonly config: AppConfig,
    readonly ledger: Ledger,
    readonly supervisor: ProcessSupervisor,
    readonly backend: ClaudeCodeBackend,
    readonly version: ClaudeVersion,
  ) {}

  /**
   * @param environment the gateway's whole environment but the data directory.
   * @param factory a stand-in; without it the real claude is started.
   */
  static async open(
    environment: Record<string, string>,
    factory?: SessionFactory,
    clock = new Clock(),
  ): Promise<BackendHarness> {
    Logger.overrideLogger(false);
    const directory = await realpath(await mkdtemp(path.join(tmpdir(), 'backend-')));
    const config = loadConfig({ ...environment, CLAWDFORGE_DATA_DIR: directory }, directory);
    const ledger = await openLedger(path.join(directory, 'test.db'), [ProcessEntity]);
    const supervisor = new ProcessSupervisor(config, ledger, clock);
    const version = new ClaudeVersion(config, supervisor);
    const sessions = factory ?? new ClaudeSessionFactory(config, supervisor, clock);
    const backend = new ClaudeCodeBackend(config, sessions, clock);
    return new BackendHarness(directory, config, ledger, supervisor, backend, version);
  }

  /** Every event of one completion of `app`, whose name is `app` unless the request says otherwise. */
  async complete(
    messages: readonly ChatMessage[],
    more: Partial<CompletionRequest> = {},
    options: CompletionOptions = {},
  ): Promise<BackendEvent[]> {
    const events: BackendEvent[] = [];
    for await (const event of this.backend.complete({ app: 'app', messages, ...more }, options)) {
      events.push(event);
    }
    return events;
  }

  /** Closes everything; the rows of markers that are still in the ledger are what was not forgotten. */
  async close(): Promise<void> {
    await this.backend.close();
    await this.supervisor.shutdown();
    const markers = await this.ledger.read((manager) => manager.count(ProcessEntity));
    await this.ledger.close();
    await rm(this.directory, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 });
    expect(markers).toBe(0);
  }
}

export function user(content: ChatMessage['content']): ChatMessage {
  return { role: 'user', content };
}

export function assistant(content: ChatMessage['content']): ChatMessage {
  return { role: 'assistant', content };
}

export function resultIn(events: readonly BackendEvent[]): ResultEvent {
  const last = events.at(-1);
  if (last?.type !== 'result') throw new Error(`no result: ${JSON.stringify(last)}`);
  return last;
}

/** What the assistant said, each message's text. */
export function saidIn(events: readonly BackendEvent[]): string {
  return events
    .filter((event) => event.type === 'assistant')
    .map(({ content }) => textOf(content))
    .filter((text) => text !== '')
    .join('|');
}
