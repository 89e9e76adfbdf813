import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import type { Readable, Writable } from 'node:stream';
import { createInterface } from 'node:readline';
import { PACKAGE_ROOT, type Lab } from './lab.js';

export const ECHO_AGENT = path.join(PACKAGE_ROOT, 'dist', 'echo-agent', 'main.js');

interface Message {
  readonly id?: number;
  readonly method?: string;
  readonly result?: { readonly sessionId?: string };
  readonly error?: unknown;
}

/** A raw ACP client on an agent of its own: what any turn costs at least, with every message parsed and kept. */
export class RawAgent {
  private readonly waiting = new Map<number, (reply: Message) => void>();
  private lastId = 0;
  private updates: Message[] = [];

  private constructor(private readonly child: ChildProcessByStdio<Writable, Readable, null>) {
    createInterface({ input: child.stdout }).on('line', (line) => this.read(JSON.parse(line) as Message));
  }

  static async start(lab: Lab, script = ECHO_AGENT): Promise<RawAgent> {
    const child = spawn(process.execPath, [script], {
      cwd: lab.root,
      env: lab.env,
      stdio: ['pipe', 'pipe', 'ignore'],
    });
    const agent = new RawAgent(child);
    await agent.request('initialize', { protocolVersion: 1, clientCapabilities: {} });
    return agent;
  }

  async newSession(cwd: string): Promise<string> {
    const { result } = await this.request('session/new', { cwd, mcpServers: [] });
    if (result?.sessionId === undefined) throw new Error('the agent opened no session');
    return result.sessionId;
  }

  /** @returns how many messages the turn had, its result included. */
  async turn(sessionId: string, text: string): Promise<number> {
    this.updates = [];
    await this.request('session/prompt', { sessionId, prompt: [{ type: 'text', text }] });
    return this.updates.length + 1;
  }

  async stop(): Promise<void> {
    const exited = once(this.child, 'exit');
    this.child.stdin.end();
    await exited;
  }

  private request(method: string, params: object): Promise<Message> {
    this.lastId += 1;
    const id = this.lastId;
    return new Promise((resolve, reject) => {
      this.waiting.set(id, (reply) => {
        if (reply.error === undefined) resolve(reply);
        else reject(new Error(`${method}: ${JSON.stringify(reply.error)}`));
      });
      this.child.stdin.write(`${JSON.stringify({ jsonrpc: '2.0', id, method, params })}\n`);
    });
  }

  private read(message: Message): void {
    if (message.id === undefined || message.method !== undefined) {
      this.updates.push(message);
      return;
    }
    this.waiting.get(message.id)?.(message);
    this.waiting.delete(message.id);
  }
}
