import type { ScreenSnapshot } from '../claude-code/terminal/watched-terminal.js';
import { toUnixSecs } from '../core/time.js';
import type { LiveTerminalResponse, ScreenResponse } from './dto/live-terminal.dto.js';
import type { LiveTerminal } from './live-terminals.js';

export function toLiveTerminalResponse(live: LiveTerminal): LiveTerminalResponse {
  return {
    id: live.id,
    app_name: live.app,
    engine: live.engine,
    model: live.model,
    cwd: live.cwd,
    pid: live.pid ?? null,
    state: live.isBusy ? 'busy' : 'waiting',
    num_turns: live.numTurns,
    started_at: toUnixSecs(live.startedAtMs),
    last_used_at: toUnixSecs(live.lastUsedMs),
  };
}

export function toScreenResponse({ columns, rows, cursor, text, ansi }: ScreenSnapshot): ScreenResponse {
  return { cols: columns, rows, cursor: { col: cursor.column, row: cursor.row }, text, ansi };
}
