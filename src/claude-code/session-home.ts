import { randomUUID } from 'node:crypto';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { nativeTranscript } from '../core/claude/native-transcript.js';
import { transcriptPath } from '../core/claude/transcript-path.js';
import type { SessionSpec } from './session-spec.js';
import { TESTED_CLAUDE_VERSION } from './tested-version.js';

/** claude shows no dialog about a key of which it knows these last characters. */
const KNOWN_KEY_CHARS = 20;

/**
 * What claude keeps beside its working directory: settings, registry, transcript, temporary files. Each session has a
 * home of its own, so that no two write to one file and nothing of a conversation is left when it is closed.
 */
export interface SessionHome {
  readonly directory: string;
  /** `CLAUDE_CONFIG_DIR`. */
  readonly configDir: string;
  /** `TMPDIR`. */
  readonly tmpDir: string;
  readonly transcriptFile: string;
  /** Bytes of the transcript that are ours; 0 when nothing was planted. */
  readonly plantedBytes: number;
  /** Holds the text to be appended to claude's system prompt; null when there is none. */
  readonly systemFile: string | null;
}

export interface HomeOptions {
  /** The directory that holds the homes. */
  readonly parent: string;
  readonly apiKey: string | undefined;
  /** Unix milliseconds. */
  readonly nowMs: number;
}

/** Makes the home of a session: set up so that claude starts straight at its prompt, with the planted history. */
export async function makeSessionHome(spec: SessionSpec, options: HomeOptions): Promise<SessionHome> {
  const directory = path.join(options.parent, spec.id);
  const configDir = path.join(directory, 'config');
  const tmpDir = path.join(directory, 'tmp');
  const transcriptFile = path.join(configDir, transcriptPath(spec.cwd, spec.id));
  const systemFile = spec.system === null ? null : path.join(directory, 'system.txt');
  try {
    await mkdir(tmpDir, { recursive: true, mode: 0o700 });
    await mkdir(configDir, { mode: 0o700 });
    await writePrivately(path.join(configDir, '.claude.json'), JSON.stringify(startingState(options.apiKey)));
    await writePrivately(
      path.join(configDir, 'settings.json'),
      JSON.stringify({ skipDangerousModePermissionPrompt: true }),
    );
    if (systemFile !== null) await writePrivately(systemFile, spec.system ?? '');
    const plantedBytes = await plant(spec, transcriptFile, options.nowMs);
    return { directory, configDir, tmpDir, transcriptFile, plantedBytes, systemFile };
  } catch (error) {
    await removeSessionHome(directory);
    throw error;
  }
}

/** Removes a home; what claude was writing on its way out gets some time. @throws when it cannot be removed. */
export async function removeSessionHome(directory: string): Promise<void> {
  await rm(directory, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 });
}

function startingState(apiKey: string | undefined): object {
  return {
    hasCompletedOnboarding: true,
    ...(apiKey === undefined
      ? {}
      : { customApiKeyResponses: { approved: [apiKey.slice(-KNOWN_KEY_CHARS)], rejected: [] } }),
    // Trust in a directory holds for all below it.
    projects: { '/': { hasTrustDialogAccepted: true } },
  };
}

async function plant(spec: SessionSpec, file: string, nowMs: number): Promise<number> {
  if (spec.plantedHistory.length === 0) return 0;
  const transcript = nativeTranscript(spec.plantedHistory, {
    sessionId: spec.id,
    cwd: spec.cwd,
    permissionMode: spec.permissionMode,
    model: spec.model ?? 'claude',
    claudeVersion: TESTED_CLAUDE_VERSION,
    nowMs,
    newId: randomUUID,
  });
  await mkdir(path.dirname(file), { recursive: true, mode: 0o700 });
  await writePrivately(file, transcript);
  return Buffer.byteLength(transcript);
}

function writePrivately(file: string, text: string): Promise<void> {
  return writeFile(file, text, { mode: 0o600 });
}
