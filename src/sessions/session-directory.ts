import { mkdir, realpath, rm, stat } from 'node:fs/promises';
import path from 'node:path';
import { Injectable, Logger } from '@nestjs/common';
import { AppConfig } from '../config/app-config.js';
import { invalidFields } from '../core/errors.js';

export interface SessionDirectory {
  /** Absolute, symlinks resolved. */
  readonly cwd: string;
  readonly ownsCwd: boolean;
}

/** Where sessions work: a project of the user's below a workspace root, or a fresh directory of ours. */
@Injectable()
export class SessionDirectories {
  private readonly logger = new Logger(SessionDirectories.name);

  constructor(private readonly config: AppConfig) {}

  /**
   * @param requested a directory that the app names; a fresh one is made when it names none.
   * @throws GatewayError `validation_failed` naming `cwd`, the same text whether it is missing or outside the roots.
   */
  async open(sessionId: string, requested: string | undefined): Promise<SessionDirectory> {
    if (requested !== undefined) return { cwd: await this.requireWorkspace(requested), ownsCwd: false };
    const cwd = path.join(this.config.sessionsDir, sessionId);
    await mkdir(cwd, { mode: 0o700 });
    return { cwd: await realpath(cwd), ownsCwd: true };
  }

  /** Removes a directory of ours; a user's project is left alone. A failure is logged, never thrown. */
  async remove(directory: SessionDirectory): Promise<void> {
    if (directory.ownsCwd) await this.removeFresh(path.basename(directory.cwd));
  }

  /** Removes the fresh directory of a session, if it is there. */
  async removeFresh(sessionId: string): Promise<void> {
    const directory = path.join(this.config.sessionsDir, sessionId);
    await rm(directory, { recursive: true, force: true, maxRetries: 3 }).catch((error: unknown) =>
      this.logger.warn({ err: error, directory }, 'a session directory could not be removed'),
    );
  }

  /** The directory with symlinks resolved, when it lies below a workspace root; else undefined, whatever is there. */
  async workspace(requested: string): Promise<string | undefined> {
    const directory = path.isAbsolute(requested)
      ? await realpath(requested).catch(() => undefined)
      : undefined;
    const isDirectory =
      directory !== undefined && (await stat(directory).catch(() => undefined))?.isDirectory() === true;
    if (!isDirectory) return undefined;
    for (const root of this.config.workspaceRoots) {
      const realRoot = await realpath(root).catch(() => undefined);
      if (realRoot !== undefined && isBelow(directory, realRoot)) return directory;
    }
    return undefined;
  }

  private async requireWorkspace(requested: string): Promise<string> {
    const cwd = await this.workspace(requested);
    if (cwd !== undefined) return cwd;
    throw invalidFields([
      {
        field: 'cwd',
        message: 'takes the absolute path of a directory below one of CLAWDFORGE_WORKSPACE_ROOTS',
      },
    ]);
  }
}

function isBelow(candidate: string, root: string): boolean {
  const relative = path.relative(root, candidate);
  return relative === '' || (!relative.startsWith('..') && !path.isAbsolute(relative));
}
