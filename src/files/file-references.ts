import { realpath, stat } from 'node:fs/promises';
import path from 'node:path';
import { Injectable } from '@nestjs/common';
import { AppConfig } from '../config/app-config.js';
import { type FieldError, invalidFields } from '../core/errors.js';
import { isStorageFault, toStorageError } from '../database/storage-error.js';
import type { FileEntity } from './file.entity.js';
import { isFileId } from './file-name.js';
import { FilesService } from './files.service.js';

/** One text for every fault, so that it does not tell what exists and what does not. */
const REFUSAL =
  'takes the id of an uploaded file, or the absolute path of a file or directory below a file root';

/** A path goes into a prompt on a line of its own; a line break in it would forge the lines behind it. */
const BREAKS_LINES = /[\p{Cc}\u2028\u2029]/u;

/** Turns the `files` of a run or turn into paths that an agent can open. */
@Injectable()
export class FileReferences {
  constructor(
    private readonly config: AppConfig,
    private readonly files: FilesService,
  ) {}

  /**
   * The absolute paths of `entries`, in their order: ids of the app's uploads, or existing files and directories
   * that lie below one of the file roots (or are one) after all symbolic links are followed.
   * @throws GatewayError `validation_failed` naming every wrong entry as `files[i]`, or `storage_unavailable`.
   */
  async resolve(appName: string, entries: readonly string[]): Promise<string[]> {
    if (entries.length === 0) return [];
    const uploads = await this.files.findAll(appName, entries.filter(isFileId));
    const roots = await realPathsOf(this.config.fileRoots);
    const [uploadsDir] = await realPathsOf([this.config.filesDir]);
    const resolved = await Promise.all(
      entries.map((entry) =>
        isFileId(entry) ? this.uploadPath(uploads.get(entry)) : pathBelow(entry, roots, uploadsDir),
      ),
    );
    const errors: FieldError[] = resolved.flatMap((found, index) =>
      found === undefined ? [{ field: `files[${index}]`, message: REFUSAL }] : [],
    );
    if (errors.length > 0) throw invalidFields(errors);
    return resolved.filter((found) => found !== undefined);
  }

  private async uploadPath(upload: FileEntity | undefined): Promise<string | undefined> {
    if (upload === undefined) return undefined;
    const file = this.files.pathOf(upload);
    return (await look(() => stat(file)))?.isFile() === true ? file : undefined;
  }
}

async function pathBelow(
  entry: string,
  roots: readonly string[],
  uploadsDir: string | undefined,
): Promise<string | undefined> {
  if (!path.isAbsolute(entry) || BREAKS_LINES.test(entry)) return undefined;
  const real = await look(() => realpath(entry));
  if (real === undefined || BREAKS_LINES.test(real)) return undefined;
  if (!roots.some((root) => isWithin(root, real))) return undefined;
  // Uploads are reached by id only: a root around their directory must not open other apps' uploads.
  if (uploadsDir !== undefined && isWithin(uploadsDir, real)) return undefined;
  const found = await look(() => stat(real));
  return found?.isFile() === true || found?.isDirectory() === true ? real : undefined;
}

function isWithin(root: string, candidate: string): boolean {
  const relative = path.relative(root, candidate);
  return relative !== '..' && !relative.startsWith(`..${path.sep}`) && !path.isAbsolute(relative);
}

/** A root that is not there holds nothing. */
async function realPathsOf(directories: readonly string[]): Promise<string[]> {
  const found = await Promise.all(directories.map((directory) => look(() => realpath(directory))));
  return found.filter((directory) => directory !== undefined);
}

/** What a look at the file system finds; undefined when there is nothing that we may see. */
async function look<T>(at: () => Promise<T>): Promise<T | undefined> {
  try {
    return await at();
  } catch (error) {
    if (isStorageFault(error)) throw toStorageError(error);
    return undefined;
  }
}
