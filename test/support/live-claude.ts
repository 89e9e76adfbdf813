import { mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { TESTED_CLAUDE_VERSION } from '../../src/claude-code/tested-version.js';

const script = path.resolve(__dirname, '../fixtures/claude/live.mjs');

/** A stand-in for the `claude` that the backend keeps alive (test/fixtures/claude/live.mjs), which can be replaced under a server. */
export class LiveClaude {
  private constructor(private readonly directory: string) {}

  static async install(): Promise<LiveClaude> {
    const claude = new LiveClaude(await mkdtemp(path.join(tmpdir(), 'clawdforge-claude-')));
    await claude.replace();
    return claude;
  }

  get program(): string {
    return path.join(this.directory, 'claude');
  }

  /** Puts another version in its place, as an upgrade does: at once, and with the old one still running. */
  replace(version: string = TESTED_CLAUDE_VERSION): Promise<void> {
    return this.put(`#!/bin/sh\nexec '${process.execPath}' '${script}' '${version}' "$@"\n`, 0o755);
  }

  /** An upgrade that went wrong: a program that fails at once. */
  break(): Promise<void> {
    return this.put('#!/bin/sh\necho "a library is missing" >&2\nexit 127\n', 0o755);
  }

  /** An upgrade that is not over: a file that may not be executed. */
  halfInstall(): Promise<void> {
    return this.put('half of a program', 0o644);
  }

  remove(): Promise<void> {
    return rm(this.directory, { recursive: true, force: true });
  }

  private async put(text: string, mode: number): Promise<void> {
    const next = `${this.program}.next`;
    await rm(next, { force: true });
    await writeFile(next, text, { mode });
    await rename(next, this.program);
  }
}
