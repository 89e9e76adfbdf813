import { rename, rm } from 'node:fs/promises';
import path from 'node:path';
import { Injectable, Logger } from '@nestjs/common';
import { Clock } from '../common/clock.js';
import { AppConfig } from '../config/app-config.js';
import { decodeCursor, type Page, pageOf } from '../core/cursor.js';
import { GatewayError } from '../core/errors.js';
import { Ledger } from '../database/ledger.js';
import { storageUnavailable } from '../database/storage-error.js';
import { FileEntity } from './file.entity.js';
import { isFileId, newFileId, storedNameOf } from './file-name.js';
import type { ReceivedFile } from './upload.js';

const CURSOR_LIST = 'files';

/** The uploads of all apps; every call is within one app, and what is another's does not exist in it. */
@Injectable()
export class FilesService {
  private readonly logger = new Logger(FilesService.name);
  private readonly directory: string;

  constructor(
    private readonly ledger: Ledger,
    private readonly clock: Clock,
    config: AppConfig,
  ) {
    this.directory = config.filesDir;
  }

  /**
   * Takes a received file into the app's own.
   * @throws GatewayError `storage_unavailable`; then the file is gone and nothing is stored.
   */
  async keep(appName: string, received: ReceivedFile): Promise<FileEntity> {
    const id = newFileId();
    const row = {
      id,
      appName,
      name: received.name,
      storedName: storedNameOf(id, received.name),
      size: received.size,
      sha256: received.sha256,
      createdAtMs: this.clock.nowMs(),
    };
    const place = path.join(this.directory, row.storedName);
    try {
      await rename(received.path, place).catch((error: unknown) => {
        throw storageUnavailable(error);
      });
      // The row comes last: what a crash leaves behind is a file without a row, and the next start removes it.
      return await this.ledger.write(async (manager) => {
        const entity = manager.create(FileEntity, row);
        await manager.insert(FileEntity, entity);
        return entity;
      });
    } catch (error) {
      for (const leftover of [received.path, place]) {
        await rm(leftover, { force: true }).catch(() => undefined);
      }
      throw error;
    }
  }

  /**
   * Newest first.
   * @throws GatewayError `invalid_cursor`.
   */
  async page(appName: string, limit: number, after: string | undefined): Promise<Page<FileEntity>> {
    const [before] = after === undefined ? [null] : decodeCursor(CURSOR_LIST, after, ['number'] as const);
    const rows = await this.ledger.read((manager) => {
      const select = manager
        .createQueryBuilder(FileEntity, 'f')
        .where('f.appName = :appName', { appName })
        .orderBy('f.seq', 'DESC')
        .take(limit + 1);
      if (before !== null) select.andWhere('f.seq < :before', { before });
      return select.getMany();
    });
    return pageOf(CURSOR_LIST, rows, limit, (row) => row.seq);
  }

  /** @throws GatewayError `file_not_found`. */
  async get(appName: string, id: string): Promise<FileEntity> {
    const row = isFileId(id)
      ? await this.ledger.read((manager) => manager.findOneBy(FileEntity, { id, appName }))
      : null;
    if (row === null) throw fileNotFound();
    return row;
  }

  /** The app's files among `ids`; the others are not in the map. */
  async findAll(appName: string, ids: readonly string[]): Promise<Map<string, FileEntity>> {
    if (ids.length === 0) return new Map();
    // One JSON parameter: SQLite bounds the number of parameters, not their length.
    const rows = await this.ledger.read((manager) =>
      manager
        .createQueryBuilder(FileEntity, 'f')
        .where('f.appName = :appName AND f.id IN (SELECT value FROM json_each(:ids))', {
          appName,
          ids: JSON.stringify(ids),
        })
        .getMany(),
    );
    return new Map(rows.map((row) => [row.id, row]));
  }

  /** Absolute path of a file's bytes. */
  pathOf(row: FileEntity): string {
    return path.join(this.directory, row.storedName);
  }

  /** @throws GatewayError `file_not_found`; of two removals at once one succeeds. */
  async remove(appName: string, id: string): Promise<void> {
    const row = await this.get(appName, id);
    const { affected } = await this.ledger.write((manager) => manager.delete(FileEntity, { id, appName }));
    if (affected === 0) throw fileNotFound();
    await rm(this.pathOf(row), { force: true }).catch((error: unknown) =>
      this.logger.warn({ err: error, file_id: id }, 'a deleted file stays on the disk until the next start'),
    );
  }
}

function fileNotFound(): GatewayError {
  return new GatewayError('file_not_found', 'there is no such file');
}
