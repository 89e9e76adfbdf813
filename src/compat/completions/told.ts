import type { BackendEvent, Spent, TokenUsage, TurnEvent } from '../../core/claude/backend-event.js';
import {
  blocksOf,
  type ChatMessage,
  type ToolResultBlock,
  type ToolUseBlock,
} from '../../core/claude/chat-message.js';
import { synthesizeTurnMessages } from '../../core/claude/turn-synthesis.js';

/** What stands between two texts of one turn, so that they are one text wherever a client keeps them. */
const BETWEEN_TEXTS = '\n\n';

export interface CompletionEnd extends Spent {
  readonly kind: 'end';
  readonly wasCancelled: boolean;
  readonly stopReason: string;
  readonly model: string | null;
  readonly durationMs: number;
  /** claude's session, and how many turns it has answered: above 1 the history was continued where it lives. */
  readonly sessionId: string;
  readonly numTurns: number;
  /** All that the turn added to the history, tool cycles included. */
  readonly messages: readonly ChatMessage[];
}

/** What a dialect is told of a turn, in order; the last is its end. */
export type Told =
  | { readonly kind: 'begin'; readonly model: string | null; readonly usage: TokenUsage | null }
  /** More of the one text that a client is shown. */
  | { readonly kind: 'text'; readonly text: string }
  /** A tool that the agent ran itself: what it called, and what came of it. */
  | { readonly kind: 'tool'; readonly block: ToolUseBlock | ToolResultBlock }
  | CompletionEnd;

/** The one text of a turn, however many blocks and pieces it comes in. */
export class ShownText {
  text = '';
  /** What was shown of the block that is still coming. */
  private pieces = '';

  /** More of the block that is coming; what is to be shown for it. */
  addPiece(piece: string): string {
    const shown = this.pieces === '' ? this.show(piece) : this.append(piece);
    this.pieces += piece;
    return shown;
  }

  /** A whole block; what of it was not shown by its pieces. Pieces of another, of an answer that broke, stay as they are. */
  addBlock(text: string): string {
    const { pieces } = this;
    this.pieces = '';
    if (pieces !== '' && text.startsWith(pieces)) return this.append(text.slice(pieces.length));
    return this.show(text);
  }

  private show(text: string): string {
    return this.append(this.text === '' || text === '' ? text : `${BETWEEN_TEXTS}${text}`);
  }

  private append(text: string): string {
    this.text += text;
    return text;
  }
}

/** The events of the backend as a dialect tells them; thinking is left out. `shown` has the text that was told so far. */
export async function* told(
  events: AsyncIterable<BackendEvent>,
  shown = new ShownText(),
): AsyncGenerator<Told, void, undefined> {
  const turn: TurnEvent[] = [];
  let model: string | null = null;
  let hasBegun = false;
  for await (const event of events) {
    if (event.type === 'result') {
      const { stopReason, usage, costUsd, durationMs, sessionId, numTurns } = event;
      const wasCancelled = event.subtype === 'cancelled';
      const messages = synthesizeTurnMessages(turn);
      yield {
        kind: 'end',
        wasCancelled,
        stopReason,
        model,
        usage,
        costUsd,
        durationMs,
        sessionId,
        numTurns,
        messages,
      };
      return;
    }
    if (!hasBegun && event.type !== 'user') {
      hasBegun = true;
      const isWhole = event.type === 'assistant';
      yield { kind: 'begin', model: isWhole ? event.model : null, usage: isWhole ? event.usage : null };
    }
    if (event.type === 'delta') {
      const text = event.block === 'text' ? shown.addPiece(event.text) : '';
      if (text !== '') yield { kind: 'text', text };
      continue;
    }
    turn.push(event);
    if (event.type === 'assistant') model = event.model ?? model;
    for (const block of blocksOf(event.content)) {
      if (block.type === 'tool_use' || block.type === 'tool_result') yield { kind: 'tool', block };
      if (event.type !== 'assistant' || block.type !== 'text') continue;
      const text = shown.addBlock(block.text);
      if (text !== '') yield { kind: 'text', text };
    }
  }
}

/** What a client that keeps the text of an answer sends back for a turn. */
export function echoOfText(text: string): ChatMessage[] {
  return text === '' ? [] : [{ role: 'assistant', content: text }];
}
