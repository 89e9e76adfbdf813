import vm from 'node:vm';
import { Ajv, type ValidateFunction } from 'ajv';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { messageOf } from '../../core/errors.js';
import type { JsonObject } from '../../core/json-rpc.js';

/** In which form an answer is asked for; null stands for any text. */
export type OutputFormat =
  { readonly kind: 'json_object' } | { readonly kind: 'json_schema'; readonly schema: JsonObject };

export type Checked =
  { readonly isValid: true; readonly json: string } | { readonly isValid: false; readonly faults: string };

/** A schema comes from a client: its patterns must not hold up the server. */
const CHECK_LIMIT_MS = 1000;
const MAX_FAULTS = 10;
const FENCED = /^```[a-z]*[ \t]*\r?\n([\s\S]*?)\r?\n?```$/i;
const OPTIONS = {
  strict: false,
  allErrors: true,
  validateFormats: false,
  logger: false,
  addUsedSchema: false,
} as const;

/** Checks answers against the form that was asked for. `format` keywords are not checked; the instruction names them. */
export class OutputCheck {
  readonly instruction: string;
  private readonly validate: ValidateFunction | undefined;

  /** @throws Error when the schema is none, or one that cannot be compiled. */
  constructor(format: OutputFormat) {
    this.instruction = instructionFor(format);
    if (format.kind === 'json_schema') this.validate = bounded(() => compile(format.schema));
  }

  check(text: string): Checked {
    const trimmed = text.trim();
    const json = FENCED.exec(trimmed)?.[1]?.trim() ?? trimmed;
    let value: unknown;
    try {
      value = JSON.parse(json);
    } catch (error) {
      return { isValid: false, faults: `it is not JSON (${messageOf(error)})` };
    }
    const faults = this.faultsOf(value);
    return faults === undefined ? { isValid: true, json } : { isValid: false, faults };
  }

  private faultsOf(value: unknown): string | undefined {
    const { validate } = this;
    if (validate === undefined) {
      const isObject = typeof value === 'object' && value !== null && !Array.isArray(value);
      return isObject ? undefined : 'it is not a JSON object';
    }
    try {
      if (bounded(() => validate(value))) return undefined;
    } catch (error) {
      return `it could not be checked (${messageOf(error)})`;
    }
    const errors = (validate.errors ?? []).slice(0, MAX_FAULTS);
    return errors
      .map(({ instancePath, message }) => `${instancePath || 'the value'} ${message ?? ''}`)
      .join('; ');
  }
}

function compile(schema: JsonObject): ValidateFunction {
  const { $schema, ...rest } = schema;
  const isOlder = typeof $schema === 'string' && /draft-0[67]/.test($schema);
  return isOlder ? new Ajv(OPTIONS).compile(rest) : new Ajv2020(OPTIONS).compile(rest);
}

function instructionFor(format: OutputFormat): string {
  const only = 'and nothing else: no words before or after it, no code fence.';
  if (format.kind === 'json_object')
    return `Whatever you do on the way, your final reply is one JSON object ${only}`;
  return (
    `Whatever you do on the way, your final reply is one JSON value that is valid against this JSON Schema, ${only}\n` +
    JSON.stringify(format.schema)
  );
}

/** Runs `work` with a limit that also ends a regular expression. */
function bounded<T>(work: () => T): T {
  return vm.runInNewContext('work()', { work }, { timeout: CHECK_LIMIT_MS }) as T;
}
