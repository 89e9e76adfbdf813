import { STATUS_OF } from '../../common/problem.js';
import { ClaudeTurnError } from '../../core/claude/turn-error.js';
import { GatewayError, messageOf, type FieldError } from '../../core/errors.js';
import { OutputFormError } from '../completions/answered-in-form.js';

/** The kinds of errors that both dialects know, each by a name of its own. */
export type FaultKind =
  | 'invalid_request'
  | 'authentication'
  | 'permission'
  | 'not_found'
  | 'too_large'
  | 'rate_limit'
  | 'overloaded'
  | 'timeout'
  | 'output_form'
  | 'api';

/** An error as a dialect is told of it. */
export interface ApiFault {
  readonly kind: FaultKind;
  readonly status: number;
  readonly message: string;
  readonly field: string | null;
  readonly retryAfterSecs: number | undefined;
  /** Whether clients may send it again by themselves: false once tools may have run. */
  readonly mayRetry: boolean;
}

const KIND_OF_STATUS: Readonly<Record<number, FaultKind>> = {
  400: 'invalid_request',
  401: 'authentication',
  403: 'permission',
  404: 'not_found',
  413: 'too_large',
  415: 'invalid_request',
  422: 'invalid_request',
  429: 'rate_limit',
  503: 'overloaded',
  504: 'timeout',
  529: 'overloaded',
};
const UNEXPECTED = 'something went wrong in the server; the log has the request id';

/** What a client is told of an error; what is not ours is `api` without its message. */
export function apiFaultOf(error: unknown, hide: (text: string) => string = (text) => text): ApiFault {
  if (error instanceof GatewayError) return gatewayFault(error);
  if (error instanceof ClaudeTurnError) return turnFault(error, hide(error.message));
  if (error instanceof OutputFormError) {
    return fault('output_form', 502, hide(error.message), { mayRetry: false });
  }
  return fault('api', 500, UNEXPECTED, { mayRetry: false });
}

/** Whether the log should have it: an error that nobody foresaw. */
export function isUnforeseen(error: unknown): boolean {
  if (error instanceof GatewayError) return error.code === 'internal' || error.code === 'storage_unavailable';
  return !(error instanceof ClaudeTurnError) && !(error instanceof OutputFormError);
}

function gatewayFault(error: GatewayError): ApiFault {
  const status: number = STATUS_OF[error.code];
  const isOurs = status === 503 && !error.retryable && error.code !== 'storage_unavailable';
  const kind = isOurs ? 'api' : (KIND_OF_STATUS[status] ?? 'api');
  return fault(kind, kind === 'invalid_request' ? 400 : status, faultText(error), {
    field: dotted(error.errors?.[0]),
    retryAfterSecs: error.retryAfterSecs,
    mayRetry: error.retryable,
  });
}

/** A failure of the model API keeps its status; all else failed behind us. */
function turnFault(error: ClaudeTurnError, message: string): ApiFault {
  const { apiStatus } = error;
  if (error.fault === 'api_error' && apiStatus !== null) {
    const status = apiStatus >= 400 && apiStatus < 600 ? apiStatus : 502;
    const kind = KIND_OF_STATUS[status] ?? (status < 500 ? 'invalid_request' : 'api');
    const text =
      status === 401 || status === 403
        ? `the model API refused the server's own access: ${message}`
        : message;
    return fault(kind, status, text, { mayRetry: status === 429 || status >= 500 });
  }
  if (error.fault === 'timeout') return fault('timeout', 504, message, { mayRetry: false });
  const isBeforeWork = error.fault === 'not_ready' || error.fault === 'not_acknowledged';
  return fault('api', 502, message, { mayRetry: isBeforeWork });
}

function faultText(error: GatewayError): string {
  if (error.errors === undefined || error.errors.length === 0) return messageOf(error);
  return error.errors.map((one) => `${dotted(one) ?? ''}: ${one.message}`).join('; ');
}

/** `messages[2].content[0]` as the dialects write it. */
function dotted(error: FieldError | undefined): string | null {
  return error === undefined ? null : error.field.replace(/\[(\d+)\]/g, '.$1');
}

function fault(
  kind: FaultKind,
  status: number,
  message: string,
  more: { field?: string | null; retryAfterSecs?: number | undefined; mayRetry: boolean },
): ApiFault {
  return {
    kind,
    status,
    message,
    field: more.field ?? null,
    retryAfterSecs: more.retryAfterSecs,
    mayRetry: more.mayRetry,
  };
}
