import { ProcessHarness } from '../../test/support/process-harness.js';
import { until } from '../../test/support/until.js';
import { MARKER_VARIABLE, type TerminalRequest } from './process-types.js';
import type { PseudoTerminal } from './pseudo-terminal.js';

describe('PseudoTerminal', () => {
  let harness: ProcessHarness;
  let output: string;

  beforeEach(async () => {
    harness = await ProcessHarness.open();
    output = '';
  });

  afterEach(() => harness.close());

  const shell = async (script: string, more: Partial<TerminalRequest> = {}): Promise<PseudoTerminal> => {
    const marker = await harness.newMarker();
    const terminal = harness.supervisor.spawnTerminal({
      label: 'a shell',
      command: '/bin/sh',
      args: ['-c', script],
      cwd: harness.directory,
      marker,
      columns: 90,
      rows: 30,
      ...more,
    });
    terminal.onOutput((text) => (output += text));
    return terminal;
  };

  it('gives a program a terminal of the size that was asked for, the marker and the allow-listed environment', async () => {
    const terminal = await shell(
      `stty size; echo "$TERM $${MARKER_VARIABLE} $MORE [$METRICS_TOKEN]"; sleep 0.05`,
      {
        env: { MORE: 'yes' },
      },
    );
    const { code, signal, spawnError } = await terminal.exited;
    expect({ code, signal, spawnError }).toEqual({ code: 0, signal: null, spawnError: null });
    expect(output).toContain('30 90');
    expect(output).toMatch(/xterm-256color [0-9a-f-]{36} yes \[\]/);
    expect(terminal.hasExited).toBe(true);
  });

  it('types, and tells the program its new size', async () => {
    const terminal = await shell('read line; echo "got $line"; read line; stty size; exit 3');
    terminal.write('hello\r');
    await until('it was read', () => output.includes('got hello'));
    terminal.resize(100, 20);
    terminal.write('\r');
    expect(await terminal.exited).toMatchObject({ code: 3 });
    expect(output).toContain('20 100');
    terminal.write('to nobody');
    terminal.resize(10, 10);
  });

  it('stops a program, and one that ignores SIGTERM after its grace', async () => {
    // Some are asked before they have a session, and so a group, of their own; none may miss it.
    for (let times = 0; times < 20; times += 1) {
      const obedient = await shell('exec sleep 600');
      await obedient.stop();
      expect(await obedient.exited).toMatchObject({ signal: 'SIGTERM' });
    }

    const stubborn = await shell("trap '' TERM HUP; echo armed; while :; do sleep 1; done");
    await until('it ignores signals', () => output.includes('armed'));
    await Promise.all([stubborn.stop(50), stubborn.stop(60_000)]);
    expect(await stubborn.exited).toMatchObject({ signal: 'SIGKILL' });
  });

  it('is swept with what left its session', async () => {
    const marker = await harness.newMarker();
    const terminal = await shell('setsid sleep 600 & echo started; exec sleep 600', { marker });
    await until('both run', () => output.includes('started'));
    await harness.supervisor.forget(marker);
    await terminal.exited;
    expect(await harness.alive(marker)).toEqual([]);
    expect(await harness.rows()).not.toContainEqual(expect.objectContaining({ marker }));
  });

  it('starts nothing under a marker that is unknown, or once the server is stopping', async () => {
    const unknown = await shell('echo never', { marker: 'made-up' });
    expect(await unknown.exited).toMatchObject({ spawnError: { code: 'ECANCELED' } });
    await harness.supervisor.shutdown();
    const late = await shell('echo never');
    expect(await late.exited).toMatchObject({ spawnError: { code: 'ECANCELED' } });
    expect(output).toBe('');
  });

  it('is killed at the next start when its server was, and its marker goes', async () => {
    const marker = await harness.newMarker('claude');
    const terminal = await shell("trap '' TERM HUP; echo armed; while :; do sleep 1; done", { marker });
    await until('it ignores signals', () => output.includes('armed'));
    expect(await harness.restarted().reapLeftovers()).toBeGreaterThan(0);
    expect(await terminal.exited).toMatchObject({ signal: 'SIGKILL' });
    expect(await harness.rows()).toEqual([]);
  });

  it('is stopped when the server stops', async () => {
    const terminal = await shell('exec sleep 600');
    await harness.supervisor.shutdown();
    expect(terminal.hasExited).toBe(true);
  });
});
