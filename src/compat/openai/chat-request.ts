import { isJsonObject } from '../../core/json-rpc.js';
import type { DialectRequest } from '../completions/completion-request.js';
import type { OutputCheck } from '../completions/output-format.js';
import { Faults } from '../http/faults.js';
import { outputCheckFor, readSchema } from '../http/json-schema.js';
import { checkLastMessage } from '../http/last-message.js';
import { bodyOf, judge, readBoolean, readModel } from '../http/parameters.js';
import { ChatReader } from './chat-messages.js';
import { CHAT_PARAMETERS, STREAM_OPTIONS } from './chat-parameters.js';

/** Reads a body of `POST /v1/chat/completions`. @throws GatewayError `validation_failed`, each wrong field by its path. */
export function readChatRequest(value: unknown): DialectRequest {
  const body = bodyOf(value);
  const faults = new Faults();
  const ignored = judge(body, CHAT_PARAMETERS, faults);
  const model = readModel(body.model, faults);
  const isStream = readBoolean(body.stream, 'stream', faults);
  const includeUsage = readStreamOptions(body.stream_options, isStream, faults, ignored);
  const reader = new ChatReader(faults);
  const { messages, system, lastField } = reader.read(body.messages);
  checkLastMessage(messages, lastField, faults);
  const output = readResponseFormat(body.response_format, faults);
  faults.throwIfAny();
  return {
    model,
    messages,
    system,
    isStream,
    output,
    ignored: [...ignored, ...reader.ignored],
    includeUsage,
  };
}

function readStreamOptions(options: unknown, isStream: boolean, faults: Faults, ignored: string[]): boolean {
  if (options === undefined || options === null) return false;
  if (!isJsonObject(options)) faults.add('stream_options', 'takes an object');
  else if (!isStream) faults.add('stream_options', 'goes with `stream: true` only');
  else {
    ignored.push(...judge(options, STREAM_OPTIONS, faults, 'stream_options.'));
    return readBoolean(options.include_usage, 'stream_options.include_usage', faults);
  }
  return false;
}

function readResponseFormat(format: unknown, faults: Faults): OutputCheck | null {
  if (format === undefined || format === null) return null;
  const type = isJsonObject(format) ? format.type : undefined;
  if (type === 'text') return null;
  if (type === 'json_object') return outputCheckFor({ kind: 'json_object' }, 'response_format', faults);
  if (!isJsonObject(format) || type !== 'json_schema') {
    faults.add('response_format.type', 'takes text, json_object or json_schema');
    return null;
  }
  const named = isJsonObject(format.json_schema) ? format.json_schema : {};
  return readSchema(named.schema, 'response_format.json_schema.schema', faults);
}
