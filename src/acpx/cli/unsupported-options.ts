import type { FieldError } from '../../core/errors.js';
import type { SessionChange, SessionOptions } from '../acpx-runner.js';

const MESSAGE = 'is not supported with CLAWDFORGE_RUNNER=acpx-cli';

/** The options of a session that the acpx command line has no way to pass on, by their names in requests. */
export function unsupportedOptions(options: SessionOptions): FieldError[] {
  const asked: Record<string, boolean> = {
    model: options.model !== null,
    mode: options.mode !== null,
    system_prompt: options.systemPrompt !== null,
    mcp_servers: options.mcpServers.length > 0,
    additional_directories: options.additionalDirectories.length > 0,
    config: Object.keys(options.config).length > 0,
  };
  return errorsFor(asked);
}

export function unsupportedChanges(change: SessionChange): FieldError[] {
  return errorsFor({
    model: change.model !== undefined,
    mode: change.mode !== undefined,
    config: Object.keys(change.config ?? {}).length > 0,
  });
}

function errorsFor(asked: Readonly<Record<string, boolean>>): FieldError[] {
  const fields = Object.keys(asked).filter((field) => asked[field]);
  return fields.map((field) => ({ field, message: MESSAGE }));
}
