import { Agent, request } from 'node:http';

/** An answer with its time from the call to its last byte. */
export interface Answer {
  readonly status: number;
  readonly text: string;
  readonly tookMs: number;
}

/** A client that keeps its connections: as little as can stand between a benchmark and a server. */
export class HttpClient {
  private readonly agent: Agent;

  constructor(
    private readonly baseUrl: string,
    private readonly headers: Readonly<Record<string, string>>,
    connections = 1,
  ) {
    this.agent = new Agent({ keepAlive: true, maxSockets: connections, noDelay: true });
  }

  /** @throws unless the answer is one of 2xx. */
  async send(method: string, path: string, body?: unknown): Promise<Answer> {
    const answer = await this.ask(method, path, body === undefined ? '' : JSON.stringify(body));
    if (answer.status < 200 || answer.status > 299)
      throw new Error(`${method} ${path}: ${answer.status} ${answer.text}`);
    return answer;
  }

  async json<T>(method: string, path: string, body?: unknown): Promise<T> {
    return JSON.parse((await this.send(method, path, body)).text) as T;
  }

  close(): void {
    this.agent.destroy();
  }

  private ask(method: string, path: string, payload: string): Promise<Answer> {
    const startedMs = performance.now();
    return new Promise((resolve, reject) => {
      const sent = request(
        this.baseUrl + path,
        {
          method,
          agent: this.agent,
          headers: {
            ...this.headers,
            ...(payload === ''
              ? {}
              : { 'content-type': 'application/json', 'content-length': Buffer.byteLength(payload) }),
          },
        },
        (response) => {
          const chunks: Buffer[] = [];
          response.on('data', (chunk: Buffer) => chunks.push(chunk));
          response.once('error', reject);
          response.once('end', () => {
            resolve({
              status: response.statusCode ?? 0,
              text: Buffer.concat(chunks).toString(),
              tookMs: performance.now() - startedMs,
            });
          });
        },
      );
      sent.once('error', reject);
      sent.end(payload);
    });
  }
}

/** Opens a session and returns its path. */
export async function openSession(client: HttpClient, agent = 'echo'): Promise<string> {
  const { session_id } = await client.json<{ session_id: string }>('POST', '/sessions', { agent });
  return `/sessions/${session_id}`;
}
