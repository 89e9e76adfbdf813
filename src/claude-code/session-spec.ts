import type { ClaudeEngine } from '../config/app-config.js';
import type { ChatMessage } from '../core/claude/chat-message.js';

export const PERMISSION_MODES = [
  'bypassPermissions',
  'acceptEdits',
  'auto',
  'dontAsk',
  'manual',
  'plan',
] as const;
export type PermissionMode = (typeof PERMISSION_MODES)[number];

/** How a history that no live session holds gets to claude: as its own transcript, or told in the prompt. */
export type HistoryMode = 'native_jsonl' | 'concat_message';

/** A `claude` to be started. */
export interface SessionSpec {
  /** claude's session id: a UUID of ours. */
  readonly id: string;
  readonly app: string;
  readonly engine: ClaudeEngine;
  /** The real path of the working directory. */
  readonly cwd: string;
  readonly model: string | null;
  readonly system: string | null;
  readonly permissionMode: PermissionMode;
  readonly allowedTools: readonly string[];
  readonly disallowedTools: readonly string[];
  readonly mcpServers: Readonly<Record<string, unknown>>;
  /** Planted as the transcript that claude resumes; empty for a fresh conversation. */
  readonly plantedHistory: readonly ChatMessage[];
}
