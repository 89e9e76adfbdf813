import type { AppConfig } from '../config/app-config.js';
import { GatewayError } from '../core/errors.js';
import { findExecutable, launchArgv } from '../processes/executables.js';

/** The program and its first arguments. @throws GatewayError `agent_not_installed` when there is no `claude` to run. */
export function claudeProgram({ claudeBin, agentEnv }: AppConfig): readonly [string, ...string[]] {
  const executable = findExecutable(claudeBin, agentEnv.PATH ?? '');
  if (executable !== undefined) return launchArgv(executable);
  throw new GatewayError(
    'agent_not_installed',
    'claude is not installed here: run "npm install -g @anthropic-ai/claude-code", or set CLAUDE_BIN',
  );
}
