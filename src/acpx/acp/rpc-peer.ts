import type { AgentMessage, JsonObject } from '../../core/json-rpc.js';
import { isJsonObject } from '../../core/json-rpc.js';
import { errorTextOf } from '../../core/acp-messages.js';

export const RPC_CODES = {
  methodNotFound: -32601,
  invalidParams: -32602,
  internalError: -32603,
  authRequired: -32000,
  unknownSession: -32002,
} as const;

/** An error reply of the agent. */
export class RpcFault extends Error {
  constructor(
    readonly code: number | undefined,
    message: string,
  ) {
    super(message);
    this.name = 'RpcFault';
  }
}

/** No reply within the time that the request was given. */
export class RpcTimeout extends Error {
  constructor(method: string, timeoutMs: number) {
    super(`the agent did not answer ${method} within ${timeoutMs / 1000}s`);
    this.name = 'RpcTimeout';
  }
}

/** What becomes of a request: called at once when its reply is read, in the order of the agent's lines. */
export interface ReplyHandler {
  reply(reply: AgentMessage): void;
  /** The connection ended without a reply. */
  lost(error: Error): void;
  /** The agent had closed its input, so that it cannot have read the request; `lost` follows. */
  unsent?(): void;
}

/** Writes a line; calls `unsent` when not all of it could be written. */
type WriteLine = (line: string, unsent?: () => void) => void;

export interface CallOptions {
  readonly timeoutMs: number;
  readonly signal?: AbortSignal;
  /** Called with the result before any later line of the agent is read. */
  readonly onResult?: (result: JsonObject) => void;
}

/**
 * The client's side of one JSON-RPC connection. Of our own and not the ACP SDK's: there a reply passes through streams and
 * promises, so that it loses its place among the updates and its raw line. The SDK's types are used all the same.
 */
export class RpcPeer {
  private readonly pending = new Map<unknown, ReplyHandler>();
  private lastId = 0;
  private ended: Error | undefined;

  constructor(private readonly write: WriteLine) {}

  /** Sends a request and returns it as it was sent. */
  request(method: string, params: object, handler: ReplyHandler): AgentMessage {
    this.lastId += 1;
    const id = this.lastId;
    if (this.ended === undefined) this.pending.set(id, handler);
    else handler.lost(this.ended);
    return this.send({ jsonrpc: '2.0', id, method, params }, () => handler.unsent?.());
  }

  /**
   * Sends a request and waits for its result; a result that is no object counts as an empty one.
   * @throws RpcFault, RpcTimeout, the signal's reason, or what ended the connection.
   */
  call(method: string, params: object, { timeoutMs, signal, onResult }: CallOptions): Promise<JsonObject> {
    return new Promise((resolve, reject) => {
      const id = this.lastId + 1;
      const settle = (end: () => void): void => {
        clearTimeout(timer);
        // A reply that comes after all has nobody to act on it.
        this.pending.delete(id);
        signal?.removeEventListener('abort', abort);
        end();
      };
      const fail = (error: unknown): void =>
        settle(() => reject(error instanceof Error ? error : new Error(String(error))));
      const abort = (): void => fail(signal?.reason);
      const timer = setTimeout(() => fail(new RpcTimeout(method, timeoutMs)), timeoutMs);
      if (signal?.aborted === true) {
        abort();
        return;
      }
      signal?.addEventListener('abort', abort);
      this.request(method, params, {
        reply: ({ value }) => {
          const fault = faultOf(value);
          if (fault !== undefined) {
            fail(fault);
            return;
          }
          const result = isJsonObject(value.result) ? value.result : {};
          onResult?.(result);
          settle(() => resolve(result));
        },
        lost: fail,
      });
    });
  }

  notify(method: string, params: object): void {
    this.send({ jsonrpc: '2.0', method, params });
  }

  /** Answers a request of the agent; returns the answer as it was sent. */
  answer(id: unknown, result: object): AgentMessage {
    return this.send({ jsonrpc: '2.0', id, result });
  }

  refuse(id: unknown, method: string): AgentMessage {
    const error = { code: RPC_CODES.methodNotFound, message: `Method not found: ${method}` };
    return this.send({ jsonrpc: '2.0', id, error });
  }

  /** Gives a reply to the request that it belongs to; one that nobody waits for (any more) is dropped. */
  takeReply(message: AgentMessage): void {
    const handler = this.pending.get(message.value.id);
    if (handler === undefined) return;
    this.pending.delete(message.value.id);
    handler.reply(message);
  }

  /** Nothing will be answered from now on. */
  end(error: Error): void {
    this.ended ??= error;
    const handlers = [...this.pending.values()];
    this.pending.clear();
    for (const handler of handlers) handler.lost(error);
  }

  private send(value: JsonObject, unsent?: () => void): AgentMessage {
    const raw = JSON.stringify(value);
    this.write(`${raw}\n`, unsent);
    return { raw, value };
  }
}

/** The error in a reply; undefined when it is a result. */
export function faultOf(reply: JsonObject): RpcFault | undefined {
  const text = errorTextOf(reply);
  if (text === undefined) return undefined;
  const code = isJsonObject(reply.error) ? reply.error.code : undefined;
  return new RpcFault(typeof code === 'number' ? code : undefined, text);
}
