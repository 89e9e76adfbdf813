import { randomUUID } from 'node:crypto';
import { appendFileSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { isAbsolute, join } from 'node:path';
import { Conversation, readConversation, type ConversationRecord } from './conversation.js';

const SESSION_ID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
const FILE_SUFFIX = '.jsonl';

/** Where conversations are kept; a relative XDG_STATE_HOME is ignored, as the XDG specification asks. */
export function stateDirectory(environment: NodeJS.ProcessEnv): string {
  const { XDG_STATE_HOME: stateHome } = environment;
  const isUsable = stateHome !== undefined && isAbsolute(stateHome);
  return join(isUsable ? stateHome : join(homedir(), '.local', 'state'), 'clawdforge-echo');
}

export interface StoredConversation {
  readonly conversation: Conversation;
  /** ISO 8601. */
  readonly updatedAt: string;
}

/**
 * One append-only JSON-lines file per conversation, readable by its owner alone. Each append is one small write
 * without fsync: it survives the death of this process, which is what resume is for, not that of the machine.
 */
export class ConversationStore {
  constructor(private readonly directory: string) {}

  create(cwd: string): Conversation {
    const id = randomUUID();
    const header: ConversationRecord = { type: 'session', id, cwd, createdAt: new Date().toISOString() };
    mkdirSync(this.directory, { recursive: true, mode: 0o700 });
    writeFileSync(this.fileOf(id), JSON.stringify(header) + '\n', { mode: 0o600, flag: 'wx' });
    return new Conversation(id, cwd);
  }

  append(conversation: Conversation, record: ConversationRecord): void {
    appendFileSync(this.fileOf(conversation.id), JSON.stringify(record) + '\n', { mode: 0o600 });
    conversation.apply(record);
  }

  /** Undefined when there is no such conversation. Ids of another form never become a path. */
  open(id: string): Conversation | undefined {
    const text = this.read(id);
    if (text === undefined) return undefined;
    // A last line that a crash tore must not swallow the next record.
    if (!text.endsWith('\n')) appendFileSync(this.fileOf(id), '\n');
    return readConversation(text);
  }

  /** Conversations in the order of their ids, from after `cursor`; at most `limit`, of `cwd` only when it is given. */
  list(cursor: string | undefined, limit: number, cwd: string | undefined): StoredConversation[] {
    const page: StoredConversation[] = [];
    for (const id of this.ids()) {
      if (page.length === limit) break;
      if (cursor !== undefined && id <= cursor) continue;
      const text = this.read(id);
      const conversation = text === undefined ? undefined : readConversation(text);
      if (conversation === undefined || (cwd !== undefined && conversation.cwd !== cwd)) continue;
      page.push({ conversation, updatedAt: statSync(this.fileOf(id)).mtime.toISOString() });
    }
    return page;
  }

  private ids(): string[] {
    try {
      return readdirSync(this.directory)
        .filter((name) => name.endsWith(FILE_SUFFIX))
        .map((name) => name.slice(0, -FILE_SUFFIX.length))
        .sort();
    } catch (error) {
      if (isNotFound(error)) return [];
      throw error;
    }
  }

  private read(id: string): string | undefined {
    if (!SESSION_ID.test(id)) return undefined;
    try {
      return readFileSync(this.fileOf(id), 'utf8');
    } catch (error) {
      if (isNotFound(error)) return undefined;
      throw error;
    }
  }

  private fileOf(id: string): string {
    return join(this.directory, id + FILE_SUFFIX);
  }
}

function isNotFound(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ENOENT';
}
