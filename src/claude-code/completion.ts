import { createHash } from 'node:crypto';
import { mkdir, realpath, stat } from 'node:fs/promises';
import path from 'node:path';
import type { AppConfig, ClaudeEngine } from '../config/app-config.js';
import { blocksOf, type ChatMessage } from '../core/claude/chat-message.js';
import { messageFaults } from '../core/claude/check-messages.js';
import { fingerprintOf, type FingerprintScope } from '../core/claude/history-fingerprint.js';
import { GatewayError, invalidFields } from '../core/errors.js';
import type { HistoryMode, PermissionMode } from './session-spec.js';

/** What is asked: a whole history that ends in a message of the user's. */
export interface CompletionRequest {
  /** Whose request it is; sessions of two apps never meet. */
  readonly app: string;
  readonly messages: readonly ChatMessage[];
  /** Claude's default when it is not given. */
  readonly model?: string | null;
  /** Appended to claude's own system prompt. */
  readonly system?: string | null;
  /** The setting's when it is not given; a prompt with images or documents then goes to the one that takes them. */
  readonly engine?: ClaudeEngine;
  /** An absolute directory that exists; without it the app's own below the data directory. */
  readonly cwd?: string;
  /** Default `bypassPermissions`: nobody is there to be asked. */
  readonly permissionMode?: PermissionMode;
  readonly allowedTools?: readonly string[];
  readonly disallowedTools?: readonly string[];
  /** As in claude's `mcpServers`. */
  readonly mcpServers?: Readonly<Record<string, unknown>>;
  /** Default `native_jsonl`. */
  readonly historyMode?: HistoryMode;
}

export interface CompletionOptions {
  /** Aborted when the client goes away: the turn ends with a result `cancelled`. */
  readonly signal?: AbortSignal;
  /** For everything, waiting for a process included; default: the setting's. */
  readonly timeoutMs?: number;
  /** Whether pieces of what is said are told too, by the engine that has them (stream-json); default false. */
  readonly deltas?: boolean;
  /**
   * What the dialect shows of a turn and its client will send back, when that is not the whole of it; default: the final
   * text. The session is found again by either.
   */
  readonly echoOf?: (turn: readonly ChatMessage[]) => readonly ChatMessage[];
  /** Given each wait for claude, and for room for another one, so that a caller can tell what time is ours. */
  readonly outside?: Outside;
}

export type Outside = <T>(wait: Promise<T>) => Promise<T>;

export const notMeasured: Outside = (wait) => wait;

/** A request that can be answered: checked, its defaults filled in, its directory made. */
export interface Completion extends FingerprintScope {
  readonly engine: ClaudeEngine;
  readonly permissionMode: PermissionMode;
  readonly historyMode: HistoryMode;
  readonly messages: readonly ChatMessage[];
  readonly history: readonly ChatMessage[];
  readonly prompt: ChatMessage['content'];
}

/** @throws GatewayError `validation_failed`, a field of `messages` each. */
export function assertMessages(request: CompletionRequest): void {
  const faults = messageFaults(request.messages);
  if (faults.length > 0) throw invalidFields(faults);
  if (request.engine === 'terminal' && holdsMedia(promptOf(request))) {
    const message = 'images and documents cannot be typed into a terminal; they need the engine stream-json';
    throw invalidFields([{ field: 'messages', message }]);
  }
}

/**
 * @param workDir tells the directory, without links, below which apps work that name none.
 * @throws GatewayError `validation_failed` for a `cwd` that is none; what `workDir` throws.
 */
export async function settleCompletion(
  request: CompletionRequest,
  config: AppConfig,
  workDir: () => Promise<string>,
): Promise<Completion> {
  const prompt = promptOf(request);
  return {
    app: request.app,
    engine: request.engine ?? (holdsMedia(prompt) ? 'stream-json' : config.claudeEngine),
    cwd: await workingDirectory(request, workDir),
    model: request.model ?? null,
    system: request.system === '' ? null : (request.system ?? null),
    permissionMode: request.permissionMode ?? 'bypassPermissions',
    allowedTools: request.allowedTools ?? [],
    disallowedTools: request.disallowedTools ?? [],
    mcpServers: request.mcpServers ?? {},
    historyMode: request.historyMode ?? 'native_jsonl',
    messages: request.messages,
    history: request.messages.slice(0, -1),
    prompt,
  };
}

/** The key of the session that holds the history before the prompt. */
export function keyBefore(completion: Completion): string {
  return fingerprintOf(completion, completion.history);
}

/** The keys under which the next request may look for the session: with the whole turn, and with what was shown of it. */
export function keysAfter(completion: Completion, ...turns: (readonly ChatMessage[])[]): string[] {
  return [...new Set(turns.map((turn) => fingerprintOf(completion, [...completion.messages, ...turn])))];
}

function promptOf({ messages }: CompletionRequest): ChatMessage['content'] {
  return messages.at(-1)?.content ?? '';
}

function holdsMedia(prompt: ChatMessage['content']): boolean {
  return blocksOf(prompt).some((block) => block.type !== 'text');
}

async function workingDirectory(
  { app, cwd }: CompletionRequest,
  workDir: () => Promise<string>,
): Promise<string> {
  if (cwd === undefined) return ownDirectory(app, await workDir());
  const isDirectory =
    path.isAbsolute(cwd) && (await stat(cwd).catch(() => undefined))?.isDirectory() === true;
  if (!isDirectory) throw invalidFields([{ field: 'cwd', message: 'must be a directory that exists' }]);
  return realpath(cwd);
}

/** A full or broken disk, said as such. */
export function refuseStorage(cause: unknown): never {
  const message = 'the files of a claude session could not be written';
  throw new GatewayError('storage_unavailable', message, { retryable: true, cause });
}

/** Made when a session starts in it. Named by a hash, for file systems that take `App` and `app` for one name. */
function ownDirectory(app: string, workDir: string): string {
  return path.join(workDir, createHash('sha256').update(app).digest('hex').slice(0, 32));
}

/** Makes a directory and tells where it is without links. @throws GatewayError `storage_unavailable`. */
export async function makeDirectory(directory: string): Promise<string> {
  await mkdir(directory, { recursive: true, mode: 0o700 }).catch(refuseStorage);
  return realpath(directory).catch(refuseStorage);
}
