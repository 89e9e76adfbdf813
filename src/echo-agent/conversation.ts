import { isJsonObject } from '../core/json-rpc.js';

export const MODE_IDS = ['default', 'quiet'] as const;
export type ModeId = (typeof MODE_IDS)[number];

export function isModeId(value: unknown): value is ModeId {
  return MODE_IDS.some((id) => id === value);
}

/** How a turn ended; `interrupted` is a turn whose process died before it could say so. */
export type TurnOutcome = 'completed' | 'cancelled' | 'failed' | 'interrupted';

export interface RememberedTurn {
  readonly prompt: string;
  reply: string;
  outcome: TurnOutcome;
}

/** A line of a conversation's file. */
export type ConversationRecord =
  | { type: 'session'; id: string; cwd: string; createdAt: string }
  | { type: 'cwd'; cwd: string }
  | { type: 'mode'; modeId: ModeId }
  | { type: 'prompt'; at: string; text: string }
  | { type: 'outcome'; at: string; outcome: Exclude<TurnOutcome, 'interrupted'>; reply: string };

const CHARACTERS_PER_TOKEN = 4;

/** A rough count, from the length alone. */
export function countTokens(text: string): number {
  return Math.ceil(text.length / CHARACTERS_PER_TOKEN);
}

/**
 * A conversation as its records tell it. A prompt is remembered from the moment it is accepted: turns that were
 * cancelled, failed or cut off by the end of the process count, as they do with agents that keep a transcript.
 */
export class Conversation {
  readonly turns: RememberedTurn[] = [];
  modeId: ModeId = 'default';
  private tokens = 0;
  private lastTurnTokens = 0;

  constructor(
    readonly id: string,
    public cwd: string,
  ) {}

  /** Tokens of the turns so far: those before the last one, and the last one's. */
  get contextTokens(): { earlier: number; last: number } {
    return { earlier: this.tokens - this.lastTurnTokens, last: this.lastTurnTokens };
  }

  get title(): string | undefined {
    return this.turns[0]?.prompt.split('\n', 1)[0]?.slice(0, 80);
  }

  apply(record: ConversationRecord): void {
    switch (record.type) {
      case 'session':
        return;
      case 'cwd':
        this.cwd = record.cwd;
        return;
      case 'mode':
        this.modeId = record.modeId;
        return;
      case 'prompt':
        this.turns.push({ prompt: record.text, reply: '', outcome: 'interrupted' });
        this.lastTurnTokens = 0;
        this.addTokens(record.text);
        return;
      case 'outcome': {
        const turn = this.turns.at(-1);
        if (turn === undefined) return;
        turn.reply = record.reply;
        turn.outcome = record.outcome;
        this.addTokens(record.reply);
      }
    }
  }

  private addTokens(text: string): void {
    const tokens = countTokens(text);
    this.tokens += tokens;
    this.lastTurnTokens += tokens;
  }
}

/** Rebuilds a conversation from its file; undefined without a readable first line. Torn and foreign lines are skipped. */
export function readConversation(text: string): Conversation | undefined {
  let conversation: Conversation | undefined;
  for (const line of text.split('\n')) {
    const record = parseRecord(line);
    if (record === undefined) continue;
    if (record.type === 'session') conversation ??= new Conversation(record.id, record.cwd);
    conversation?.apply(record);
  }
  return conversation;
}

function parseRecord(line: string): ConversationRecord | undefined {
  let record: unknown;
  try {
    record = JSON.parse(line);
  } catch {
    return undefined;
  }
  return isJsonObject(record) && isRecord(record) ? record : undefined;
}

function isRecord(record: Record<string, unknown>): record is ConversationRecord {
  switch (record.type) {
    case 'session':
      return typeof record.id === 'string' && typeof record.cwd === 'string';
    case 'cwd':
      return typeof record.cwd === 'string';
    case 'mode':
      return isModeId(record.modeId);
    case 'prompt':
      return typeof record.text === 'string';
    case 'outcome':
      return typeof record.outcome === 'string' && typeof record.reply === 'string';
    default:
      return false;
  }
}
