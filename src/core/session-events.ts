import { sessionUpdateOf } from './acp-messages.js';
import { isJsonObject, type JsonObject } from './json-rpc.js';

/** The closed table of event types; `docs/events.md` has the schema of each one's `data`. */
export const SESSION_EVENT_TYPES = [
  'session.created',
  'session.closed',
  'turn.queued',
  'turn.started',
  'message.delta',
  'thought.delta',
  'tool_call.started',
  'tool_call.updated',
  'plan.updated',
  'usage.updated',
  'commands.updated',
  'mode.updated',
  'permission.requested',
  'permission.resolved',
  'turn.completed',
  'turn.failed',
  'turn.cancelled',
  'turn.timed_out',
  'turn.unknown',
  'agent.other',
] as const;

export type SessionEventType = (typeof SESSION_EVENT_TYPES)[number];

/** Types with which a turn ends. */
export const TURN_END_TYPES: ReadonlySet<SessionEventType> = new Set<SessionEventType>([
  'turn.completed',
  'turn.failed',
  'turn.cancelled',
  'turn.timed_out',
  'turn.unknown',
]);

export interface ReadEvent {
  readonly type: SessionEventType;
  readonly data: JsonObject;
}

/** What a message of the agent's side says, as one of our event types. Whatever is none of them is `agent.other`. */
export function eventOfMessage(message: JsonObject): ReadEvent {
  const update = sessionUpdateOf(message);
  if (update !== undefined) return eventOfUpdate(update);
  if (message.method === 'session/request_permission' && isJsonObject(message.params)) {
    const { toolCall, options } = message.params;
    return {
      type: 'permission.requested',
      data: { request_id: message.id ?? null, tool_call: toolCall ?? null, options: options ?? [] },
    };
  }
  const outcome = isJsonObject(message.result) ? message.result.outcome : undefined;
  if (isJsonObject(outcome) && typeof outcome.outcome === 'string') {
    return {
      type: 'permission.resolved',
      data: { request_id: message.id ?? null, outcome: outcome.outcome, option_id: outcome.optionId ?? null },
    };
  }
  return { type: 'agent.other', data: {} };
}

function eventOfUpdate(update: JsonObject): ReadEvent {
  switch (update.sessionUpdate) {
    case 'agent_message_chunk':
      return { type: 'message.delta', data: contentOf(update) };
    case 'agent_thought_chunk':
      return { type: 'thought.delta', data: contentOf(update) };
    case 'tool_call':
      return { type: 'tool_call.started', data: toolCallOf(update) };
    case 'tool_call_update':
      return { type: 'tool_call.updated', data: toolCallOf(update) };
    case 'plan':
      return { type: 'plan.updated', data: { entries: update.entries ?? [] } };
    case 'usage_update':
      return {
        type: 'usage.updated',
        data: { used: update.used ?? null, size: update.size ?? null, cost: update.cost ?? null },
      };
    case 'available_commands_update':
      return { type: 'commands.updated', data: { commands: update.availableCommands ?? [] } };
    case 'current_mode_update':
      return { type: 'mode.updated', data: { mode: update.currentModeId ?? null } };
    default:
      return { type: 'agent.other', data: {} };
  }
}

/** Text content as `{text}`; any other content block under `content`. */
function contentOf(update: JsonObject): JsonObject {
  const { content } = update;
  if (isJsonObject(content) && content.type === 'text' && typeof content.text === 'string') {
    return { text: content.text };
  }
  return { content: content ?? null };
}

/** The fields that the agent sent, under our names; an update names only what changed. */
function toolCallOf(update: JsonObject): JsonObject {
  const fields: [string, unknown][] = [
    ['tool_call_id', update.toolCallId],
    ['title', update.title],
    ['kind', update.kind],
    ['status', update.status],
    ['content', update.content],
    ['locations', update.locations],
    ['raw_input', update.rawInput],
    ['raw_output', update.rawOutput],
  ];
  return Object.fromEntries(fields.filter(([, value]) => value !== undefined));
}
