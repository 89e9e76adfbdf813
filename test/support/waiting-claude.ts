import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';

/** A stand-in for the `claude` command that counts its runs and can be held back. */
export interface WaitingClaude {
  /** Settings with which the server runs it. */
  readonly env: Record<string, string>;
  /** How often it was started with a prompt. */
  runs(): Promise<number>;
  /** Lets the runs to come wait until they are released. */
  hold(): Promise<void>;
  release(): Promise<void>;
  remove(): Promise<void>;
}

/** Answers `reply N` at its Nth run, and ends with 3 at the prompt `fail`. */
export async function waitingClaude(): Promise<WaitingClaude> {
  const directory = await mkdtemp(path.join(tmpdir(), 'clawdforge-claude-'));
  const [program, runs, held] = ['claude', 'runs', 'held'].map((name) => path.join(directory, name)) as [
    string,
    string,
    string,
  ];
  const count = async (): Promise<number> => (await readFile(runs, 'utf8').catch(() => '')).length;
  await writeFile(
    program,
    `#!/bin/sh
[ "$1" = --version ] && { echo 9.9.9; exit 0; }
printf x >> '${runs}'
prompt=$(cat)
while [ -e '${held}' ]; do sleep 0.02; done
[ "$prompt" = fail ] && exit 3
printf '{"type":"result","subtype":"success","is_error":false,"result":"reply %d","stop_reason":"end_turn"}\\n' "$(wc -c < '${runs}')"
`,
    { mode: 0o755 },
  );
  return {
    env: { CLAUDE_BIN: program },
    runs: count,
    hold: () => writeFile(held, ''),
    release: () => rm(held, { force: true }),
    remove: () => rm(directory, { recursive: true, force: true }),
  };
}
