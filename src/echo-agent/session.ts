import type { JsonObject } from '../core/json-rpc.js';
import type { Connection } from './connection.js';
import type { ConversationStore } from './conversation-store.js';
import { countTokens, type Conversation, type ModeId } from './conversation.js';
import { runDirective } from './directives.js';
import { sayEcho } from './echo-reply.js';
import { findDirective, type PromptContent } from './prompt-content.js';
import { RPC_CODES, RpcError } from './rpc-error.js';
import { Turn } from './turn.js';

/** Tokens; made up, since an echo has no model. */
const CONTEXT_WINDOW = 200_000;

/** An open conversation and the turn that runs in it, at most one at a time. */
export class Session {
  private turn: Turn | undefined;

  constructor(
    readonly conversation: Conversation,
    private readonly store: ConversationStore,
    private readonly connection: Connection,
  ) {}

  /** Answers a prompt. A cancelled turn is a result; a failed one throws. Both are remembered. */
  async prompt(content: PromptContent): Promise<JsonObject> {
    if (this.turn !== undefined)
      throw new RpcError(RPC_CODES.invalidRequest, 'a turn is already running in this session');
    const { earlier, last } = this.conversation.contextTokens;
    this.store.append(this.conversation, { type: 'prompt', at: now(), text: content.rendered });
    const turn = new Turn(this.conversation.turns.length, this.conversation.id, this.connection);
    this.turn = turn;
    const usage = (): JsonObject => {
      const inputTokens = countTokens(content.rendered);
      const outputTokens = Math.ceil(turn.replyLength / 4);
      const totalTokens = inputTokens + outputTokens + earlier + last;
      return { inputTokens, outputTokens, cachedReadTokens: earlier, cachedWriteTokens: last, totalTokens };
    };
    try {
      await this.reply(turn, content);
      if (this.conversation.modeId !== 'quiet') {
        const cost = { amount: 0, currency: 'USD' };
        const used = usage().totalTokens;
        turn.update({ sessionUpdate: 'usage_update', used, size: CONTEXT_WINDOW, cost });
      }
      this.end(turn, 'completed');
      return { stopReason: 'end_turn', usage: usage() };
    } catch (error) {
      this.end(turn, turn.isCancelled ? 'cancelled' : 'failed');
      if (!turn.isCancelled) throw error;
      return { stopReason: 'cancelled', usage: usage() };
    }
  }

  /** Ends the running turn, if there is one; a cancel that comes late harms no later turn. */
  cancel(): void {
    this.turn?.cancel();
  }

  setMode(modeId: ModeId): void {
    this.store.append(this.conversation, { type: 'mode', modeId });
  }

  setCwd(cwd: string): void {
    if (cwd !== this.conversation.cwd) this.store.append(this.conversation, { type: 'cwd', cwd });
  }

  /** Sends the conversation so far as updates, oldest first. */
  async replay(): Promise<void> {
    for (const { prompt, reply } of [...this.conversation.turns]) {
      this.replayChunk('user_message_chunk', prompt);
      if (reply !== '') this.replayChunk('agent_message_chunk', reply);
      await this.connection.writer.drained();
    }
  }

  private replayChunk(sessionUpdate: string, text: string): void {
    const update = { sessionUpdate, content: { type: 'text', text } };
    this.connection.notify('session/update', { sessionId: this.conversation.id, update });
  }

  private async reply(turn: Turn, content: PromptContent): Promise<void> {
    const directive = findDirective(content.text);
    if (directive !== undefined) {
      const { name, argument } = directive;
      if (await runDirective(turn, name, argument, this.conversation)) return;
    }
    await sayEcho(turn, content.rendered, this.conversation);
  }

  private end(turn: Turn, outcome: 'completed' | 'cancelled' | 'failed'): void {
    this.turn = undefined;
    this.store.append(this.conversation, { type: 'outcome', at: now(), outcome, reply: turn.reply });
  }
}

function now(): string {
  return new Date().toISOString();
}
