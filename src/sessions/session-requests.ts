import type { SessionChange } from '../acpx/acpx-runner.js';
import type { StoredSessionOptions } from './session-options.js';

/** What a session is opened with. */
export interface NewSession {
  agent: string;
  meta: Record<string, unknown> | null;
  cwd: string | undefined;
  options: Partial<StoredSessionOptions>;
}

/** What may change of a session; what is undefined stays. */
export interface SessionPatch extends SessionChange {
  readonly meta?: Record<string, unknown> | null;
}
