const ESC = '\u001b';
const CTRL_LETTERS = Array.from('ABCDEFGHIJKLMNOPQRSTUVWXYZ');

/** What a terminal sends for a key (xterm's sequences, cursor keys in their normal mode). */
const SENT: ReadonlyMap<string, string> = new Map([
  ['Esc', ESC],
  ['Enter', '\r'],
  ['Tab', '\t'],
  ['Shift+Tab', `${ESC}[Z`],
  ['Backspace', '\u007f'],
  ['Delete', `${ESC}[3~`],
  ['Space', ' '],
  ['Up', `${ESC}[A`],
  ['Down', `${ESC}[B`],
  ['Right', `${ESC}[C`],
  ['Left', `${ESC}[D`],
  ['Home', `${ESC}[H`],
  ['End', `${ESC}[F`],
  ['PageUp', `${ESC}[5~`],
  ['PageDown', `${ESC}[6~`],
  ...CTRL_LETTERS.map((letter, index) => [`Ctrl+${letter}`, String.fromCharCode(index + 1)] as const),
]);

/** The keys that can be pressed by name. */
export const TERMINAL_KEYS: readonly string[] = [...SENT.keys()];

/** The bytes of keys of `TERMINAL_KEYS`, in their order; other names send nothing. */
export function keySequence(keys: readonly string[]): string {
  return keys.map((key) => SENT.get(key) ?? '').join('');
}
