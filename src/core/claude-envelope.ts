import { isJsonObject, type JsonObject } from './json-rpc.js';

/** What `claude -p --output-format json` printed at its end. */
export interface ClaudeEnvelope {
  readonly isError: boolean;
  /** The reply text, or the error text when `isError`. */
  readonly result: string;
  readonly stopReason: string;
  readonly usage: JsonObject | null;
  readonly costUsd: number | null;
}

/** Reads the result envelope: the whole output, or its last line that holds one. Undefined when there is none. */
export function parseClaudeEnvelope(stdout: string): ClaudeEnvelope | undefined {
  const candidates = [stdout, ...stdout.split('\n').reverse()];
  for (const candidate of candidates) {
    const envelope = readEnvelope(candidate.trim());
    if (envelope !== undefined) return envelope;
  }
  return undefined;
}

function readEnvelope(text: string): ClaudeEnvelope | undefined {
  if (!text.startsWith('{')) return undefined;
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (!isJsonObject(value) || value.type !== 'result') return undefined;
  const isError = value.is_error === true;
  if (typeof value.result !== 'string' && !isError) return undefined;
  return {
    isError,
    result: typeof value.result === 'string' ? value.result : errorText(value),
    stopReason: typeof value.stop_reason === 'string' ? value.stop_reason : 'end_turn',
    usage: isJsonObject(value.usage) ? value.usage : null,
    costUsd: typeof value.total_cost_usd === 'number' ? value.total_cost_usd : null,
  };
}

function errorText(envelope: JsonObject): string {
  const { errors, subtype } = envelope;
  if (Array.isArray(errors) && typeof errors[0] === 'string') return errors[0];
  return typeof subtype === 'string' ? subtype : 'no message';
}

const JSON_FENCE = /^```json[ \t]*\r?\n([\s\S]*?)\r?\n?```$/;

/** The reply as a value: parsed when the whole text is JSON, bare or in one ```json fence; else the text itself. */
export function replyValue(text: string): unknown {
  const trimmed = text.trim();
  const json = JSON_FENCE.exec(trimmed)?.[1] ?? trimmed;
  try {
    return JSON.parse(json) as unknown;
  } catch {
    return text;
  }
}
