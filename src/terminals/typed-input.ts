import { invalidFields } from '../core/errors.js';
import { keySequence } from '../core/terminal-keys.js';
import type { TypeRequest } from './dto/live-terminal.dto.js';

/** What goes to the terminal, and what the audit trail is told of it: names of keys, and never a text. */
export interface TypedInput {
  readonly input: string;
  readonly detail: Record<string, unknown>;
}

/** @throws GatewayError `validation_failed` unless there is exactly one of `keys` and `text`. */
export function typedInput({ keys, text }: TypeRequest): TypedInput {
  if (keys !== undefined && text === undefined) return { input: keySequence(keys), detail: { keys } };
  if (text !== undefined && keys === undefined) return { input: text, detail: { text_chars: text.length } };
  throw invalidFields([
    { field: 'keys', message: 'send either keys, a list of names, or text, a string; not both' },
  ]);
}
