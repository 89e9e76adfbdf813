import { randomUUID } from 'node:crypto';
import { isJsonObject, type JsonObject } from '../core/json-rpc.js';
import { RpcError } from './rpc-error.js';
import type { Turn } from './turn.js';

/** Ids that differ from the kinds, as with real agents: a client must choose by kind. */
const PERMISSION_OPTIONS = [
  { optionId: 'yes-this-time', name: 'Yes', kind: 'allow_once' },
  { optionId: 'yes-from-now-on', name: 'Yes, and do not ask again', kind: 'allow_always' },
  { optionId: 'no-this-time', name: 'No', kind: 'reject_once' },
  { optionId: 'no-from-now-on', name: 'No, and do not ask again', kind: 'reject_always' },
] as const;

/** A tool call that reads the clock: it touches neither disk nor shell. */
export function callTool(turn: Turn): void {
  const toolCallId = startToolCall(turn);
  const time = finishToolCall(turn, toolCallId);
  turn.say(`The tool says it is ${time}`);
}

/** The same tool, behind a permission request. */
export async function askPermission(turn: Turn): Promise<void> {
  const toolCallId = startToolCall(turn);
  const choice = await askForChoice(turn, toolCallId);
  if (choice === 'allow_once' || choice === 'allow_always') finishToolCall(turn, toolCallId);
  else turn.update({ sessionUpdate: 'tool_call_update', toolCallId, status: 'failed' });
  turn.say(`permission: ${choice}`);
}

async function askForChoice(turn: Turn, toolCallId: string): Promise<string> {
  try {
    const toolCall = { toolCallId, title: TOOL_TITLE, kind: 'other', status: 'pending' };
    return choiceOf(await turn.ask('session/request_permission', { toolCall, options: PERMISSION_OPTIONS }));
  } catch (error) {
    // A client that cannot answer is part of what tests ask for; a cancelled turn is not.
    if (error instanceof RpcError) return `error ${error.code} ${error.message}`;
    throw error;
  }
}

/** The kind of the chosen option, or `cancelled`. */
function choiceOf(answer: unknown): string {
  const outcome = isJsonObject(answer) && isJsonObject(answer.outcome) ? answer.outcome : {};
  if (outcome.outcome === 'cancelled') return 'cancelled';
  const option = PERMISSION_OPTIONS.find(({ optionId }) => optionId === outcome.optionId);
  return option?.kind ?? 'unknown option';
}

const TOOL_TITLE = 'Read the clock';

function startToolCall(turn: Turn): string {
  const toolCallId = randomUUID();
  const call: JsonObject = { toolCallId, title: TOOL_TITLE, kind: 'other', status: 'pending', rawInput: {} };
  turn.update({ sessionUpdate: 'tool_call', ...call });
  return toolCallId;
}

function finishToolCall(turn: Turn, toolCallId: string): string {
  turn.update({ sessionUpdate: 'tool_call_update', toolCallId, status: 'in_progress' });
  const time = new Date().toISOString();
  const content = [{ type: 'content', content: { type: 'text', text: time } }];
  turn.update({ sessionUpdate: 'tool_call_update', toolCallId, status: 'completed', content });
  return time;
}
