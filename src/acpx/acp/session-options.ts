import type {
  NewSessionRequest,
  SetSessionConfigOptionRequest,
  SetSessionModeRequest,
} from '@agentclientprotocol/sdk';
import { type FieldError, invalidFields } from '../../core/errors.js';
import { isJsonObject, type JsonObject } from '../../core/json-rpc.js';
import type { RunnerSession, SessionChange, SessionOptions } from '../acpx-runner.js';
import { type AgentFacts, hasSessionCapability } from './agent-facts.js';

/** What an agent offers to be chosen in a session. */
export interface SessionOffers {
  /** Ids of modes; null when it offers none. */
  readonly modes: readonly string[] | null;
  /** Ids of models that are chosen by the older `session/set_model`; null when it offers none. */
  readonly models: readonly string[] | null;
  readonly configOptions: readonly ConfigOption[];
}

interface ConfigOption {
  readonly id: string;
  readonly category: string | null;
  readonly isSwitch: boolean;
  /** Null for a switch. */
  readonly values: readonly string[] | null;
}

/** A request that changes a session, and the field of ours that it is for. */
export interface SettingCall {
  readonly field: string;
  readonly method: 'session/set_mode' | 'session/set_model' | 'session/set_config_option';
  readonly params: object;
  /** Whether the agent lists the value among those that it takes, as far as it lists any. */
  readonly isListed: boolean;
}

/** Claude Code reads settings from the working directory, which may run code; only the user's own may count. */
const CLAUDE_SETTING_SOURCES = ['user'];

const UNSUPPORTED = 'is not supported by this agent';

/**
 * The parameters of `session/new`, `resume` and `load` for a session.
 * @throws GatewayError `validation_failed` naming the options that the agent does not support.
 */
export function setupParams(agent: string, facts: AgentFacts, session: RunnerSession): NewSessionRequest {
  const { options } = session;
  const isClaude = agent === 'claude' || /claude-(agent|code)-acp/.test(facts.name ?? '');
  const errors = [
    ...unsupportedServers(options, facts),
    ...(options.additionalDirectories.length > 0 &&
    !hasSessionCapability(facts.capabilities, 'additionalDirectories')
      ? [{ field: 'additional_directories', message: UNSUPPORTED }]
      : []),
    ...(options.systemPrompt !== null && !isClaude ? [{ field: 'system_prompt', message: UNSUPPORTED }] : []),
  ];
  if (errors.length > 0) throw invalidFields(errors);
  return {
    cwd: session.cwd,
    // Resolved by the gateway from the operator's file, whose schema is ACP's.
    mcpServers: options.mcpServers as unknown as NewSessionRequest['mcpServers'],
    ...(options.additionalDirectories.length > 0
      ? { additionalDirectories: [...options.additionalDirectories] }
      : {}),
    ...(isClaude ? { _meta: claudeMeta(options) } : {}),
  };
}

/** Reads what the answer to `session/new`, `resume`, `load` or `set_config_option` offers; null when it says nothing. */
export function readOffers(answer: JsonObject): SessionOffers | null {
  const modes = idsIn(answer.modes, 'availableModes', 'id');
  const models = idsIn(answer.models, 'availableModels', 'modelId');
  if (modes === null && models === null && !Array.isArray(answer.configOptions)) return null;
  const listed: unknown[] = Array.isArray(answer.configOptions) ? answer.configOptions : [];
  return { modes, models, configOptions: listed.flatMap(readConfigOption) };
}

/**
 * The calls that bring a change about at the agent.
 * @param offers null where the agent did not say; then it is asked and may refuse.
 * @throws GatewayError `validation_failed` naming what the agent does not offer.
 */
export function settingCalls(
  sessionId: string,
  offers: SessionOffers | null,
  change: SessionChange,
): SettingCall[] {
  const errors: FieldError[] = [];
  const calls: SettingCall[] = [];
  const add = (field: string, found: SettingCall | string): void => {
    if (typeof found === 'string') errors.push({ field, message: found });
    else calls.push(found);
  };
  if (change.model !== undefined) add('model', modelCall(sessionId, offers, change.model));
  if (change.mode !== undefined) add('mode', modeCall(sessionId, offers, change.mode));
  for (const [id, value] of Object.entries(change.config ?? {})) {
    add(`config.${id}`, configCall(sessionId, offers, id, value));
  }
  if (errors.length > 0) throw invalidFields(errors);
  return calls;
}

