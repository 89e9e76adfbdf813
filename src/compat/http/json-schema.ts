import { messageOf } from '../../core/errors.js';
import { isJsonObject } from '../../core/json-rpc.js';
import { OutputCheck, type OutputFormat } from '../completions/output-format.js';
import type { Faults } from './faults.js';

const MAX_SCHEMA_CHARS = 256 * 1024;

/** The check for a form of output; null, with a fault, when its schema cannot be used. */
export function outputCheckFor(format: OutputFormat, field: string, faults: Faults): OutputCheck | null {
  try {
    return new OutputCheck(format);
  } catch (error) {
    faults.add(field, `cannot be used: ${messageOf(error)}`);
    return null;
  }
}

export function readSchema(schema: unknown, field: string, faults: Faults): OutputCheck | null {
  if (!isJsonObject(schema)) {
    faults.add(field, 'takes a JSON Schema');
    return null;
  }
  if (JSON.stringify(schema).length > MAX_SCHEMA_CHARS) {
    faults.add(field, `takes at most ${MAX_SCHEMA_CHARS} characters`);
    return null;
  }
  return outputCheckFor({ kind: 'json_schema', schema }, field, faults);
}
