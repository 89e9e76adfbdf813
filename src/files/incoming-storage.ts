import { createHash } from 'node:crypto';
import { open, rm } from 'node:fs/promises';
import path from 'node:path';
import type { Readable } from 'node:stream';
import type { Request } from 'express';
import type { StorageEngine } from 'multer';
import { storageUnavailable } from '../database/storage-error.js';
import { newIncomingName } from './file-name.js';

/** What is known of the bytes once they are on disk. */
export interface IncomingFile {
  /** Absolute path of the temporary file. */
  readonly path: string;
  /** Bytes. */
  readonly size: number;
  /** Hex. */
  readonly sha256: string;
}

type StoreCallback = (error?: unknown, info?: Partial<Express.Multer.File>) => void;

/** Where multer puts a file part: under a temporary name in the files directory, hashed on its way. */
export class IncomingStorage implements StorageEngine {
  constructor(private readonly directory: string) {}

  _handleFile(_request: Request, file: Express.Multer.File, callback: StoreCallback): void {
    this.store(file.stream).then(
      (incoming) => callback(null, incoming),
      (error: unknown) => callback(error),
    );
  }

  _removeFile(_request: Request, file: Express.Multer.File, callback: (error: Error | null) => void): void {
    rm(file.path, { force: true }).then(
      () => callback(null),
      (error: unknown) => callback(error as Error),
    );
  }

  private async store(bytes: Readable): Promise<IncomingFile> {
    const file = path.join(this.directory, newIncomingName());
    const handle = await onDisk(open(file, 'wx', 0o600));
    const hash = createHash('sha256');
    let size = 0;
    try {
      for await (const chunk of bytes as AsyncIterable<Buffer>) {
        hash.update(chunk);
        size += chunk.length;
        await onDisk(handle.appendFile(chunk));
      }
      // The bytes reach the disk before the ledger's row that promises them.
      await onDisk(handle.sync());
      await onDisk(handle.close());
      return { path: file, size, sha256: hash.digest('hex') };
    } catch (error) {
      await handle.close().catch(() => undefined);
      await rm(file, { force: true }).catch(() => undefined);
      throw error;
    }
  }
}

/** Tells faults of the disk from those of the sender, which come out of the stream. */
function onDisk<T>(step: Promise<T>): Promise<T> {
  return step.catch((error: unknown) => {
    throw storageUnavailable(error);
  });
}
