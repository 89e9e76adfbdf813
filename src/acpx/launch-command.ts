/** What acpx's command line splitter takes as it is: neither white space nor a quote or backslash. */
const PLAIN = /^[A-Za-z0-9_@%+=:,./-]+$/;

/**
 * Joins a program and its arguments to one command string that acpx's `--agent` splits into exactly these again.
 * acpx knows single quotes (everything literal), double quotes and backslashes, and none of a shell's expansions.
 * @throws RangeError when there is no program.
 */
export function quoteCommand(argv: readonly string[]): string {
  if (argv[0] === undefined || argv[0] === '') throw new RangeError('a launch command needs a program');
  return argv.map(quoteArgument).join(' ');
}

function quoteArgument(argument: string): string {
  if (PLAIN.test(argument)) return argument;
  return `'${argument.replaceAll("'", String.raw`'\''`)}'`;
}
