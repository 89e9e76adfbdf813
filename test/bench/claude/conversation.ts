import type { HttpClient } from '../support/http-client.js';

export interface Message {
  readonly role: 'user' | 'assistant';
  readonly content: string;
}

interface Reply {
  readonly content: readonly { readonly text?: string }[];
  readonly clawdforge: { readonly num_turns: number };
}

export interface Turn {
  readonly text: string;
  /** From the call to the last byte of the answer. */
  readonly tookMs: number;
  /** Above 1 the live session was found. */
  readonly sessionTurns: number;
}

/** A client of the Messages API that sends its whole history each time. */
export class Conversation {
  private readonly messages: Message[];

  constructor(
    private readonly client: HttpClient,
    history: readonly Message[] = [],
  ) {
    this.messages = [...history];
  }

  /** Sends a prompt after all that was said, and keeps the answer. @throws unless it is answered. */
  async say(prompt: string): Promise<Turn> {
    this.messages.push({ role: 'user', content: prompt });
    const body = { model: 'claude-code', max_tokens: 1000, messages: this.messages };
    const answer = await this.client.send('POST', '/v1/messages', body);
    const { content, clawdforge } = JSON.parse(answer.text) as Reply;
    const text = content.map((block) => block.text ?? '').join('');
    this.messages.push({ role: 'assistant', content: text });
    return { text, tookMs: answer.tookMs, sessionTurns: clawdforge.num_turns };
  }
}
