import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { UNKNOWN_STATUS, type ClaudeStatus } from '../../core/claude/turn-progress.js';
import { isJsonObject } from '../../core/json-rpc.js';

const STATES: Readonly<Record<string, ClaudeStatus['state']>> = {
  idle: 'idle',
  busy: 'busy',
  shell: 'busy',
  waiting: 'waiting',
};

/**
 * What claude itself writes about its state, in `sessions/<pid>.json` of its config directory (internal to claude). The
 * directory is one session's own, so that whatever stands there is it, also where a wrapper has another pid.
 */
export async function readRegistry(configDir: string): Promise<ClaudeStatus> {
  const directory = path.join(configDir, 'sessions');
  const names = await readdir(directory).catch((): string[] => []);
  for (const name of names.filter((entry) => entry.endsWith('.json'))) {
    const status = await readEntry(path.join(directory, name));
    if (status !== undefined) return status;
  }
  return UNKNOWN_STATUS;
}

async function readEntry(file: string): Promise<ClaudeStatus | undefined> {
  try {
    const entry: unknown = JSON.parse(await readFile(file, 'utf8'));
    if (!isJsonObject(entry)) return undefined;
    const { status, sessionId, waitingFor } = entry;
    return {
      state: (typeof status === 'string' ? STATES[status] : undefined) ?? 'unknown',
      sessionId: typeof sessionId === 'string' ? sessionId : null,
      waitingFor: typeof waitingFor === 'string' ? waitingFor : null,
    };
  } catch {
    // Half written, or gone again; the next look tells.
    return undefined;
  }
}
