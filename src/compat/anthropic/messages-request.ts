import { isJsonObject } from '../../core/json-rpc.js';
import type { DialectRequest } from '../completions/completion-request.js';
import type { OutputCheck } from '../completions/output-format.js';
import { Faults } from '../http/faults.js';
import { readSchema } from '../http/json-schema.js';
import { checkLastMessage } from '../http/last-message.js';
import { bodyOf, judge, readBoolean, readModel } from '../http/parameters.js';
import { MessageReader } from './message-blocks.js';
import { MESSAGES_PARAMETERS, OUTPUT_CONFIG_PARAMETERS } from './messages-parameters.js';

/** Reads a body of `POST /v1/messages`. @throws GatewayError `validation_failed`, each wrong field by its path. */
export function readMessagesRequest(value: unknown): DialectRequest {
  const body = bodyOf(value);
  const faults = new Faults();
  const ignored = judge(body, MESSAGES_PARAMETERS, faults);
  const model = readModel(body.model, faults);
  if (typeof body.max_tokens !== 'number' || !Number.isInteger(body.max_tokens) || body.max_tokens < 1) {
    faults.add('max_tokens', 'takes a whole number from 1');
  }
  const isStream = readBoolean(body.stream, 'stream', faults);
  const reader = new MessageReader(faults);
  const system = reader.readSystem(body.system);
  const messages = reader.read(body.messages);
  checkLastMessage(
    messages,
    `messages.${Array.isArray(body.messages) ? body.messages.length - 1 : 0}`,
    faults,
  );
  const output = readOutputConfig(body.output_config, faults, ignored);
  faults.throwIfAny();
  return {
    model,
    messages,
    system,
    isStream,
    output,
    ignored: [...ignored, ...reader.ignored],
    includeUsage: true,
  };
}

function readOutputConfig(config: unknown, faults: Faults, ignored: string[]): OutputCheck | null {
  if (config === undefined || config === null) return null;
  if (!isJsonObject(config)) {
    faults.add('output_config', 'takes an object');
    return null;
  }
  ignored.push(...judge(config, OUTPUT_CONFIG_PARAMETERS, faults, 'output_config.'));
  const { format } = config;
  if (format === undefined || format === null) return null;
  if (!isJsonObject(format) || format.type !== 'json_schema') {
    faults.add('output_config.format.type', 'takes json_schema');
    return null;
  }
  return readSchema(format.schema, 'output_config.format.schema', faults);
}
