import { isJsonObject, type JsonObject } from './json-rpc.js';

/** How a session answers the permission requests of its agent while nobody is asked. */
export const PERMISSION_POLICIES = ['approve_all', 'approve_reads', 'deny_all'] as const;
export type PermissionPolicy = (typeof PERMISSION_POLICIES)[number];

/** Kinds of tools (ACP `toolCall.kind`) that look and change nothing. */
const READING_KINDS: ReadonlySet<unknown> = new Set(['read', 'search']);

/** Once before always: what is allowed for good is written into the user's settings, beyond the session. */
const ALLOWING = ['allow_once', 'allow_always'];
const REJECTING = ['reject_once', 'reject_always'];

/** The `outcome` of ACP's answer to `session/request_permission`. */
export type PermissionOutcome = { outcome: 'selected'; optionId: string } | { outcome: 'cancelled' };

export const PERMISSION_CANCELLED: PermissionOutcome = { outcome: 'cancelled' };

/**
 * Answers a permission request by the session's policy. Options are chosen by their kind, never by their id or order. A
 * request that offers no option of the wanted kinds, or cannot be read, is answered `cancelled`: nothing is allowed by
 * mistake. A tool of no or an unknown kind counts as one that changes something.
 * @param params of `session/request_permission`.
 */
export function decidePermission(policy: PermissionPolicy, params: JsonObject): PermissionOutcome {
  const optionId = optionOfKinds(params.options, isAllowed(policy, params.toolCall) ? ALLOWING : REJECTING);
  return optionId === undefined ? PERMISSION_CANCELLED : { outcome: 'selected', optionId };
}

function isAllowed(policy: PermissionPolicy, toolCall: unknown): boolean {
  if (policy !== 'approve_reads') return policy === 'approve_all';
  return isJsonObject(toolCall) && READING_KINDS.has(toolCall.kind);
}

function optionOfKinds(options: unknown, kinds: readonly string[]): string | undefined {
  const offered = Array.isArray(options) ? options.filter(isJsonObject) : [];
  for (const kind of kinds) {
    const optionId = offered.find((option) => option.kind === kind)?.optionId;
    if (typeof optionId === 'string') return optionId;
  }
  return undefined;
}
