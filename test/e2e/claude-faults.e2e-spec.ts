import { execFile } from 'node:child_process';
import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { CLAUDE_ENGINES } from '../../src/config/app-config.js';
import { LiveClaude } from '../support/live-claude.js';
import type { Answer, ServerClient } from '../support/server-client.js';
import { ServerHome } from '../support/server-home.js';
import type { ServerProcess } from '../support/server-process.js';
import { until } from '../support/until.js';

const run = promisify(execFile);

// The built server with a stand-in for claude; test/real has what needs the real one.
describe.each(CLAUDE_ENGINES)('the Claude Code backend of a server in trouble, engine %s', (engine) => {
  let claude: LiveClaude;
  let home: ServerHome;
  let server: ServerProcess;
  let app: ServerClient;

  beforeAll(async () => {
    claude = await LiveClaude.install();
    home = await ServerHome.make({
      CLAUDE_BIN: claude.program,
      CLAWDFORGE_CLAUDE_ENGINE: engine,
      CLAWDFORGE_AGENTS: 'echo',
    });
    server = await home.start();
    app = await home.admin.mint('app');
  });

  afterAll(async () => {
    await home.remove();
    await claude.remove();
  });

  const messages = (...texts: string[]): Promise<Answer> =>
    app.call('POST', '/v1/messages', { max_tokens: 9, ...asked(texts) });
  const chat = (...texts: string[]): Promise<Answer> =>
    app.call('POST', '/v1/chat/completions', asked(texts));
  const said = ({ status, body }: Answer): unknown => (status === 200 ? body.content[0].text : body);
  // eslint-disable-next-line @typescript-eslint/no-explicit-any -- rows are any in tests
  const newestRuns = async (count: number): Promise<any[]> =>
    (await home.admin.get(`/admin/runs?limit=${count}`)).body.runs;
  const sessionsDir = (): string => join(home.dataDir, 'claude-code', 'sessions');
  const sessionHomes = (): Promise<string[]> => readdir(sessionsDir()).catch(() => []);
  /** The pids of the claudes that have taken a prompt, once they are so many. */
  const untilTaken = async (prompt: string, count: number): Promise<number[]> => {
    let pids: number[] = [];
    const look = async (): Promise<boolean> => {
      const files = (await sessionHomes()).map((id) => join(sessionsDir(), id, 'config', 'taken'));
      const notes = await Promise.all(files.map((file) => readFile(file, 'utf8').catch(() => '')));
      pids = notes.filter((note) => note.endsWith(` ${prompt}`)).map((note) => parseInt(note, 10));
      return pids.length === count;
    };
    await until(`${count} have taken ${prompt}`, look);
    return pids;
  };

  it('answers from a claude that is kept', async () => {
    expect(said(await messages('one'))).toBe('1: one');
    expect(said(await messages('one', '1: one', 'two'))).toBe('2: two');
  });

  it('leaves nothing of a turn in which it was killed, and says in its row that nobody knows its end', async () => {
    const cutOff = Promise.allSettled([messages('work'), chat('work')]);
    await untilTaken('work', 2);
    const markers = await home.markers();
    await server.kill();
    expect((await cutOff).map(({ status }) => status)).toEqual(['rejected', 'rejected']);
    server = await home.start();
    const left = [...(await home.markers())].filter((marker) => markers.has(marker));
    expect({ left, homes: await sessionHomes() }).toEqual({ left: [], homes: [] });
    expect(await newestRuns(2)).toMatchObject([
      { status: 'unknown', ok: null },
      { status: 'unknown', ok: null },
    ]);
    expect(said(await messages('one', '1: one', 'three'))).toBe('1: three');
  });

  it('answers what ends in time when it is stopped', async () => {
    const running = messages('after:1500');
    await untilTaken('after:1500', 1);
    expect(await server.stop()).toEqual({ code: 0, signal: null });
    expect(said(await running)).toBe('1: after:1500');
    expect(await home.agents()).toEqual([]);
    server = await home.start();
    expect(await newestRuns(1)).toMatchObject([{ status: 'completed', ok: true }]);
  });

  it('says that it is stopping to what does not, and in the row that it failed', async () => {
    await server.stop();
    server = await home.start({ CLAWDFORGE_DRAIN_SECS: '0' });
    const running = Promise.all([messages('hang'), chat('hang')]);
    await untilTaken('hang', 2);
    expect(await server.stop()).toEqual({ code: 0, signal: null });
    const [ofMessages, ofChat] = await running;
    expect([ofMessages.status, ofMessages.body.error.type]).toEqual([503, 'overloaded_error']);
    expect([ofChat.status, ofChat.body.error.code]).toEqual([503, 'overloaded']);
    expect({ left: await home.agents(), homes: await sessionHomes() }).toEqual({ left: [], homes: [] });
    server = await home.start();
    const rows = await newestRuns(2);
    expect(rows.map(({ status, error }) => [status, error])).toEqual([
      ['failed', 'the Claude Code backend is closed'],
      ['failed', 'the Claude Code backend is closed'],
    ]);
  });

  it('ends a claude that hangs, or was stopped, at the deadline', async () => {
    await server.stop();
    server = await home.start({ CLAWDFORGE_CLAUDE_TIMEOUT_SECS: '5' });
    const running = Promise.all([messages('hang'), chat('hang')]);
    const pids = await untilTaken('hang', 2);
    for (const pid of pids) process.kill(pid, 'SIGSTOP');
    const [ofMessages, ofChat] = await running;
    expect([ofMessages.status, ofMessages.body.error.type]).toEqual([504, 'timeout_error']);
    expect([ofChat.status, ofChat.body.error.code]).toEqual([504, 'timeout']);
    expect((await home.agents()).filter((pid) => pids.includes(pid))).toEqual([]);
    expect(await newestRuns(2)).toMatchObject([{ status: 'timed_out' }, { status: 'timed_out' }]);
    await server.stop();
    server = await home.start();
  });

  describe('whose claude is replaced', () => {
    it('goes on with the one that lives, and takes the new one for what is new', async () => {
      expect(said(await messages('kept'))).toBe('1: kept');
      await claude.replace('9.9.9');
      expect(said(await messages('kept', '1: kept', 'on'))).toBe('2: on');
      expect(said(await messages('anew'))).toBe('1: anew');
    });

    it('says what to do while it is missing, and goes on once it is there', async () => {
      await claude.halfInstall();
      const [ofMessages, ofChat] = await Promise.all([messages('x'), chat('x')]);
      expect([ofMessages.status, ofMessages.body.error.type]).toEqual([503, 'api_error']);
      expect([ofChat.status, ofChat.body.error.type]).toEqual([503, 'server_error']);
      for (const { body, headers } of [ofMessages, ofChat]) {
        expect(body.error.message).toContain('npm install -g @anthropic-ai/claude-code');
        expect(headers.get('x-should-retry')).toBe('false');
      }
      await claude.replace();
      expect(said(await messages('x'))).toBe('1: x');
    });

    it('says what a broken one said, and goes on once it is whole', async () => {
      await claude.break();
      const { status, body } = await messages('y');
      expect([status, body.error.type]).toEqual([502, 'api_error']);
      expect(body.error.message).toContain('a library is missing');
      await claude.replace();
      expect(said(await messages('y'))).toBe('1: y');
    });
  });

  const itOnLinux = process.platform === 'linux' ? it : it.skip;

  itOnLinux('has no room on its disk: it says so, starts nothing, and goes on when there is', async () => {
    const limitFiles = (bytes: number | 'unlimited') =>
      run('prlimit', ['--pid', String(server.pid), `--fsize=${bytes}:unlimited`]);
    const running = messages('after:1500');
    await untilTaken('after:1500', 1);
    const homes = await sessionHomes();
    const { size } = await stat(join(home.dataDir, 'clawdforge.db-wal'));
    // Room for rows, none for a long history.
    await limitFiles(size + 1_000_000);
    const planted = await messages('long '.repeat(300_000), 'yes', 'x');
    await limitFiles(size);
    const refused = await chat('y');
    const unwritten = await running;
    await limitFiles('unlimited');

    expect([planted.status, planted.body.error.type]).toEqual([503, 'overloaded_error']);
    expect([refused.status, refused.body.error.code]).toEqual([503, 'overloaded']);
    expect([unwritten.status, unwritten.body.error.type]).toEqual([503, 'overloaded_error']);
    expect(await sessionHomes()).toEqual(homes);
    await until('the end is written', async () =>
      (await newestRuns(2)).some(({ status }) => status === 'completed'),
    );
    expect(said(await messages('again'))).toBe('1: again');
  });
});

/** Texts of the user's and of the assistant's in turn. */
function asked(texts: string[]): object {
  const history = texts.map((content, index) => ({ role: index % 2 === 0 ? 'user' : 'assistant', content }));
  return { model: 'claude-code', messages: history };
}
