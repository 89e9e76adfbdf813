import type { IncomingHttpHeaders } from 'node:http';

/** Names that always mean something here; every other name that claude knows may be used, too. */
const MODELS = [
  { id: 'claude-code', name: 'Claude Code, its own choice of model' },
  { id: 'sonnet', name: 'Claude Code with the latest Sonnet' },
  { id: 'opus', name: 'Claude Code with the latest Opus' },
  { id: 'haiku', name: 'Claude Code with the latest Haiku' },
] as const;

type Model = (typeof MODELS)[number];

/** No model has a date here: they are names for what claude makes of them. */
const NO_DATE = '1970-01-01T00:00:00Z';

/** Which API a client means where both have the route. */
export function isAnthropicClient(headers: IncomingHttpHeaders): boolean {
  return headers['anthropic-version'] !== undefined || headers['x-api-key'] !== undefined;
}

export function modelList(headers: IncomingHttpHeaders): object {
  if (!isAnthropicClient(headers)) return { object: 'list', data: MODELS.map(openAiModel) };
  const data = MODELS.map(anthropicModel);
  return { data, has_more: false, first_id: data[0]?.id ?? null, last_id: data.at(-1)?.id ?? null };
}

/** Undefined for a name that is not listed. */
export function oneModel(id: string, headers: IncomingHttpHeaders): object | undefined {
  const model = MODELS.find((listed) => listed.id === id);
  if (model === undefined) return undefined;
  return isAnthropicClient(headers) ? anthropicModel(model) : openAiModel(model);
}

function anthropicModel({ id, name }: Model) {
  return { type: 'model', id, display_name: name, created_at: NO_DATE } as const;
}

function openAiModel({ id }: Model) {
  return { id, object: 'model', created: 0, owned_by: 'clawdforge' } as const;
}
