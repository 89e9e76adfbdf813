import type { ChatMessage, ContentBlock, MediaBlock } from '../../core/claude/chat-message.js';
import { isJsonObject, type JsonObject } from '../../core/json-rpc.js';
import type { Faults } from '../http/faults.js';
import { imageFault, readDataUrl } from '../http/media.js';

const ROLES = 'system, developer, user, assistant or tool';
const KNOWN_KEYS = ['role', 'content', 'tool_calls', 'tool_call_id', 'refusal'];
const REFUSED_KEYS = ['audio', 'function_call'];

export interface ReadChat {
  readonly messages: ChatMessage[];
  readonly system: string | null;
  /** The path of the message that became the last. */
  readonly lastField: string;
}

/** Reads the messages of one request; what is wrong goes to `faults`, what is left out of them to `ignored`. */
export class ChatReader {
  readonly ignored: string[] = [];
  private readonly calls = new Set<string>();

  constructor(private readonly faults: Faults) {}

  /** System and developer messages become the system text, wherever they stand. */
  read(value: unknown): ReadChat {
    const messages: ChatMessage[] = [];
    const system: string[] = [];
    let lastField = 'messages';
    if (!Array.isArray(value) || value.length === 0) {
      this.faults.add('messages', 'takes a list of at least one message');
      return { messages, system: null, lastField };
    }
    value.forEach((message: unknown, index) => {
      const field = `messages.${index}`;
      if (!isJsonObject(message)) {
        this.faults.add(field, 'takes an object with role and content');
        return;
      }
      this.noteKeys(message, field);
      if (message.role === 'system' || message.role === 'developer') {
        system.push(this.readText(message.content, `${field}.content`));
        return;
      }
      messages.push(...this.readMessage(message, field));
      lastField = field;
    });
    if (messages.length === 0) this.faults.add('messages', 'takes at least one message of the user’s');
    return { messages, system: system.length === 0 ? null : system.join('\n\n'), lastField };
  }

  private readMessage(message: JsonObject, field: string): ChatMessage[] {
    switch (message.role) {
      case 'user':
        return [{ role: 'user', content: this.readParts(message.content, `${field}.content`) }];
      case 'assistant':
        return [{ role: 'assistant', content: this.readAssistant(message, field) }];
      case 'tool':
        return this.readTool(message, field);
      default:
        this.faults.add(`${field}.role`, `takes ${ROLES}`);
        return [];
    }
  }

  private readAssistant({ content, refusal, tool_calls }: JsonObject, field: string): ContentBlock[] {
    const isEmpty = content === null || content === undefined;
    const said = isEmpty ? '' : this.readText(content, `${field}.content`);
    const text = said === '' && typeof refusal === 'string' ? refusal : said;
    const calls =
      tool_calls === undefined || tool_calls === null
        ? []
        : this.readCalls(tool_calls, `${field}.tool_calls`);
    if (isEmpty && text === '' && calls.length === 0)
      this.faults.add(`${field}.content`, 'takes a text or text parts');
    return [...(text === '' ? [] : [{ type: 'text', text } as const]), ...calls];
  }

  private readCalls(value: unknown, field: string): ContentBlock[] {
    if (!Array.isArray(value)) {
      this.faults.add(field, 'takes a list of calls');
      return [];
    }
    return value.flatMap((call: unknown, index): ContentBlock[] => {
      const at = `${field}.${index}`;
      const named = isJsonObject(call) && isJsonObject(call.function) ? call.function : undefined;
      if (!isJsonObject(call) || named === undefined || typeof named.name !== 'string') {
        this.faults.add(`${at}.function`, 'takes a name and arguments');
        return [];
      }
      if (typeof call.id !== 'string') {
        this.faults.add(`${at}.id`, 'must be a string');
        return [];
      }
      const input = parseObject(named.arguments);
      if (input === undefined) this.faults.add(`${at}.function.arguments`, 'takes a JSON object as a string');
      this.calls.add(call.id);
      return [{ type: 'tool_use', id: call.id, name: named.name, input: input ?? {} }];
    });
  }

  private readTool({ tool_call_id, content }: JsonObject, field: string): ChatMessage[] {
    if (typeof tool_call_id !== 'string' || !this.calls.has(tool_call_id)) {
      this.faults.add(`${field}.tool_call_id`, 'answers no tool call before it');
      return [];
    }
    const text = this.readText(content, `${field}.content`);
    return [
      {
        role: 'user',
        content: [{ type: 'tool_result', tool_use_id: tool_call_id, content: text, is_error: null }],
      },
    ];
  }

  /** A text, or text parts that together are one. */
  private readText(content: unknown, field: string): string {
    if (typeof content === 'string') return content;
    if (!Array.isArray(content)) {
      this.faults.add(field, 'takes a text or text parts');
      return '';
    }
    return content
      .map((part: unknown, index) => {
        if (isJsonObject(part) && part.type === 'text' && typeof part.text === 'string') return part.text;
        if (isJsonObject(part) && part.type === 'refusal' && typeof part.refusal === 'string')
          return part.refusal;
        this.faults.add(`${field}.${index}.type`, 'takes text here');
        return '';
      })
      .join('');
  }

  private readParts(content: unknown, field: string): string | ContentBlock[] {
    if (typeof content === 'string') return content;
    if (!Array.isArray(content)) {
      this.faults.add(field, 'takes a text or a list of parts');
      return [];
    }
    return content.flatMap((part: unknown, index): ContentBlock[] => {
      const at = `${field}.${index}`;
      if (isJsonObject(part) && part.type === 'text') {
        if (typeof part.text === 'string') return [{ type: 'text', text: part.text }];
        this.faults.add(`${at}.text`, 'must be a string');
      } else if (isJsonObject(part) && part.type === 'image_url') {
        return this.readImage(part.image_url, `${at}.image_url`);
      } else {
        this.faults.add(`${at}.type`, 'takes text or image_url');
      }
      return [];
    });
  }

  private readImage(image: unknown, field: string): MediaBlock[] {
    const url = isJsonObject(image) ? image.url : undefined;
    if (isJsonObject(image) && image.detail !== undefined && image.detail !== null)
      this.ignored.push('image_url.detail');
    const read = typeof url === 'string' ? readDataUrl(url) : undefined;
    if (read === undefined) {
      this.faults.add(`${field}.url`, 'takes a data: URL in base64; nothing is fetched from here');
      return [];
    }
    const wrong = imageFault(read.mediaType, read.base64);
    if (wrong !== undefined) {
      this.faults.add(`${field}.url`, wrong);
      return [];
    }
    return [{ type: 'image', source: { type: 'base64', media_type: read.mediaType, data: read.base64 } }];
  }

  private noteKeys(message: JsonObject, field: string): void {
    for (const [key, value] of Object.entries(message)) {
      if (value === null || value === undefined || KNOWN_KEYS.includes(key)) continue;
      if (REFUSED_KEYS.includes(key)) this.faults.add(`${field}.${key}`, 'is not offered here');
      else this.ignored.push(`messages.${key}`);
    }
  }
}

function parseObject(text: unknown): JsonObject | undefined {
  if (typeof text !== 'string') return undefined;
  try {
    const value: unknown = text.trim() === '' ? {} : JSON.parse(text);
    return isJsonObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}
