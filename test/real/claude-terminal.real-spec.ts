import { synthesizeTurnMessages } from '../../src/core/claude/turn-synthesis.js';
import type { WatchedTerminal } from '../../src/claude-code/terminal/watched-terminal.js';
import { TerminalScreen } from '../../src/claude-code/terminal/terminal-screen.js';
import { BackendHarness, resultIn, saidIn, user } from '../support/backend-harness.js';
import { FakeModelApi } from '../support/fake-model-api.js';
import { until } from '../support/until.js';
import { type IsolatedHome, isolatedHome } from './environment.js';
import { installRealAgents } from './install.js';

describe('a watched terminal of the real claude', () => {
  const api = new FakeModelApi();
  let home: IsolatedHome;
  let harness: BackendHarness;

  beforeAll(async () => {
    await installRealAgents();
    await api.start();
  }, 600_000);

  afterAll(() => api.stop());

  beforeEach(async () => {
    api.reset();
    home = await isolatedHome(api.baseUrl);
    const { claudeBin } = await installRealAgents();
    harness = await BackendHarness.open({ ...home.env, CLAUDE_BIN: claudeBin });
  });

  afterEach(async () => {
    await harness.close();
    const leftOver = await home.processes();
    await home.remove();
    expect(leftOver).toEqual([]);
  });

  const terminal = (): WatchedTerminal => harness.backend.liveSessions[0]!.terminal!;

  it('shows the turn while it runs, to one who comes in the middle too', async () => {
    const running = harness.complete([user('slow:20:100')]);
    await until('the model is asked', () => api.conversationRequests.length > 0, 60_000);
    let seen = '';
    const stop = terminal().follow({
      onSnapshot: ({ ansi }) => (seen = ansi),
      onOutput: (text) => (seen += text),
    });
    expect(saidIn(await running)).toContain('part 20.');
    await until('it shows the end', async () => (await terminal().snapshot()).text.includes('part 20.'));
    stop();
    const { columns, rows } = await terminal().snapshot();
    const copy = new TerminalScreen(columns, rows);
    copy.write(seen);
    expect((await copy.snapshot()).text).toContain('part 20.');
    copy.dispose();
  });

  it('takes another size', async () => {
    await harness.complete([user('say:hi')]);
    terminal().resize(80, 24);
    expect(await terminal().snapshot()).toMatchObject({ columns: 80, rows: 24 });
    terminal().resize(1, 9999);
    expect(await terminal().snapshot()).toMatchObject({ columns: 20, rows: 200 });
  });

  it('belongs to the person who types in it: the history goes on elsewhere', async () => {
    const first = await harness.complete([user('marker:MINE x')]);
    terminal().type('say:typed by a person\r');
    await until('claude answers', async () =>
      (await terminal().snapshot()).text.includes('typed by a person'),
    );
    const history = [user('marker:MINE x'), ...synthesizeTurnMessages(first)];
    const second = await harness.complete([...history, user('recall')]);
    expect(saidIn(second)).toBe('recalled: MINE');
    expect(resultIn(second).sessionId).not.toBe(resultIn(first).sessionId);
  });

  it('ends the turn of a request when a person presses Esc', async () => {
    const running = harness.complete([user('slow:600:100')]);
    const failed = expect(running).rejects.toMatchObject({ fault: 'interrupted' });
    await until(
      'it answers',
      async () => {
        const [live] = harness.backend.liveSessions;
        return (await live?.terminal?.snapshot())?.text.includes('part 1.') === true;
      },
      60_000,
    );
    terminal().type('\u001b');
    await failed;
    expect(harness.backend.liveSessions).toEqual([]);
  });
});