/** The part of a session's options that is set by calls after it was opened. */
export function changeOf(options: SessionOptions): SessionChange {
  return {
    ...(options.model === null ? {} : { model: options.model }),
    ...(options.mode === null ? {} : { mode: options.mode }),
    config: options.config,
  };
}

function claudeMeta(options: SessionOptions): JsonObject {
  return {
    claudeCode: { options: { settingSources: CLAUDE_SETTING_SOURCES } },
    ...(options.systemPrompt === null ? {} : { systemPrompt: { append: options.systemPrompt } }),
  };
}

function unsupportedServers(options: SessionOptions, facts: AgentFacts): FieldError[] {
  const { mcpCapabilities } = facts.capabilities;
  const transports = isJsonObject(mcpCapabilities) ? mcpCapabilities : {};
  return options.mcpServers.flatMap(({ type }, index) =>
    typeof type !== 'string' || type === 'stdio' || transports[type] === true
      ? []
      : [{ field: `mcp_servers[${index}]`, message: `its transport ${type} ${UNSUPPORTED}` }],
  );
}

/** Which models there are changes by the day; the agent judges the value. */
function modelCall(sessionId: string, offers: SessionOffers | null, model: string): SettingCall | string {
  const option = offers?.configOptions.find(({ id, category }) => id === 'model' || category === 'model');
  if (offers === null || option !== undefined) {
    const isListed = option?.values?.includes(model) ?? true;
    return configOptionCall('model', { sessionId, configId: option?.id ?? 'model', value: model }, isListed);
  }
  if (offers.models === null) return UNSUPPORTED;
  const isListed = offers.models.includes(model);
  return { field: 'model', method: 'session/set_model', params: { sessionId, modelId: model }, isListed };
}

function modeCall(sessionId: string, offers: SessionOffers | null, modeId: string): SettingCall | string {
  const params: SetSessionModeRequest = { sessionId, modeId };
  const call: SettingCall = { field: 'mode', method: 'session/set_mode', params, isListed: true };
  if (offers === null) return call;
  if (offers.modes !== null) return offers.modes.includes(modeId) ? call : takesOneOf(offers.modes);
  const option = offers.configOptions.find(({ category }) => category === 'mode');
  if (option?.values == null) return UNSUPPORTED;
  if (!option.values.includes(modeId)) return takesOneOf(option.values);
  return configOptionCall('mode', { sessionId, configId: option.id, value: modeId });
}

function configCall(
  sessionId: string,
  offers: SessionOffers | null,
  configId: string,
  value: string,
): SettingCall | string {
  const field = `config.${configId}`;
  const option = offers?.configOptions.find(({ id }) => id === configId);
  if (option === undefined) {
    return offers === null ? configOptionCall(field, { sessionId, configId, value }) : UNSUPPORTED;
  }
  if (!option.isSwitch) {
    const isOffered = option.values?.includes(value) ?? false;
    return isOffered
      ? configOptionCall(field, { sessionId, configId, value })
      : takesOneOf(option.values ?? []);
  }
  if (value !== 'true' && value !== 'false') return takesOneOf(['true', 'false']);
  return configOptionCall(field, { sessionId, configId, type: 'boolean', value: value === 'true' });
}

function configOptionCall(
  field: string,
  params: SetSessionConfigOptionRequest,
  isListed = true,
): SettingCall {
  return { field, method: 'session/set_config_option', params, isListed };
}

function takesOneOf(values: readonly string[]): string {
  return `takes one of ${values.join(', ')}`;
}

function readConfigOption(option: unknown): ConfigOption[] {
  if (!isJsonObject(option) || typeof option.id !== 'string') return [];
  const category = typeof option.category === 'string' ? option.category : null;
  const isSwitch = option.type === 'boolean';
  return [{ id: option.id, category, isSwitch, values: isSwitch ? null : valuesIn(option.options) }];
}

/** The values of a select: a flat list, or a list of groups. */
function valuesIn(options: unknown): string[] {
  const listed = Array.isArray(options) ? options.filter(isJsonObject) : [];
  return listed.flatMap((entry) => {
    if (typeof entry.value === 'string') return [entry.value];
    return Array.isArray(entry.options) ? valuesIn(entry.options) : [];
  });
}

function idsIn(state: unknown, listName: string, idName: string): string[] | null {
  const list = isJsonObject(state) ? state[listName] : undefined;
  if (!Array.isArray(list)) return null;
  return list.filter(isJsonObject).flatMap((entry) => {
    const id = entry[idName];
    return typeof id === 'string' ? [id] : [];
  });
}
