import type { JsonObject } from '../core/json-rpc.js';

/** The JSON-RPC and ACP error codes that this agent answers with. */
export const RPC_CODES = {
  parseError: -32700,
  invalidRequest: -32600,
  methodNotFound: -32601,
  invalidParams: -32602,
  internalError: -32603,
  resourceNotFound: -32002,
} as const;

/** A failure that the client is told as a JSON-RPC error; anything else thrown becomes an internal error. */
export class RpcError extends Error {
  constructor(
    readonly code: number,
    message: string,
    readonly data?: JsonObject,
  ) {
    super(message);
  }
}

export function toErrorObject(error: unknown): JsonObject {
  if (error instanceof RpcError) {
    return {
      code: error.code,
      message: error.message,
      ...(error.data === undefined ? {} : { data: error.data }),
    };
  }
  const details = error instanceof Error ? error.message : String(error);
  return { code: RPC_CODES.internalError, message: 'Internal error', data: { details } };
}
