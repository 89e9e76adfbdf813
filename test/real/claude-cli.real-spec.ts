import { existsSync } from 'node:fs';
import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { FakeModelApi } from '../support/fake-model-api.js';
import { systemText, userTexts } from '../support/model-request.js';
import { type ProgramCall, runProgram, startProgram } from '../support/run-program.js';
import { until } from '../support/until.js';
import { dummyApiKey, type IsolatedHome, isolatedHome } from './environment.js';
import { claudeCodeVersion, installRealAgents } from './install.js';

const printMode = ['-p', '--output-format', 'json', '--dangerously-skip-permissions'];

describe(`claude ${claudeCodeVersion} in print mode`, () => {
  const api = new FakeModelApi();
  let claudeBin: string;
  let home: IsolatedHome;

  beforeAll(async () => {
    ({ claudeBin } = await installRealAgents());
    await api.start();
  }, 600_000);

  afterAll(() => api.stop());

  beforeEach(async () => {
    api.reset();
    home = await isolatedHome(api.baseUrl);
  });

  afterEach(async () => {
    const leftOver = await home.processes();
    await home.remove();
    expect(leftOver).toEqual([]);
  });

  const call = (prompt: string, ...flags: string[]): ProgramCall => ({
    command: claudeBin,
    args: [...printMode, ...flags],
    cwd: home.work,
    env: home.env,
    stdin: prompt,
  });

  it('is the pinned version', async () => {
    const { stdout } = await runProgram({ ...call(''), args: ['--version'] });
    expect(stdout).toContain(claudeCodeVersion);
  });

  it('answers a prompt from stdin with one envelope that names reply, stop reason, usage and cost', async () => {
    const run = await runProgram(call('marker:ALPHA hello'));

    expect(run).toMatchObject({ code: 0, stderr: '' });
    expect(JSON.parse(run.stdout)).toMatchObject({
      type: 'result',
      subtype: 'success',
      is_error: false,
      result: 'user texts: 1; first marker: ALPHA',
      stop_reason: 'end_turn',
      num_turns: 1,
      session_id: expect.any(String),
      duration_ms: expect.any(Number),
      total_cost_usd: expect.any(Number),
      usage: {
        input_tokens: 11,
        output_tokens: 1,
        cache_read_input_tokens: 0,
        cache_creation_input_tokens: 0,
      },
      modelUsage: expect.any(Object),
    });
    expect(api.requestHeaders[0]).toMatchObject({ 'x-api-key': dummyApiKey });
    expect(api.otherCalls).toEqual([]);
  });

  it.each([
    '--version',
    '!touch bang',
    'exit',
    '-f/etc/hostname',
    '\u001b[31m\ttab\r\nnext\u0000 \u{1f980} end  ',
  ])('hands the model the prompt %j as it is', async (prompt) => {
    expect(await runProgram(call(prompt))).toMatchObject({ code: 0 });
    // The fake's reading trims; the blocks themselves must hold every character.
    expect(JSON.stringify(api.requests[0]?.messages)).toContain(JSON.stringify(prompt).slice(1, -1));
    expect(await readdir(home.work)).toEqual([]);
  });

  it('hands the model a prompt of 1 MB', async () => {
    const prompt = `say:read it all\n${'0123456789abcde\n'.repeat(65_536)}end`;
    expect(await runProgram(call(prompt))).toMatchObject({ code: 0 });
    expect(userTexts(api.requests[0]!).at(-1)).toHaveLength(prompt.length);
  });

  it('takes a leading slash for a command of its own, and not after a blank', async () => {
    const command = await runProgram(call('/cost'));
    expect(command.code).toBe(0);
    expect(api.requests).toEqual([]);

    await runProgram(call(' /cost'));
    expect(JSON.stringify(api.requests[0]?.messages)).toContain('" /cost"');
  });

  it('appends the system text of a file', async () => {
    const file = join(home.home, 'system.txt');
    await writeFile(file, 'SYSTEM-MARK-42: be brief');
    expect(await runProgram(call('hello', '--append-system-prompt-file', file))).toMatchObject({ code: 0 });
    expect(systemText(api.requests[0]!)).toContain('SYSTEM-MARK-42: be brief');
  });

  it('takes the model and any number of directories as --name=value, none swallowing the next', async () => {
    const directories = [join(home.home, 'one'), join(home.home, 'with blank')];
    for (const directory of directories) await mkdir(directory);
    const added = directories.map((directory) => `--add-dir=${directory}`);

    const run = await runProgram(call('hello', ...added, '--model=some/model:v1@x[1m]'));

    expect(run.code).toBe(0);
    // claude knows this suffix itself: it asks for the long context and leaves it off the name.
    expect(api.requests[0]?.model).toBe('some/model:v1@x');
    expect(userTexts(api.requests[0]!)).toEqual(['hello']);
    for (const directory of directories) expect(systemText(api.requests[0]!)).toContain(`  - ${directory}`);
  });

  it.each([
    ['takes instructions, hooks and servers from the directories it runs in', [], true],
    ['takes none of them when told so', ['--setting-sources=user', '--strict-mcp-config'], false],
  ])('%s', async (_name, flags, expected) => {
    const inner = join(home.work, 'inner');
    const hooked = join(home.home, 'hooked');
    const served = join(home.home, 'served');
    const hook = { type: 'command', command: `touch ${hooked}` };
    await mkdir(join(inner, '.claude'), { recursive: true });
    await writeFile(join(home.work, 'CLAUDE.md'), 'PARENT-MARK');
    await writeFile(
      join(inner, '.claude/settings.json'),
      JSON.stringify({ hooks: { UserPromptSubmit: [{ hooks: [hook] }] } }),
    );
    await writeFile(
      join(inner, '.mcp.json'),
      JSON.stringify({ mcpServers: { planted: { command: 'touch', args: [served] } } }),
    );

    expect(await runProgram({ ...call('hello', ...flags), cwd: inner })).toMatchObject({ code: 0 });

    const seen = [
      JSON.stringify(api.requests[0]).includes('PARENT-MARK'),
      existsSync(hooked),
      existsSync(served),
    ];
    expect(seen).toEqual([expected, expected, expected]);
  });

  it('runs tools without asking', async () => {
    const run = await runProgram(call('tool:bash echo made by a tool > made.txt; cat made.txt'));
    expect(JSON.parse(run.stdout)).toMatchObject({ result: 'tool said: made by a tool', num_turns: 2 });
    expect(await readdir(home.work)).toEqual(['made.txt']);
  });

  it.each([
    ['error:400', { api_error_status: 400, api_error_type: 'invalid_request_error' }, /400 asked for 400/],
    ['error:401', { api_error_status: 401, api_error_type: 'authentication_error' }, /authenticate/],
    [
      'error:404',
      { api_error_status: 404, api_error_type: 'not_found_error' },
      /issue with the selected model/,
    ],
    ['error:529', { api_error_status: 529, api_error_type: 'overloaded_error' }, /529/],
    ['half', { api_error_status: null, api_error: 'connection_failed' }, /lost/],
  ])('exits 1 with an envelope, and says nothing on stderr, after %s', async (prompt, fields, message) => {
    const run = await runProgram(call(prompt));
    expect(run).toMatchObject({ code: 1, stderr: '' });
    expect(JSON.parse(run.stdout)).toMatchObject({
      is_error: true,
      subtype: 'success',
      stop_reason: 'stop_sequence',
      result: expect.stringMatching(message),
      ...fields,
    });
  });

  it.each([
    ['an empty prompt', '', [], /Input must be provided/],
    ['a blank prompt', ' \n', [], /only whitespace/],
    ['an unknown flag', 'hello', ['--no-such-flag'], /unknown option/],
    ['a missing system file', 'hello', ['--append-system-prompt-file', '/no/such/file'], /not found/],
  ])('exits 1 with a line on stderr and no envelope for %s', async (_name, prompt, flags, message) => {
    const run = await runProgram(call(prompt, ...flags));
    expect(run).toMatchObject({ code: 1, stdout: '', stderr: expect.stringMatching(message) });
    expect(api.requests).toEqual([]);
  });

  it('ends on SIGTERM within seconds, with its tools and without an envelope', async () => {
    const { child, finished } = startProgram(call('tool:bash echo started > started; tail -f /dev/null'));
    await until('the tool runs', async () => (await readdir(home.work)).includes('started'));
    child.kill('SIGTERM');
    expect(await finished).toMatchObject({ code: 143, stdout: '' });
  });

  it('ends on SIGTERM at once while the model is silent', async () => {
    const { child, finished } = startProgram(call('hang'));
    await until('the model is asked', () => api.requests.length > 0);
    child.kill('SIGTERM');
    expect(await finished).toMatchObject({ code: 143, stdout: '' });
  });

  it('leaves its transcript in HOME and its scratch files in TMPDIR, nothing in the working directory', async () => {
    await runProgram(call('hello'));
    expect(await readdir(home.work)).toEqual([]);
    expect(await readdir(home.home)).toEqual(expect.arrayContaining(['.claude', '.claude.json']));
    expect(await readdir(join(home.home, '.claude', 'projects'))).toEqual([
      home.work.replace(/[^A-Za-z0-9]/g, '-'),
    ]);
    expect((await readdir(home.tmp)).length).toBeGreaterThan(0);
  });
});
