/** A JSON object as it was parsed; agents may add fields of their own. */
export type JsonObject = Record<string, unknown>;

export function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** A line that an agent's side wrote: its text as it came, and the object it holds. */
export interface AgentMessage {
  readonly raw: string;
  readonly value: JsonObject;
}

/** Reads one line of NDJSON; anything but a JSON object (garbage, arrays, numbers, blank lines) is undefined. */
export function parseMessage(line: string): AgentMessage | undefined {
  const raw = line.trim();
  if (!raw.startsWith('{')) return undefined;
  try {
    const value: unknown = JSON.parse(raw);
    return isJsonObject(value) ? { raw, value } : undefined;
  } catch {
    return undefined;
  }
}

/** Reads a whole NDJSON text, skipping what is no JSON object. */
export function parseNdjson(text: string): JsonObject[] {
  return text.split('\n').flatMap((line) => {
    const message = parseMessage(line);
    return message === undefined ? [] : [message.value];
  });
}
