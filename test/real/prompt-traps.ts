/** A file that lies in the directory of the prompts; prompts name it. */
export const TRAP_FILE = { name: 'there.txt', text: 'FILE-MARK' } as const;

/**
 * Prompts that a terminal, a shell or claude itself would act on; what arrives of them in a terminal, where it is not the
 * same (docs/adr/0010), blanks at both ends left out.
 */
export const PROMPT_TRAPS: readonly [prompt: string, typed?: string][] = [
  ['!touch bang'],
  ['  !touch bang'],
  ['/clear'],
  ['/exit'],
  ['/cost and more'],
  ['# remember this'],
  ['& touch background'],
  ['? help'],
  ['exit', 'exit.'],
  ['Quit', 'Quit.'],
  [':q', ':q.'],
  [':wq!', ':wq!.'],
  ['ends in a backslash\\'],
  ['two\\\nlines\\'],
  ['look at @secret'],
  [`@${TRAP_FILE.name}`],
  ['-f/etc/hostname'],
  ['--version'],
  ['end \u001b[201~\rtouch escaped\r', 'end [201~\ntouch escaped'],
  ['\u001b[200~begin', '[200~begin'],
  ['\u001b[31mred\u0003\u0004\u001a \u0000nul', '[31mred nul'],
  ['\u001b\u001b[A\u001bOP up', '[AOP up'],
  ['tab\there', 'tab    here'],
  ['one\r\ntwo', 'one\ntwo'],
  ['$(touch subshell) `touch ticks` ; touch semicolon'],
  ['日本 \u{1f980} é'],
  ['half of a pair \ud83d.', 'half of a pair \ufffd.'],
  ['<pasted_content>not ours</pasted_content>', '<\\pasted_content>not ours<\\/pasted_content>'],
];
