import { createHash } from 'node:crypto';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';

/** The MCP servers of requests as files for `--mcp-config`: one for each set of servers, written when first asked for. */
export class McpConfigFiles {
  private readonly files = new Map<string, Promise<string>>();

  constructor(private readonly directory: string) {}

  /** The path of the file that holds `servers`, the same at every call; null when there are none. */
  async fileFor(servers: Readonly<Record<string, unknown>>): Promise<string | null> {
    if (Object.keys(servers).length === 0) return null;
    const text = JSON.stringify({ mcpServers: servers });
    const known = this.files.get(text);
    if (known !== undefined) return known;
    const written = this.write(text);
    this.files.set(text, written);
    // A disk that was full may have room at the next call.
    written.catch(() => this.files.delete(text));
    return written;
  }

  /** Removes the files; idempotent. */
  async close(): Promise<void> {
    const files = [...this.files.values()];
    this.files.clear();
    const paths = await Promise.all(files.map((file) => file.catch(() => null)));
    for (const file of paths) if (file !== null) await rm(file, { force: true });
  }

  private async write(text: string): Promise<string> {
    await mkdir(this.directory, { recursive: true, mode: 0o700 });
    const name = createHash('sha256').update(text).digest('hex').slice(0, 32);
    const file = path.join(this.directory, `${name}.json`);
    // Servers' environments hold keys.
    await writeFile(file, text, { mode: 0o600 });
    return file;
  }
}
