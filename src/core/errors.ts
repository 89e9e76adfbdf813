/**
 * The closed list of error codes that clients may see in `code` of a problem document.
 * The HTTP status of each stands in `common/problem.ts`; a code without one does not compile.
 */
export const GATEWAY_ERROR_CODES = [
  'malformed_json',
  'invalid_cursor',
  'unauthorized',
  'forbidden_ip',
  'forbidden_role',
  'not_found',
  'session_not_found',
  'turn_not_found',
  'file_not_found',
  'token_not_found',
  'terminal_not_found',
  'token_exists',
  'session_closed',
  'payload_too_large',
  'unsupported_media_type',
  'validation_failed',
  'idempotency_key_reused',
  'agent_failed',
  'outcome_unknown',
  'pool_full',
  'queue_full',
  'agent_not_installed',
  'draining',
  'storage_unavailable',
  'internal',
] as const;

export type GatewayErrorCode = (typeof GATEWAY_ERROR_CODES)[number];

/** One wrong field of a request: `field` is a path such as `files[1]`, `message` says what it takes. */
export interface FieldError {
  field: string;
  message: string;
}

export interface GatewayErrorOptions {
  /** Whether the same request may succeed later, unchanged. */
  retryable?: boolean;
  /** Seconds after which a retry makes sense; sent as `Retry-After`. */
  retryAfterSecs?: number;
  errors?: FieldError[];
  cause?: unknown;
}

/** An error that a client is told about: its code, and a message that may be shown. */
export class GatewayError extends Error {
  readonly retryable: boolean;
  readonly retryAfterSecs: number | undefined;
  readonly errors: FieldError[] | undefined;

  constructor(
    readonly code: GatewayErrorCode,
    message: string,
    options: GatewayErrorOptions = {},
  ) {
    super(message, { cause: options.cause });
    this.name = 'GatewayError';
    this.retryable = options.retryable ?? false;
    this.retryAfterSecs = options.retryAfterSecs;
    this.errors = options.errors;
  }
}

/** A 422 that names each wrong field. */
export function invalidFields(errors: FieldError[]): GatewayError {
  const detail = errors.map((error) => `${error.field}: ${error.message}`).join('; ');
  return new GatewayError('validation_failed', detail, { errors });
}

/** The message of anything that was thrown. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
