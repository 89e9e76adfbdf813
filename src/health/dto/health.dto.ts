export class HealthResponse {
  /** @example true */
  ok!: true;

  /**
   * The server's version.
   * @example "0.3.0"
   */
  version!: string;

  /** @example 3600 */
  uptime_secs!: number;

  /** @example true */
  claude_present!: boolean;

  /**
   * Null when it cannot be read.
   * @example "2.1.329"
   */
  claude_version!: string | null;

  /**
   * The version that the Claude Code backend was tested with; another may behave differently.
   * @example "2.1.329"
   */
  claude_tested_version!: string;

  /** @example true */
  acpx_present!: boolean;

  /**
   * Null when it cannot be read.
   * @example "0.19.1"
   */
  acpx_version!: string | null;

  /** @example 3 */
  open_sessions!: number;

  /** @example 32 */
  max_live_sessions!: number;
}

export class ReadyResponse {
  /** @example true */
  ready!: true;
}
