import type { SessionHome } from './session-home.js';
import type { SessionSpec } from './session-spec.js';

/** It would wait for a person for ever. */
const NEVER_ALLOWED = ['AskUserQuestion'];

/**
 * The flags that both engines share. Each value goes with its flag in one argument, so that none is taken for a flag; only
 * our own settings and servers count, whatever lies in the working directory.
 * @param mcpConfig the file of the servers; null for none.
 */
export function claudeArguments(spec: SessionSpec, home: SessionHome, mcpConfig: string | null): string[] {
  const { permissionMode, model, allowedTools, disallowedTools } = spec;
  return [
    home.plantedBytes > 0 ? `--resume=${spec.id}` : `--session-id=${spec.id}`,
    permissionMode === 'bypassPermissions'
      ? '--dangerously-skip-permissions'
      : `--permission-mode=${permissionMode}`,
    '--disable-slash-commands',
    '--setting-sources=user',
    '--strict-mcp-config',
    `--disallowedTools=${[...NEVER_ALLOWED, ...disallowedTools].join(',')}`,
    ...(allowedTools.length === 0 ? [] : [`--allowedTools=${allowedTools.join(',')}`]),
    ...(model === null ? [] : [`--model=${model}`]),
    ...(home.systemFile === null ? [] : [`--append-system-prompt-file=${home.systemFile}`]),
    ...(mcpConfig === null ? [] : [`--mcp-config=${mcpConfig}`]),
  ];
}

/** What claude gets on top of the environment of all agents. */
export function claudeEnvironment(home: SessionHome): Record<string, string> {
  return {
    CLAUDE_CONFIG_DIR: home.configDir,
    TMPDIR: home.tmpDir,
    // Else the screen is another after a crash.
    CLAUDE_CODE_DISABLE_ALTERNATE_SCREEN: '1',
    CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC: '1',
    // Else subagents start turns that nobody asked for.
    CLAUDE_CODE_DISABLE_BACKGROUND_TASKS: '1',
    DISABLE_AUTOUPDATER: '1',
    DISABLE_TELEMETRY: '1',
  };
}
