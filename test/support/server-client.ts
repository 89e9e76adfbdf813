import type { ServerProcess } from './server-process.js';
import { findProcesses } from './find-processes.js';

export interface Answer {
  status: number;
  headers: Headers;
  // Bodies are any, as in supertest; the assertions are the types.
  // eslint-disable-next-line @typescript-eslint/no-explicit-any
  body: any;
}

/** A bearer token and a server: the calls of a client as short as they can be written. */
export class ServerClient {
  constructor(
    readonly baseUrl: string,
    readonly token: string,
  ) {}

  async call(method: string, path: string, body?: unknown, signal?: AbortSignal): Promise<Answer> {
    const response = await fetch(`${this.baseUrl}${path}`, {
      method,
      headers: {
        authorization: `Bearer ${this.token}`,
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      ...(signal === undefined ? {} : { signal }),
    });
    const text = await response.text();
    const isJson = response.headers.get('content-type')?.includes('json') === true;
    return { status: response.status, headers: response.headers, body: isJson ? JSON.parse(text) : text };
  }

  /** The id of a new session with the echo agent. */
  async openEcho(): Promise<string> {
    const { status, body } = await this.call('POST', '/sessions', { agent: 'echo' });
    if (status !== 200) throw new Error(`POST /sessions: ${status} ${JSON.stringify(body)}`);
    return body.session_id;
  }

  turn(sessionId: string, prompt: string, more: object = {}, signal?: AbortSignal): Promise<Answer> {
    return this.call('POST', `/sessions/${sessionId}/turn`, { prompt, ...more }, signal);
  }

  get(path: string): Promise<Answer> {
    return this.call('GET', path);
  }

  close(sessionId: string): Promise<Answer> {
    return this.call('DELETE', `/sessions/${sessionId}`);
  }

  /** Mints a token with this client's, which must be the admin's, and returns a client that uses it. */
  async mint(name: string, more: object = {}): Promise<ServerClient> {
    const { status, body } = await this.call('POST', '/admin/tokens', { name, ...more });
    if (status !== 200) throw new Error(`POST /admin/tokens: ${status} ${JSON.stringify(body)}`);
    return new ServerClient(this.baseUrl, body.token);
  }
}

/** The processes that were started with this HOME, the server itself left out. */
export async function agentsOf(home: string, server?: ServerProcess): Promise<number[]> {
  const found = await findProcesses((environment) => environment.get('HOME') === home);
  return found.filter((pid) => pid !== server?.pid);
}
