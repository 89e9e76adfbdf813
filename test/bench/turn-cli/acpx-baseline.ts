import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { randomUUID } from 'node:crypto';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { AcpxProgram } from '../../../src/acpx/cli/acpx-program.js';
import { DEFAULT_SESSION_OPTIONS, type RunnerSession } from '../../../src/acpx/acpx-runner.js';
import { quoteCommand } from '../../../src/acpx/launch-command.js';
import { loadConfig } from '../../../src/config/load-config.js';
import { parseMessage } from '../../../src/core/json-rpc.js';
import { TerminalLineReader } from '../../../src/core/terminal-line.js';
import { MARKER_VARIABLE } from '../../../src/processes/process-types.js';
import { PACKAGE_ROOT, type Lab } from '../support/lab.js';

/** acpx run by hand: the command lines and the environment that the gateway uses, with nothing around them. */
export class AcpxBaseline {
  private readonly running = new Set<Promise<unknown>>();

  private constructor(
    private readonly program: AcpxProgram,
    private readonly env: Readonly<Record<string, string>>,
    private readonly dataDir: string,
  ) {}

  static async start(lab: Lab): Promise<AcpxBaseline> {
    const dataDir = await lab.directory('baseline');
    const config = loadConfig({ ...lab.env, CLAWDFORGE_DATA_DIR: dataDir }, lab.root);
    const program = new AcpxProgram(config);
    await program.prepare();
    return new AcpxBaseline(program, config.agentEnv, dataDir);
  }

  async create(lab: Lab): Promise<RunnerSession> {
    const id = randomUUID().replaceAll('-', '');
    const session: RunnerSession = {
      id,
      agent: 'echo',
      launchCommand: quoteCommand([
        process.execPath,
        path.join(PACKAGE_ROOT, 'dist', 'echo-agent', 'main.js'),
      ]),
      cwd: await lab.directory(path.join('baseline-cwds', id)),
      marker: randomUUID(),
      agentSessionId: null,
      hasHistory: false,
      options: DEFAULT_SESSION_OPTIONS,
    };
    await this.finish(session, this.program.createArgs(session));
    return session;
  }

  /** Runs one turn and resolves, with its milliseconds, at its result line; acpx ends by itself later. */
  async turn(session: RunnerSession, prompt: string): Promise<number> {
    const startedMs = performance.now();
    const child = this.spawn(session, this.program.promptArgs(session));
    child.stdin.end(JSON.stringify([{ type: 'text', text: prompt }]));
    const terminal = new TerminalLineReader();
    const lines = createInterface({ input: child.stdout });
    const exited = once(child, 'close');
    this.running.add(exited);
    void exited.then(() => this.running.delete(exited));
    return new Promise((resolve, reject) => {
      lines.on('line', (line) => {
        const message = parseMessage(line);
        if (message !== undefined && terminal.read(message.value)) resolve(performance.now() - startedMs);
      });
      child.once('close', (code) => reject(new Error(`acpx ended with ${code} before its result`)));
    });
  }

  /** Resolves when no acpx of a turn is running. */
  async whenDrained(): Promise<void> {
    await Promise.all(this.running);
  }

  async close(session: RunnerSession): Promise<void> {
    await this.finish(session, this.program.closeArgs(session));
  }

  private async finish(session: RunnerSession, args: string[]): Promise<void> {
    const child = this.spawn(session, args);
    child.stdin.end();
    child.stdout.resume();
    const [code] = (await once(child, 'close')) as [number | null];
    if (code !== 0) throw new Error(`acpx ended with ${code}`);
  }

  private spawn(session: RunnerSession, args: string[]) {
    const child = spawn(this.program.command, args, {
      cwd: this.dataDir,
      env: { ...this.env, [MARKER_VARIABLE]: session.marker },
      stdio: 'pipe',
    });
    child.stderr.resume();
    return child;
  }
}
