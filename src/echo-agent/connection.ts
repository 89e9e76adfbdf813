import { isJsonObject, type JsonObject } from '../core/json-rpc.js';
import type { MessageWriter } from './message-writer.js';
import { RPC_CODES, RpcError, toErrorObject } from './rpc-error.js';

/** What answers the messages of the other side. */
export interface MessageHandler {
  /** @throws RpcError, or anything else for an internal error. */
  handleRequest(method: string, params: JsonObject): JsonObject | Promise<JsonObject>;
  handleNotification(method: string, params: JsonObject): void;
}

interface PendingRequest {
  resolve(result: unknown): void;
  reject(error: RpcError): void;
}

/** One JSON-RPC 2.0 peer: dispatches incoming lines, pairs our own requests with their answers. */
export class Connection {
  private readonly pending = new Map<string, PendingRequest>();
  private lastRequestNumber = 0;

  constructor(readonly writer: MessageWriter) {}

  notify(method: string, params: JsonObject): void {
    this.writer.send({ method, params });
  }

  /** Asks the client; `withdraw` gives the question up, after which the answer never settles. */
  request(method: string, params: JsonObject): { answer: Promise<unknown>; withdraw: () => void } {
    this.lastRequestNumber += 1;
    const id = `echo-${this.lastRequestNumber}`;
    const answer = new Promise<unknown>((resolve, reject) => {
      this.pending.set(id, { resolve, reject });
    });
    this.writer.send({ id, method, params });
    const withdraw = (): void => {
      if (this.pending.delete(id)) this.notify('$/cancel_request', { requestId: id });
    };
    return { answer, withdraw };
  }

  /** Takes one line of input. Never throws: what cannot be read is answered with an error and forgotten. */
  accept(line: string, handler: MessageHandler): void {
    if (line.trim() === '') return;
    let message: unknown;
    try {
      message = JSON.parse(line);
    } catch {
      this.reject(null, new RpcError(RPC_CODES.parseError, 'Parse error'));
      return;
    }
    if (!isJsonObject(message)) {
      this.reject(null, new RpcError(RPC_CODES.invalidRequest, 'a message is one JSON object'));
      return;
    }
    if (typeof message.method === 'string') this.dispatch(message, message.method, handler);
    else if ('result' in message || 'error' in message) this.settle(message);
    else this.reject(message.id ?? null, new RpcError(RPC_CODES.invalidRequest, 'neither method nor result'));
  }

  /** A line that was too long to be kept. */
  refuseLongLine(maxLineBytes: number): void {
    this.reject(null, new RpcError(RPC_CODES.parseError, `stdin line exceeded ${maxLineBytes} bytes`));
  }

  private dispatch(message: JsonObject, method: string, handler: MessageHandler): void {
    const params = message.params ?? {};
    if (!('id' in message)) {
      // Nobody waits for the answer to a notification, so a broken one is dropped.
      if (isJsonObject(params)) handler.handleNotification(method, params);
      return;
    }
    const id = message.id;
    if (!isJsonObject(params)) {
      this.reject(id, new RpcError(RPC_CODES.invalidParams, 'params must be an object'));
      return;
    }
    void this.answer(id, method, params, handler);
  }

  private async answer(
    id: unknown,
    method: string,
    params: JsonObject,
    handler: MessageHandler,
  ): Promise<void> {
    try {
      const result = await handler.handleRequest(method, params);
      this.writer.send({ id, result });
    } catch (error) {
      this.reject(id, error);
    }
  }

  private reject(id: unknown, error: unknown): void {
    this.writer.send({ id, error: toErrorObject(error) });
  }

  private settle(message: JsonObject): void {
    const id = String(message.id);
    const request = this.pending.get(id);
    if (request === undefined) return;
    this.pending.delete(id);
    if (!('error' in message)) {
      request.resolve(message.result);
      return;
    }
    const error = isJsonObject(message.error) ? message.error : {};
    const code = typeof error.code === 'number' ? error.code : RPC_CODES.internalError;
    const text = typeof error.message === 'string' ? error.message : 'error without a message';
    request.reject(new RpcError(code, text));
  }
}
