import { isAbsolute } from 'node:path';
import type { JsonObject } from '../core/json-rpc.js';
import { RPC_CODES, RpcError } from './rpc-error.js';

export function invalidParams(message: string): RpcError {
  return new RpcError(RPC_CODES.invalidParams, message);
}

export function readString(params: JsonObject, name: string): string {
  const value = params[name];
  if (typeof value !== 'string' || value === '') throw invalidParams(`${name} must be a non-empty string`);
  return value;
}

/** The working directory of a session. It need not exist: this agent never enters it. */
export function readCwd(params: JsonObject): string {
  const cwd = readString(params, 'cwd');
  if (!isAbsolute(cwd) || cwd.includes('\0')) throw invalidParams('cwd must be an absolute path');
  return cwd;
}

/** MCP servers are accepted and never started; only their shape is checked. */
export function checkMcpServers(params: JsonObject): void {
  const { mcpServers } = params;
  if (mcpServers !== undefined && !Array.isArray(mcpServers))
    throw invalidParams('mcpServers must be a list');
}
