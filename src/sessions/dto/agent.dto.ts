export class AgentResponse {
  /** @example "claude" */
  name!: string;

  /** @example true */
  installed!: boolean;

  /**
   * Why it cannot be used, and what to install; null when it is installed.
   * @example null
   */
  missing!: string | null;

  /**
   * As the agent told when this server last started it; null before.
   * @example "0.100.0"
   */
  version!: string | null;

  /**
   * ACP `agentCapabilities`, known as `version` is.
   * @example { "loadSession": true }
   */
  capabilities!: Record<string, unknown> | null;
}

export class AgentListResponse {
  /** @example 1 */
  count!: number;

  agents!: AgentResponse[];
}
