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
    const snapshot = screen.snapshot();
    screen.write(' after');
    expect(await snapshot).toMatchObject({ text: 'before', cursor: { column: 6, row: 0 } });
    screen.resize(20, 5);
    expect(await screen.snapshot()).toMatchObject({ columns: 20, rows: 5, text: 'before after' });
  });

  describe('followed', () => {
    const told: string[] = [];
    const follow = () =>
      screen.follow({
        onSnapshot: ({ columns, text }) => told.push(`[${columns}: ${text}]`),
        onOutput: (text) => told.push(text),
      });

    beforeEach(() => (told.length = 0));

    it('tells of the screen and then of all that comes, also of what comes while the screen is drawn', async () => {
      screen.write('one ');
      const stop = follow();
      screen.write('two ');
      await screen.snapshot();
      screen.write('three');
      expect(told).toEqual(['[40: one]', 'two ', 'three']);
      stop();
      screen.write('four');
      expect(told).toHaveLength(3);
    });

    it('tells of the whole screen again when it has another size', async () => {
      follow();
      await screen.snapshot();
      screen.write('one ');
      screen.resize(20, 5);
      screen.write('two');
      await screen.snapshot();
      expect(told).toEqual(['[40: ]', 'one ', '[20: one]', 'two']);
    });

    it('tells of the last of several sizes only, and nothing twice', async () => {
      follow();
      screen.write('one ');
      screen.resize(30, 5);
      screen.write('two ');
      screen.resize(20, 5);
      screen.write('three');
      await screen.snapshot();
      expect(told).toEqual(['[20: one two]', 'three']);
    });

    it('tells nothing to one who left before the screen was drawn', async () => {
      const stop = follow();
      screen.write('one');
      stop();
      await screen.snapshot();
      expect(told).toEqual([]);
    });
  });
});
