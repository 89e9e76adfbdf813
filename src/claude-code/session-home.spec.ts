import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { makeSessionHome, removeSessionHome } from './session-home.js';
import type { SessionSpec } from './session-spec.js';

const spec: SessionSpec = {
  id: '0b9d6b9e-6a3e-4f0c-9d3b-1f2b3c4d5e6f',
  app: 'app',
  engine: 'terminal',
  cwd: '/project/dir',
  model: null,
  system: 'be brief',
  permissionMode: 'bypassPermissions',
  allowedTools: [],
  disallowedTools: [],
  mcpServers: {},
  plantedHistory: [
    { role: 'user', content: 'hi' },
    { role: 'assistant', content: 'hello' },
  ],
};

describe('makeSessionHome', () => {
  let parent: string;

  beforeEach(async () => {
    parent = await mkdtemp(path.join(tmpdir(), 'homes-'));
  });

  afterEach(() => rm(parent, { recursive: true, force: true }));

  it('makes a private home in which claude asks nothing, with the history planted', async () => {
    const home = await makeSessionHome(spec, {
      parent,
      apiKey: 'sk-ant-0123456789-abcdefghijklmnop',
      nowMs: 1e12,
    });
    const state = JSON.parse(await readFile(path.join(home.configDir, '.claude.json'), 'utf8'));
    expect(state).toMatchObject({
      hasCompletedOnboarding: true,
      customApiKeyResponses: { approved: ['789-abcdefghijklmnop'] },
      projects: { '/': { hasTrustDialogAccepted: true } },
    });
    expect(home.transcriptFile).toBe(path.join(home.configDir, `projects/-project-dir/${spec.id}.jsonl`));
    const transcript = await readFile(home.transcriptFile);
    expect(transcript.length).toBe(home.plantedBytes);
    expect(await readFile(home.systemFile!, 'utf8')).toBe('be brief');
    for (const file of [home.transcriptFile, home.systemFile!, path.join(home.configDir, '.claude.json')]) {
      expect((await stat(file)).mode & 0o077).toBe(0);
    }
  });

  it('plants nothing where there is no history, and says nothing of a key that is not there', async () => {
    const fresh = { ...spec, plantedHistory: [], system: null };
    const home = await makeSessionHome(fresh, { parent, apiKey: undefined, nowMs: 1e12 });
    expect(home).toMatchObject({ plantedBytes: 0, systemFile: null });
    expect(existsSync(home.transcriptFile)).toBe(false);
    expect(await readFile(path.join(home.configDir, '.claude.json'), 'utf8')).not.toContain('customApiKey');
    await removeSessionHome(home.directory);
    await removeSessionHome(home.directory);
    expect(existsSync(home.directory)).toBe(false);
  });

  it('leaves nothing when it cannot be made', async () => {
    const nowhere = { ...spec, cwd: '/project/dir' };
    const options = { parent: '/dev/null', apiKey: undefined, nowMs: 1e12 };
    await expect(makeSessionHome(nowhere, options)).rejects.toThrow();
  });
});
