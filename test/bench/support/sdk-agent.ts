import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { once } from 'node:events';
import { Readable, Writable } from 'node:stream';
import { client, type ClientConnection, ndJsonStream } from '@agentclientprotocol/sdk';
import { ECHO_AGENT } from './raw-agent.js';
import type { Lab } from './lab.js';

/** The ACP SDK's client on an agent of its own: what an application without a gateway runs. */
export class SdkAgent {
  private readonly connection: ClientConnection;
  private updates = 0;

  private constructor(private readonly child: ChildProcessByStdio<Writable, Readable, null>) {
    this.connection = client({ name: 'bench' })
      .onNotification('session/update', () => void (this.updates += 1))
      .connect(
        ndJsonStream(
          Writable.toWeb(child.stdin),
          Readable.toWeb(child.stdout) as unknown as ReadableStream<Uint8Array>,
        ),
      );
  }

  static async start(lab: Lab): Promise<SdkAgent> {
    const child = spawn(process.execPath, [ECHO_AGENT], {
      cwd: lab.root,
      env: lab.env,
      stdio: ['pipe', 'pipe', 'ignore'],
    });
    const agent = new SdkAgent(child);
    await agent.connection.agent.request('initialize', { protocolVersion: 1, clientCapabilities: {} });
    return agent;
  }

  async newSession(cwd: string): Promise<string> {
    const { sessionId } = await this.connection.agent.request('session/new', { cwd, mcpServers: [] });
    return sessionId;
  }

  /** @returns how many messages the turn had, its result included. */
  async turn(sessionId: string, text: string): Promise<number> {
    this.updates = 0;
    await this.connection.agent.request('session/prompt', { sessionId, prompt: [{ type: 'text', text }] });
    return this.updates + 1;
  }

  async stop(): Promise<void> {
    const exited = once(this.child, 'exit');
    this.child.stdin.end();
    await exited;
  }
}
