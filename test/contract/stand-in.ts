import { chmod, mkdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { CliLimits } from '../../src/acpx/cli/cli-limits.js';
import { makeCliHarness, newDirectory, type CliHarness } from './cli-harness.js';

const SCRIPT = path.join(__dirname, '..', 'fixtures', 'acpx', 'stand-in.mjs');

/** One call that the stand-in noted. */
export interface NotedCall {
  readonly args: string[];
  readonly stdin: string;
}

export interface StandInHarness extends CliHarness {
  calls(): Promise<NotedCall[]>;
}

/** A runner whose ACPX_BIN is the stand-in of test/fixtures/acpx, playing `scenario`. */
export async function makeStandInHarness(
  scenario: string,
  limits: Partial<CliLimits> = {},
  environment: Readonly<Record<string, string>> = {},
): Promise<StandInHarness> {
  const directory = await newDirectory();
  const program = path.join(directory, 'bin', 'acpx');
  await mkdir(path.dirname(program));
  await writeFile(program, `#!/bin/sh\nexec '${process.execPath}' '${SCRIPT}' '${scenario}' "$@"\n`);
  await chmod(program, 0o755);
  const harness = await makeCliHarness({
    directory,
    limits: { cancelGraceMs: 1000, cancelAgainMs: 50, killGraceMs: 200, ...limits },
    environment: { ACPX_BIN: program, CLAWDFORGE_AGENTS: 'claude,echo,mine=/bin/cat -u', ...environment },
  });
  const file = path.join(directory, 'home', 'calls.jsonl');
  return {
    ...harness,
    calls: async () => {
      const text = await readFile(file, 'utf8').catch(() => '');
      const lines = text.split('\n').filter((line) => line !== '');
      return lines.map((line) => JSON.parse(line) as NotedCall);
    },
  };
}
