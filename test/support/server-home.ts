import { mkdir, mkdtemp, realpath, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { findProcesses } from './find-processes.js';
import { agentsOf, ServerClient } from './server-client.js';
import { freePort, type ServerProcess, startServer } from './server-process.js';
import { until } from './until.js';

export const ADMIN = 'admin-token-of-the-tests';

/** Directories that outlive a server, so that it can be started again on them. */
export class ServerHome {
  private server: ServerProcess | undefined;

  private constructor(
    readonly root: string,
    private readonly env: Record<string, string>,
    private readonly port: number,
  ) {}

  static async make(env: Record<string, string> = {}): Promise<ServerHome> {
    const root = await realpath(await mkdtemp(join(tmpdir(), 'clawdforge-home-')));
    for (const directory of ['home', 'tmp']) await mkdir(join(root, directory));
    return new ServerHome(root, env, await freePort());
  }

  get home(): string {
    return join(this.root, 'home');
  }

  get dataDir(): string {
    return join(this.root, 'data');
  }

  get admin(): ServerClient {
    return new ServerClient(`http://127.0.0.1:${this.port}`, ADMIN);
  }

  settings(env: Record<string, string> = {}): Record<string, string> {
    return {
      HOME: this.home,
      TMPDIR: join(this.root, 'tmp'),
      PORT: String(this.port),
      CLAWDFORGE_DATA_DIR: this.dataDir,
      ADMIN_BOOTSTRAP_TOKEN: ADMIN,
      ...this.env,
      ...env,
    };
  }

  async start(env: Record<string, string> = {}): Promise<ServerProcess> {
    this.server = await startServer({ env: this.settings(env), cwd: this.root });
    return this.server;
  }

  /** The agents' processes that are alive, wherever they went. */
  agents(): Promise<number[]> {
    return agentsOf(this.home, this.server);
  }

  /** The markers of those processes. */
  async markers(): Promise<Set<string>> {
    const markers = new Set<string>();
    await findProcesses((environment) => {
      const marker = environment.get('CLAWDFORGE_PROCESS_MARKER');
      if (environment.get('HOME') === this.home && marker !== undefined) markers.add(marker);
      return false;
    });
    return markers;
  }

  async untilNoAgents(): Promise<void> {
    await until('no process of an agent is left', async () => (await this.agents()).length === 0);
  }

  /** Stops what runs and removes the directories. @throws when a process was left behind. */
  async remove(): Promise<void> {
    await this.server?.stop();
    const left = await this.agents();
    for (const pid of left) process.kill(pid, 'SIGKILL');
    await rm(this.root, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 });
    if (left.length > 0) throw new Error(`${left.length} processes were left behind`);
  }
}
