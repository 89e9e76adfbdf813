import { keySequence, TERMINAL_KEYS } from './terminal-keys.js';

describe('keySequence', () => {
  it.each([
    [['Esc'], '\u001b'],
    [['Enter'], '\r'],
    [['Up', 'Down', 'Right', 'Left'], '\u001b[A\u001b[B\u001b[C\u001b[D'],
    [['Ctrl+A', 'Ctrl+C', 'Ctrl+Z'], '\u0001\u0003\u001a'],
    [['Shift+Tab', 'Backspace', 'PageDown'], '\u001b[Z\u007f\u001b[6~'],
  ])('sends for %j what a terminal does', (keys, sent) => {
    expect(keySequence(keys)).toBe(sent);
  });

  it('has something to send for every key, for each its own', () => {
    const sent = TERMINAL_KEYS.map((key) => keySequence([key]));
    expect(sent).not.toContain('');
    // Tab and Ctrl+I, Enter and Ctrl+M are the same to a terminal.
    expect(new Set(sent).size).toBe(TERMINAL_KEYS.length - 2);
  });
});
