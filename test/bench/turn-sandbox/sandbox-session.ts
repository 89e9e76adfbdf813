import { once } from 'node:events';
import { get, type IncomingMessage } from 'node:http';
import { HttpClient } from '../support/http-client.js';
import { SANDBOX_AGENT_TOKEN, STAND_IN } from './sandbox-agent.js';

const HEADERS = { authorization: `Bearer ${SANDBOX_AGENT_TOKEN}` };
const FRAME_END = '\n\n';

interface Message {
  readonly id?: number;
  readonly method?: string;
  readonly result?: { readonly sessionId?: string };
  readonly error?: unknown;
}

/** An agent process of its own behind sandbox-agent, with one session open: ACP over HTTP. */
export class SandboxSession {
  private readonly client: HttpClient;
  private readonly waiting = new Map<number, () => void>();
  private stream?: IncomingMessage;
  private sessionId?: string;
  private updates: Message[] = [];
  private lastId = 0;

  private constructor(private readonly url: string) {
    this.client = new HttpClient(url, HEADERS);
  }

  /** @param name which agent process of the server it is. */
  static async open(baseUrl: string, name: string, cwd: string): Promise<SandboxSession> {
    const session = new SandboxSession(`${baseUrl}/v1/acp/${name}`);
    const initialize = { protocolVersion: 1, clientCapabilities: {} };
    await session.request('initialize', initialize, `?agent=${STAND_IN}`);
    const { result } = await session.request('session/new', { cwd, mcpServers: [] });
    if (result?.sessionId === undefined) throw new Error('the agent opened no session');
    session.sessionId = result.sessionId;
    return session;
  }

  /** Reads the event stream from now on; without it nobody is told what the agent says in a turn. */
  async follow(): Promise<void> {
    const sent = get(this.url, { agent: false, headers: { ...HEADERS, accept: 'text/event-stream' } });
    const [response] = (await once(sent, 'response')) as [IncomingMessage];
    if (response.statusCode !== 200) throw new Error(`${this.url}: ${response.statusCode}`);
    this.stream = response;
    let rest = '';
    response.setEncoding('utf8').on('data', (chunk: string) => {
      const frames = (rest + chunk).split(FRAME_END);
      rest = frames.pop() ?? '';
      for (const frame of frames) this.read(frame);
    });
    response.on('error', () => undefined);
  }

  /** A turn to its answer, the result. */
  async prompt(text: string): Promise<void> {
    await this.request('session/prompt', { sessionId: this.sessionId, prompt: [{ type: 'text', text }] });
  }

  /**
   * A turn to its answer and to its last message in the stream.
   * @returns how many messages the turn had, its result included.
   */
  async turn(text: string): Promise<number> {
    this.updates = [];
    const told = new Promise<void>((resolve) => this.waiting.set(this.lastId + 1, resolve));
    await Promise.all([this.prompt(text), told]);
    return this.updates.length + 1;
  }

  close(): void {
    this.stream?.destroy();
    this.client.close();
  }

  private async request(method: string, params: object, query = ''): Promise<Message> {
    this.lastId += 1;
    const body = { jsonrpc: '2.0', id: this.lastId, method, params };
    const answer = await this.client.json<Message>('POST', query, body);
    if (answer.error !== undefined) throw new Error(`${method}: ${JSON.stringify(answer.error)}`);
    return answer;
  }

  private read(frame: string): void {
    const line = frame.split('\n').find((field) => field.startsWith('data: '));
    if (line === undefined) return;
    const message = JSON.parse(line.slice('data: '.length)) as Message;
    if (message.id === undefined || message.method !== undefined) {
      this.updates.push(message);
      return;
    }
    this.waiting.get(message.id)?.();
    this.waiting.delete(message.id);
  }
}
