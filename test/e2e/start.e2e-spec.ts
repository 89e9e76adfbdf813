import { chmod, chown, mkdir, readdir, readFile, truncate, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { ServerClient } from '../support/server-client.js';
import { ServerHome } from '../support/server-home.js';
import { runBuilt } from '../support/server-process.js';

describe('the start of the built server', () => {
  let home: ServerHome;

  beforeEach(async () => {
    home = await ServerHome.make({ LOG_LEVEL: 'warn' });
  });
  afterEach(() => home.remove());

  /** Starts a server that is expected to give up. */
  const refusal = async (env: Record<string, string> = {}, identity = {}): Promise<string> => {
    const { code, stderr } = await runBuilt('main.js', home.settings(env), home.root, identity);
    expect(code).toBe(1);
    expect(
      stderr
        .trimEnd()
        .split('\n')
        .filter((line) => line.includes('    at ')),
    ).toEqual([]);
    return stderr;
  };
  const database = () => join(home.dataDir, 'clawdforge.db');

  it.each([
    ['PORT', '70000', 'a whole number from 0 to 65535'],
    ['PORT', 'eighty', 'a whole number'],
    ['LOG_LEVEL', 'loud', 'one of trace'],
    ['ALLOW_CIDRS', '10.0.0.0/99', 'addresses or CIDR ranges'],
    ['TRUST_PROXY', 'the-proxy', 'addresses or CIDR ranges'],
    ['CLAWDFORGE_MAX_RUNS', '-7', 'a whole number from 1'],
    ['CLAWDFORGE_RUNNER', 'psychic', 'one of acp, acpx-cli'],
    ['CLAWDFORGE_FILE_ROOTS', 'relative/dir', 'absolute directories'],
    ['CLAWDFORGE_AGENTS', 'not a name', 'names of'],
    ['CLAWDFORGE_AGENT_ENV', 'METRICS_TOKEN', 'names of variables'],
    ['CLAWDFORGE_DRAIN_SECS', 'ages', 'a whole number'],
    ['ADMIN_BOOTSTRAP_TOKEN', 'short 1', 'a token of at least 8'],
  ])('stops at %s=%s with a line that names the setting and not the value', async (name, value, takes) => {
    const stderr = await refusal({ [name]: value });
    expect(stderr).toContain(`${name} takes ${takes}`);
    expect(stderr.replaceAll(name, '')).not.toContain(value);
    expect(stderr.trimEnd().split('\n')).toHaveLength(1);
  });

  it('stops at a port in use and says which', async () => {
    const taken = createServer();
    await new Promise<void>((listening) => taken.listen(0, '127.0.0.1', listening));
    const { port } = taken.address() as AddressInfo;
    expect(await refusal({ PORT: String(port) })).toContain(`port ${port} on 127.0.0.1 is in use`);
    await new Promise((closed) => taken.close(closed));
  });

  it('stops when another server has the data directory, and not for one that was killed', async () => {
    const first = await home.start();
    const stderr = await refusal({ PORT: '0' });
    expect(stderr).toContain(`is in use by another clawdforge server (pid ${first.pid})`);
    expect((await home.admin.get('/admin/tokens')).status).toBe(200);
    await first.kill();
    const second = await home.start();
    expect(await second.stop()).toEqual({ code: 0, signal: null });
  });

  it('keeps its directories to itself, also those that admin:reset makes first', async () => {
    const unset = { ADMIN_BOOTSTRAP_TOKEN: '' };
    const reset = await runBuilt('admin-reset.js', home.settings(unset), home.root);
    expect(reset.code).toBe(0);
    const server = await home.start(unset);
    expect(server.stderr()).not.toContain('cf_');
    const { stat } = await import('node:fs/promises');
    const names = ['', ...(await readdir(home.dataDir))];
    const modes = await Promise.all(
      names.map(async (name) => {
        const found = await stat(join(home.dataDir, name));
        return found.isDirectory() ? [name, (found.mode & 0o777).toString(8)] : [];
      }),
    );
    expect(modes.filter((entry) => entry.length > 0 && entry[1] !== '700')).toEqual([]);
    await server.stop();
  });

  describe('on a database', () => {
    const startOnce = async (): Promise<void> => {
      const server = await home.start();
      await home.admin.mint('kept');
      await server.stop();
    };

    it('that is garbage says so and leaves it alone', async () => {
      await mkdir(home.dataDir);
      const garbage = 'this is no database at all\n'.repeat(1000);
      await writeFile(database(), garbage);
      expect(await refusal()).toContain(`${database()}: the file is not an SQLite database`);
      expect(await readFile(database(), 'utf8')).toBe(garbage);
    });

    it('that was cut off says so', async () => {
      await startOnce();
      await truncate(database(), 20_000);
      expect(await refusal()).toMatch(/damaged/);
    });

    it('that cannot be written says so', async () => {
      await startOnce();
      const isRoot = process.getuid?.() === 0;
      const identity = isRoot ? { uid: 65534, gid: 65534 } : {};
      if (isRoot) {
        // Modes do not bind root: the directory is another user's, the file is not.
        for (const name of ['', 'runs', 'files', 'acpx-cwds', 'server.lock', 'server.pid']) {
          await chown(join(home.dataDir, name), 65534, 65534);
        }
        await chmod(home.root, 0o755);
      }
      await chmod(database(), 0o444);
      expect(await refusal({}, identity)).toContain(`${database()}: the file cannot be written`);
    });

    it('in a directory that cannot be made says which', async () => {
      await writeFile(join(home.root, 'a-file'), '');
      const stderr = await refusal({ CLAWDFORGE_DATA_DIR: join(home.root, 'a-file', 'data') });
      expect(stderr).toContain(`cannot make the directory ${join(home.root, 'a-file', 'data')}`);
    });
  });

  describe('without ADMIN_BOOTSTRAP_TOKEN', () => {
    const unset = { ADMIN_BOOTSTRAP_TOKEN: '' };

    it('makes an admin token, shows it once on stderr, and keeps no copy', async () => {
      const first = await home.start({ ...unset, LOG_LEVEL: 'trace' });
      const shown = first.stderr().match(/cf_[\w-]{43}/g) ?? [];
      expect(shown).toHaveLength(1);
      const admin = new ServerClient(first.baseUrl, shown[0]!);
      expect((await admin.get('/admin/tokens')).status).toBe(200);
      await first.stop();
      expect(first.stdout()).not.toContain(shown[0]!);
      for (const entry of await readdir(home.dataDir, { recursive: true, withFileTypes: true })) {
        if (!entry.isFile()) continue;
        expect(await readFile(join(entry.parentPath, entry.name), 'latin1')).not.toContain(shown[0]!);
      }
      const second = await home.start(unset);
      expect(second.stderr()).not.toContain('cf_');
      expect((await admin.get('/admin/tokens')).status).toBe(200);
      await second.stop();
    });

    it('takes a new one from admin:reset while it runs, and no longer the old', async () => {
      const server = await home.start(unset);
      const [old = ''] = server.stderr().match(/cf_[\w-]{43}/g) ?? [];
      const before = new ServerClient(server.baseUrl, old);
      expect((await before.get('/admin/tokens')).status).toBe(200);

      const reset = await runBuilt('admin-reset.js', home.settings(unset), home.root);
      expect(reset.code).toBe(0);
      const after = new ServerClient(server.baseUrl, reset.stdout.trim());
      expect((await after.get('/admin/tokens')).status).toBe(200);
      expect((await before.get('/admin/tokens')).status).toBe(401);
      await server.stop();
    });

    it('refuses admin:reset when the settings hold the token', async () => {
      const reset = await runBuilt('admin-reset.js', home.settings(), home.root);
      expect(reset).toMatchObject({ code: 1, stdout: '' });
      expect(reset.stderr).toContain('ADMIN_BOOTSTRAP_TOKEN is set');
    });
  });
});
