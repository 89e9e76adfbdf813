import { readFileSync } from 'node:fs';
import { isJsonObject, type JsonObject } from '../core/json-rpc.js';
import { SettingError, type SettingReader } from './setting-readers.js';

const NAME = 'CLAWDFORGE_MCP_SERVERS';
const TAKES =
  'the path of a JSON file {"mcpServers": {"NAME": {"command", "args"?, "env"?} or {"type": "http" or "sse", "url", "headers"?}}}';

/**
 * The MCP servers of the operator's file, by name, as ACP's `McpServer` objects. Sessions name them; a client that could
 * send a command would have it run.
 */
export function readMcpServers(read: SettingReader): Readonly<Record<string, JsonObject>> {
  if (read.text(NAME) === undefined) return {};
  const servers = serversIn(read.path(NAME, ''));
  return Object.freeze(
    Object.fromEntries(Object.entries(servers).map(([name, server]) => [name, toMcpServer(name, server)])),
  );
}

function serversIn(file: string): JsonObject {
  try {
    const parsed: unknown = JSON.parse(readFileSync(file, 'utf8'));
    if (isJsonObject(parsed) && isJsonObject(parsed.mcpServers)) return parsed.mcpServers;
  } catch {
    // Told below; what was read may hold secrets.
  }
  throw new SettingError(NAME, TAKES);
}

function toMcpServer(name: string, server: unknown): JsonObject {
  if (!isJsonObject(server)) throw new SettingError(NAME, TAKES);
  const { type, url, headers = {}, command, args = [], env = {} } = server;
  if ((type === 'http' || type === 'sse') && typeof url === 'string') {
    return { type, name, url, headers: pairsOf(headers) };
  }
  const isCommand =
    typeof command === 'string' && Array.isArray(args) && args.every((arg) => typeof arg === 'string');
  if (!isCommand) throw new SettingError(NAME, TAKES);
  return { name, command, args, env: pairsOf(env) };
}

function pairsOf(record: unknown): { name: string; value: string }[] {
  if (!isJsonObject(record)) throw new SettingError(NAME, TAKES);
  return Object.entries(record).map(([name, value]) => {
    if (typeof value !== 'string') throw new SettingError(NAME, TAKES);
    return { name, value };
  });
}
