import type {
  ChatMessage,
  ContentBlock,
  MediaBlock,
  ToolResultBlock,
} from '../../core/claude/chat-message.js';
import { isJsonObject, type JsonObject } from '../../core/json-rpc.js';
import type { Faults } from '../http/faults.js';
import { imageFault, pdfFault } from '../http/media.js';

const USER_BLOCKS = ['text', 'image', 'document', 'tool_result'];
const ASSISTANT_BLOCKS = ['text', 'thinking', 'redacted_thinking', 'tool_use'];
const RESULT_BLOCKS = ['text', 'image', 'document'];
const KNOWN_KEYS: Readonly<Record<string, readonly string[]>> = {
  text: ['text'],
  image: ['source'],
  document: ['source'],
  thinking: ['thinking', 'signature'],
  redacted_thinking: ['data'],
  tool_use: ['id', 'name', 'input'],
  tool_result: ['tool_use_id', 'content', 'is_error'],
};

/** Reads the messages of one request; what is wrong goes to `faults`, what is left out of blocks to `ignored`. */
export class MessageReader {
  readonly ignored: string[] = [];
  private readonly calls = new Set<string>();

  constructor(private readonly faults: Faults) {}

  read(value: unknown): ChatMessage[] {
    if (!Array.isArray(value) || value.length === 0) {
      this.faults.add('messages', 'takes a list of at least one message');
      return [];
    }
    return value.flatMap((message: unknown, index) => this.readMessage(message, `messages.${index}`));
  }

  /** The text of `system`: a string, or text blocks. */
  readSystem(value: unknown): string | null {
    if (value === undefined || value === null || typeof value === 'string') return value ?? null;
    if (!Array.isArray(value)) {
      this.faults.add('system', 'takes a text or a list of text blocks');
      return null;
    }
    const blocks = value.flatMap((block: unknown, index) =>
      this.readBlock(block, `system.${index}`, ['text']),
    );
    return blocks.flatMap((block) => (block.type === 'text' ? [block.text] : [])).join('\n\n');
  }

  private readMessage(message: unknown, field: string): ChatMessage[] {
    if (!isJsonObject(message)) return this.fault(field, 'takes an object with role and content');
    const { role, content } = message;
    if (role !== 'user' && role !== 'assistant') {
      return this.fault(`${field}.role`, 'takes user or assistant; a system text goes into `system`');
    }
    if (typeof content === 'string') return [{ role, content }];
    if (!Array.isArray(content)) return this.fault(`${field}.content`, 'takes a text or a list of blocks');
    const known = role === 'user' ? USER_BLOCKS : ASSISTANT_BLOCKS;
    const blocks = content.flatMap((block: unknown, index) =>
      this.readBlock(block, `${field}.content.${index}`, known),
    );
    return [{ role, content: blocks }];
  }

  private readBlock(block: unknown, field: string, known: readonly string[]): ContentBlock[] {
    if (!isJsonObject(block)) return this.fault(field, 'takes a block with a type');
    const { type } = block;
    if (typeof type !== 'string' || !known.includes(type)) {
      return this.fault(`${field}.type`, `takes ${known.join(', ')} here`);
    }
    for (const [key, value] of Object.entries(block)) {
      const isKnown = key === 'type' || KNOWN_KEYS[type]?.includes(key) === true;
      if (!isKnown && value !== null && value !== undefined) this.ignored.push(`${type}.${key}`);
    }
    switch (type) {
      case 'text':
        return this.isText(block.text, `${field}.text`) ? [{ type, text: block.text }] : [];
      case 'thinking':
        return this.readThinking(block, field);
      case 'tool_use':
        return this.readCall(block, field);
      case 'tool_result':
        return this.readResult(block, field);
      case 'image':
      case 'document':
        return this.readMedia(type, block.source, `${field}.source`);
      default:
        // What claude thought in secret is of no use to another conversation.
        return [];
    }
  }

  private readThinking({ thinking, signature }: JsonObject, field: string): ContentBlock[] {
    if (!this.isText(thinking, `${field}.thinking`)) return [];
    return [{ type: 'thinking', thinking, ...(typeof signature === 'string' ? { signature } : {}) }];
  }

  private readCall({ id, name, input }: JsonObject, field: string): ContentBlock[] {
    if (!this.isText(id, `${field}.id`) || !this.isText(name, `${field}.name`)) return [];
    if (input !== undefined && !isJsonObject(input)) return this.fault(`${field}.input`, 'takes an object');
    this.calls.add(id);
    return [{ type: 'tool_use', id, name, input: input ?? {} }];
  }

  private readResult({ tool_use_id, content, is_error }: JsonObject, field: string): ToolResultBlock[] {
    if (!this.isText(tool_use_id, `${field}.tool_use_id`)) return [];
    if (!this.calls.has(tool_use_id)) {
      return this.fault(`${field}.tool_use_id`, 'answers no tool_use before it');
    }
    if (is_error !== undefined && is_error !== null && typeof is_error !== 'boolean') {
      return this.fault(`${field}.is_error`, 'must be a boolean');
    }
    const result = { type: 'tool_result', tool_use_id, is_error: is_error === true ? true : null } as const;
    if (content === undefined || content === null || typeof content === 'string') {
      return [{ ...result, content: content ?? [] }];
    }
    if (!Array.isArray(content)) return this.fault(`${field}.content`, 'takes a text or a list of blocks');
    const blocks = content.flatMap((part: unknown, index) =>
      this.readBlock(part, `${field}.content.${index}`, RESULT_BLOCKS),
    );
    return [{ ...result, content: blocks }];
  }

  private readMedia(type: MediaBlock['type'], source: unknown, field: string): MediaBlock[] {
    if (!isJsonObject(source)) return this.fault(field, 'takes an object');
    const { data, media_type } = source;
    if (type === 'document' && source.type === 'text') {
      const isPlain = this.isText(data, `${field}.data`);
      return isPlain ? [{ type, source: { type: 'text', media_type: 'text/plain', data } }] : [];
    }
    if (source.type !== 'base64') {
      return this.fault(
        `${field}.type`,
        `takes base64${type === 'document' ? ' or text' : ''}: nothing is fetched from here`,
      );
    }
    if (type === 'document' && media_type !== 'application/pdf') {
      return this.fault(`${field}.media_type`, 'takes application/pdf');
    }
    const wrong = type === 'image' ? imageFault(media_type, data) : pdfFault(data);
    if (wrong !== undefined) {
      return this.fault(`${field}.${wrong.startsWith('takes') ? 'media_type' : 'data'}`, wrong);
    }
    return [{ type, source: { type: 'base64', media_type, data } }];
  }

  private isText(value: unknown, field: string): value is string {
    if (typeof value === 'string') return true;
    this.faults.add(field, 'must be a string');
    return false;
  }

  private fault(field: string, message: string): never[] {
    this.faults.add(field, message);
    return [];
  }
}
