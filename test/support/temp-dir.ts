import { mkdtemp, realpath, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';

/** A fresh directory for each test of the file (or `describe`) that calls this; removed after it. */
export function useTempDir(): { readonly path: string } {
  const directory = { path: '' };
  beforeEach(async () => {
    directory.path = await realpath(await mkdtemp(path.join(tmpdir(), 'clawdforge-test-')));
  });
  afterEach(() => rm(directory.path, { recursive: true, force: true }));
  return directory;
}
