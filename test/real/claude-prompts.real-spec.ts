import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { CLAUDE_ENGINES } from '../../src/config/app-config.js';
import { assistant, BackendHarness, resultIn, saidIn, user } from '../support/backend-harness.js';
import { FakeModelApi } from '../support/fake-model-api.js';
import { type IsolatedHome, isolatedHome } from './environment.js';
import { installRealAgents } from './install.js';

describe.each(CLAUDE_ENGINES)('prompts to the real claude, engine %s', (engine) => {
  const api = new FakeModelApi();
  let home: IsolatedHome;
  let harness: BackendHarness;

  beforeAll(async () => {
    const { claudeBin } = await installRealAgents();
    await api.start();
    home = await isolatedHome(api.baseUrl);
    harness = await BackendHarness.open({
      ...home.env,
      CLAUDE_BIN: claudeBin,
      CLAWDFORGE_CLAUDE_ENGINE: engine,
      CLAWDFORGE_CLAUDE_POOL: '4',
    });
  }, 600_000);

  afterAll(async () => {
    await api.stop();
    await harness.close();
    const leftOver = await home.processes();
    await home.remove();
    expect(leftOver).toEqual([]);
  });

  beforeEach(() => api.reset());

  it('to sixteen histories at once are answered each from its own', async () => {
    const markers = Array.from({ length: 16 }, (_, index) => `M${index}`);
    const answers = await Promise.all(
      markers.map((marker) =>
        harness.complete([user(`marker:${marker} x`), assistant('ok'), user('recall')]),
      ),
    );
    expect(answers.map(saidIn)).toEqual(markers.map((marker) => `recalled: ${marker}`));
    expect(harness.backend.liveSessions.length).toBeLessThanOrEqual(4);
  });

  it('in a directory with a long name find their transcript', async () => {
    const cwd = join(home.work, 'd'.repeat(120), `é_${'e'.repeat(110)}`);
    await mkdir(cwd, { recursive: true });
    const events = await harness.complete([user('marker:DEEP x'), assistant('ok'), user('recall')], { cwd });
    expect(saidIn(events)).toBe('recalled: DEEP');
  });

  it('take nothing from the directory that they run in', async () => {
    const cwd = join(home.work, 'hooked');
    await mkdir(join(cwd, '.claude'), { recursive: true });
    const hook = { type: 'command', command: `touch ${join(cwd, 'ran')}` };
    await writeFile(join(cwd, 'CLAUDE.md'), 'PROJECT-MARK');
    await writeFile(
      join(cwd, '.claude', 'settings.json'),
      JSON.stringify({ hooks: { UserPromptSubmit: [{ hooks: [hook] }] } }),
    );
    await harness.complete([user('say:hi')], { cwd });
    expect(JSON.stringify(api.conversationRequests.at(-1))).not.toContain('PROJECT-MARK');
    expect((await readdir(cwd)).sort()).toEqual(['.claude', 'CLAUDE.md']);
  });

  it('with a history of 1 MB are answered', async () => {
    const filler = 'All work and no play makes a dull history. '.repeat(250);
    const history = Array.from({ length: 50 }, (_, index) => [
      user(`marker:H${index} ${filler}`),
      assistant(filler),
    ]).flat();
    const events = await harness.complete([...history, user('recall')]);
    expect(saidIn(events)).toContain('recalled: H0 H1 ');
    expect(saidIn(events)).toContain('H49');
    expect(resultIn(events).numTurns).toBe(1);
  });

  it('may hold an image', async () => {
    const source = {
      type: 'base64',
      media_type: 'image/png',
      data: 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==',
    };
    await harness.complete([
      user([
        { type: 'image', source },
        { type: 'text', text: 'say:seen' },
      ]),
    ]);
    expect(JSON.stringify(api.conversationRequests.at(-1)!.messages)).toContain('"type":"image"');
  });

  it('reach servers that the request brings', async () => {
    const log = join(home.work, 'mcp-started');
    const mcpServers = { probe: { command: '/bin/sh', args: ['-c', `touch ${log}`] } };
    await harness.complete([user('say:hi')], { mcpServers });
    expect(await readdir(home.work)).toContain('mcp-started');
  });
});
