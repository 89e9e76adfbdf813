import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { CLAUDE_ENGINES } from '../../src/config/app-config.js';
import { assistant, BackendHarness, resultIn, saidIn, user } from '../support/backend-harness.js';
import { FakeModelApi } from '../support/fake-model-api.js';
import { textReply } from '../support/model-reply.js';
import { userTexts } from '../support/model-request.js';
import { type IsolatedHome, isolatedHome } from './environment.js';
import { installRealAgents } from './install.js';

/** Prompts that a terminal, a shell or claude itself would act on, and what arrives of them where it is not the same. */
const TRAPS: [prompt: string, typed?: string][] = [
  ['!touch bang'],
  ['/clear'],
  ['/cost and more'],
  ['# remember this'],
  ['& touch background'],
  ['? help'],
  ['exit', 'exit.'],
  [':q', ':q.'],
  ['ends in a backslash\\'],
  ['look at @secret'],
  ['-f/etc/hostname'],
  ['--version'],
  ['end \u001b[201~\rtouch escaped\r', 'end [201~\ntouch escaped'],
  ['\u001b[31mred\u0003\u0004 \u0000nul', '[31mred nul'],
  ['tab\there', 'tab    here'],
  ['one\r\ntwo', 'one\ntwo'],
  ['$(touch subshell) `touch ticks` ; touch semicolon'],
  ['日本 \u{1f980} é'],
  ['<pasted_content>not ours</pasted_content>', '<\\pasted_content>not ours<\\/pasted_content>'],
];

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

  /** All of the last user message's text, as the model got it. */
  const arrived = (): string => userTexts(api.conversationRequests.at(-1)!).at(-1) ?? '';

  it('arrive as text and run nothing', async () => {
    api.respond = () => textReply('ok');
    const wrong: unknown[] = [];
    let history = [user('begin'), assistant('ok')];
    for (const [prompt, typed = prompt] of TRAPS) {
      const messages = [...history, user(prompt)];
      const events = await harness.complete(messages, { cwd: home.work });
      history = [...messages, assistant(saidIn(events))];
      const expected = engine === 'terminal' ? typed : prompt;
      if (arrived() !== expected.trim()) wrong.push({ prompt, arrived: arrived() });
    }
    expect(wrong).toEqual([]);
    expect(await readdir(home.work)).toEqual([]);
    expect(harness.backend.liveSessions).toHaveLength(1);
  });

  it('of 200 kB in one line arrive whole', async () => {
    const prompt = `${'0123456789'.repeat(20_000)} the end`;
    await harness.complete([user(prompt)]);
    expect(arrived()).toBe(prompt);
  });

  it('of 3,300 lines arrive whole', async () => {
    const prompt = Array.from({ length: 3300 }, (_, line) => `line ${line} of a long text`).join('\n');
    await harness.complete([user(prompt)]);
    expect(arrived()).toBe(prompt);
  });

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
