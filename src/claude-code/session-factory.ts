import type { ClaudeSession } from './claude-session.js';
import type { SessionHome } from './session-home.js';
import type { SessionSpec } from './session-spec.js';

/** Starts `claude`; an injection token, and where tests put their stand-ins. */
export abstract class SessionFactory {
  /** @throws GatewayError `agent_not_installed` when there is no claude to start. */
  abstract assertInstalled(): void;

  /**
   * Starts a session in its home; nothing is left running when it throws.
   * @param mcpConfig the file of its MCP servers; null for none.
   * @throws ClaudeTurnError `not_ready`, GatewayError `storage_unavailable`, or the signal's reason.
   */
  abstract start(
    spec: SessionSpec,
    home: SessionHome,
    mcpConfig: string | null,
    signal: AbortSignal,
  ): Promise<ClaudeSession>;
}
