import { isJsonObject, type JsonObject } from '../../core/json-rpc.js';

/** What an agent told of itself in its answer to `initialize`. */
export interface AgentFacts {
  readonly name: string | null;
  readonly version: string | null;
  /** ACP `agentCapabilities`. */
  readonly capabilities: JsonObject;
  readonly canLoad: boolean;
  readonly canResume: boolean;
  readonly canClose: boolean;
}

/** The version of ACP that we speak. */
export const PROTOCOL_VERSION = 1;

export function readFacts(answer: JsonObject): AgentFacts {
  const info = isJsonObject(answer.agentInfo) ? answer.agentInfo : {};
  const capabilities = isJsonObject(answer.agentCapabilities) ? answer.agentCapabilities : {};
  return {
    name: typeof info.name === 'string' ? info.name : null,
    version: typeof info.version === 'string' ? info.version : null,
    capabilities,
    canLoad: capabilities.loadSession === true,
    canResume: hasSessionCapability(capabilities, 'resume'),
    canClose: hasSessionCapability(capabilities, 'close'),
  };
}

/** A capability of sessions is an object when it is there, however empty. */
export function hasSessionCapability(capabilities: JsonObject, name: string): boolean {
  const { sessionCapabilities } = capabilities;
  return isJsonObject(sessionCapabilities) && isJsonObject(sessionCapabilities[name]);
}
