import { createAgentRegistry } from 'acpx/agent-registry';
import { quoteCommand } from './launch-command.js';

/** Splits as acpx does: the registry takes an override as a command string and shows its argv. */
function splitByAcpx(command: string): string[] {
  const registry = createAgentRegistry({
    overrides: { probe: command },
    resolveExecutable: (executable) => executable,
  });
  const launch = registry.inspect('probe')?.launch;
  return launch?.kind === 'installed' ? launch.argv : [];
}

describe('quoteCommand', () => {
  it('leaves plain words as they are', () => {
    expect(quoteCommand(['/usr/bin/node', '/opt/a-b/main.js', '--acp=true'])).toBe(
      '/usr/bin/node /opt/a-b/main.js --acp=true',
    );
  });

  it.each([
    ['spaces', ['/opt/my tools/agent', 'two words']],
    ['single quotes', ["/opt/it's/agent", "'", "a''b"]],
    ['double quotes', ['/opt/"x"/agent', '"', 'say "hi"']],
    ['backslashes', ['/opt/a\\b/agent', '\\', 'end\\', "\\'"]],
    ['an empty argument', ['/opt/agent', '', 'after']],
    ['tabs, newlines and other white space', ['/opt/agent', 'a\tb\nc', '\u00a0', '\u2003']],
    ['what a shell would expand', ['/opt/agent', '$HOME', '`id`', '*', '~', ';', '#', '$(id)']],
    ['every kind of Unicode', ['/opt/ä/代理/🙂', 'e\u0301']],
  ])('gives back the exact argv with %s', (_what, argv) => {
    expect(splitByAcpx(quoteCommand(argv))).toEqual(argv);
  });

  it('refuses a command without a program', () => {
    expect(() => quoteCommand([])).toThrow(RangeError);
    expect(() => quoteCommand([''])).toThrow(RangeError);
  });
});
