import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';

/** How the stand-in was called last. */
export interface ClaudeNotes {
  argv: string[];
  prompt: string;
  cwd: string;
  pid: number;
  environment: Record<string, string>;
  /** The text of the file behind `--append-system-prompt-file`. */
  system?: string;
}

export interface StandInClaude {
  /** Settings that make a server use it. */
  readonly env: Record<string, string>;
  readonly program: string;
  notes(): Promise<ClaudeNotes>;
  remove(): Promise<void>;
}

const script = path.resolve(__dirname, '../fixtures/claude/scripted.mjs');

/** An executable `claude` that does what its prompt says (test/fixtures/claude/scripted.mjs), on this process's node. */
export async function standInClaude(): Promise<StandInClaude> {
  const directory = await mkdtemp(path.join(tmpdir(), 'clawdforge-claude-'));
  const program = path.join(directory, 'claude');
  const notesFile = path.join(directory, 'notes.json');
  await writeFile(program, `#!/bin/sh\nexec '${process.execPath}' '${script}' "$@"\n`);
  await chmod(program, 0o755);
  return {
    env: { CLAUDE_BIN: program, CLAUDE_CODE_NOTES: notesFile },
    program,
    notes: async () => JSON.parse(await readFile(notesFile, 'utf8')) as ClaudeNotes,
    remove: () => rm(directory, { recursive: true, force: true }),
  };
}
