import { spawn, type ChildProcessByStdio } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import type { Readable, Writable } from 'node:stream';
import { createInterface } from 'node:readline';

const PROGRAM = join(process.cwd(), 'dist', 'echo-agent', 'main.js');

/** A JSON-RPC message as it came; assertions are its types. */
// eslint-disable-next-line @typescript-eslint/no-explicit-any
export type Message = Record<string, any>;

export interface Exit {
  code: number | null;
  signal: NodeJS.Signals | null;
}

/** A client of the built echo agent, as bare as can be: it records what comes and answers nothing by itself. */
export class EchoClient {
  /** Every message so far, in order. */
  readonly received: Message[] = [];
  readonly exited: Promise<Exit>;
  stderr = '';
  private readonly child: ChildProcessByStdio<Writable, Readable, Readable>;
  private readonly watchers = new Set<() => void>();
  private lastId = 0;
  private hasExited = false;

  /** The environment is `environment` and nothing else. */
  constructor(environment: Record<string, string>) {
    this.child = spawn(process.execPath, [PROGRAM], { env: environment, stdio: ['pipe', 'pipe', 'pipe'] });
    this.child.stdin.on('error', () => undefined);
    this.child.stderr.on('data', (chunk: Buffer) => (this.stderr += chunk.toString()));
    createInterface({ input: this.child.stdout }).on('line', (line) => {
      this.received.push(JSON.parse(line) as Message);
      this.wake();
    });
    this.exited = once(this.child, 'close').then(([code, signal]) => {
      this.hasExited = true;
      this.wake();
      return { code, signal };
    });
  }

  get pid(): number {
    return this.child.pid!;
  }

  get stdout(): Readable {
    return this.child.stdout;
  }

  write(text: string): void {
    this.child.stdin.write(text);
  }

  send(message: Message): void {
    this.write(JSON.stringify({ jsonrpc: '2.0', ...message }) + '\n');
  }

  /** Sends a request; the whole answer, with its `result` or `error`. */
  request(method: string, params: Message = {}): Promise<Message> {
    this.lastId += 1;
    const id = this.lastId;
    this.send({ id, method, params });
    return this.waitFor((message) => message.id === id && message.method === undefined);
  }

  /** The first message, also of the past, that fits; rejects when the agent ends without one. */
  waitFor(fits: (message: Message) => boolean): Promise<Message> {
    return new Promise((resolve, reject) => {
      let seen = 0;
      const look = (): void => {
        for (; seen < this.received.length; seen += 1) {
          const message = this.received[seen]!;
          if (!fits(message)) continue;
          this.watchers.delete(look);
          resolve(message);
          return;
        }
        if (!this.hasExited) return;
        this.watchers.delete(look);
        reject(new Error(`the agent ended; stderr: ${this.stderr}`));
      };
      this.watchers.add(look);
      look();
    });
  }

  async newSession(cwd = '/tmp'): Promise<string> {
    const { result } = await this.request('session/new', { cwd, mcpServers: [] });
    return result.sessionId;
  }

  prompt(sessionId: string, text: string): Promise<Message> {
    return this.request('session/prompt', { sessionId, prompt: [{ type: 'text', text }] });
  }

  cancel(sessionId: string): void {
    this.send({ method: 'session/cancel', params: { sessionId } });
  }

  /** The session's updates so far, optionally of one kind. */
  updates(sessionId: string, kind?: string): Message[] {
    return this.received
      .filter(({ method, params }) => method === 'session/update' && params.sessionId === sessionId)
      .map(({ params }) => params.update as Message)
      .filter(({ sessionUpdate }) => kind === undefined || sessionUpdate === kind);
  }

  /** What the agent has said in the session so far. */
  said(sessionId: string): string {
    return this.updates(sessionId, 'agent_message_chunk')
      .map(({ content }) => content.text as string)
      .join('');
  }

  /** Waits until the agent has said so much in the session. */
  async hears(sessionId: string, text: string): Promise<void> {
    await this.waitFor(() => this.said(sessionId).includes(text));
  }

  endInput(): Promise<Exit> {
    this.child.stdin.end();
    return this.exited;
  }

  kill(signal: NodeJS.Signals = 'SIGKILL'): Promise<Exit> {
    this.child.kill(signal);
    return this.exited;
  }

  private wake(): void {
    for (const look of [...this.watchers]) look();
  }
}
