import { TerminalScreen } from './terminal-screen.js';

describe('TerminalScreen', () => {
  let screen: TerminalScreen;

  beforeEach(() => {
    screen = new TerminalScreen(40, 10);
  });

  afterEach(() => screen.dispose());

  it('shows what was written, as text and as what draws it', async () => {
    screen.write('\u001b[31mred\u001b[0m and\r\nplain');
    const { columns, rows, text, ansi } = await screen.snapshot();
    expect({ columns, rows, text }).toEqual({ columns: 40, rows: 10, text: 'red and\nplain' });
    expect(ansi).toContain('\u001b[31mred');
  });

  it('draws the same again from its own snapshot, scrollback included', async () => {
    screen.write(
      Array.from({ length: 50 }, (_, line) => `\u001b[3${line % 8}mline ${line}\u001b[0m`).join('\r\n'),
    );
    const first = await screen.snapshot();
    const copy = new TerminalScreen(40, 10);
    copy.write(first.ansi);
    expect(await copy.snapshot()).toEqual(first);
    expect(first.ansi).toContain('line 0');
    copy.dispose();
  });

  it('takes its snapshot before any later output', async () => {
    screen.write('before');
    let moment = '';
    const snapshot = screen.snapshot(() => (moment = 'drawn'));
    screen.write(' after');
    expect([(await snapshot).text, moment]).toEqual(['before', 'drawn']);
    screen.resize(20, 5);
    expect(await screen.snapshot()).toMatchObject({ columns: 20, rows: 5, text: 'before after' });
  });
});
