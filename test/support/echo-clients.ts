import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { EchoClient } from './echo-client.js';

/** Echo agents of one test file: a home of its own per test, and a check that no process is left. */
export class EchoClients {
  home = '';
  private clients: EchoClient[] = [];

  constructor() {
    beforeEach(() => {
      this.home = mkdtempSync(join(tmpdir(), 'echo-agent-'));
    });
    afterEach(async () => {
      await Promise.all(this.clients.map((client) => client.kill()));
      for (const { pid } of this.clients) expect(() => process.kill(pid, 0)).toThrow('ESRCH');
      this.clients = [];
      rmSync(this.home, { recursive: true });
    });
  }

  start(environment: Record<string, string> = {}): EchoClient {
    const client = new EchoClient({ HOME: this.home, ...environment });
    this.clients.push(client);
    return client;
  }
}
