import { lstat, readdir, rm } from 'node:fs/promises';
import path from 'node:path';
import { Injectable, Logger, type OnModuleInit } from '@nestjs/common';
import { In } from 'typeorm';
import { AppConfig } from '../config/app-config.js';
import { Ledger } from '../database/ledger.js';
import { FileEntity } from './file.entity.js';
import { idOfStoredName, isIncomingName, isStoredName } from './file-name.js';

const BATCH = 500;

/** Before the first request: removes what a crash left of uploads, and nothing that does not bear a name of ours. */
@Injectable()
export class UploadLeftovers implements OnModuleInit {
  private readonly logger = new Logger(UploadLeftovers.name);

  constructor(
    private readonly ledger: Ledger,
    private readonly config: AppConfig,
  ) {}

  /** A directory that cannot be read or cleaned is logged; the server starts all the same. */
  async onModuleInit(): Promise<void> {
    try {
      const removed = await this.removeAll();
      if (removed > 0) this.logger.log(`removed ${removed} leftovers of interrupted uploads`);
    } catch (error) {
      this.logger.warn({ err: error }, 'leftovers of interrupted uploads could not be removed');
    }
  }

  private async removeAll(): Promise<number> {
    const names = await readdir(this.config.filesDir);
    const leftovers = [
      ...names.filter(isIncomingName),
      ...(await this.withoutRow(names.filter(isStoredName))),
    ];
    let removed = 0;
    for (const name of leftovers) {
      const file = path.join(this.config.filesDir, name);
      if (!(await lstat(file)).isFile()) continue;
      await rm(file, { force: true });
      removed += 1;
    }
    return removed;
  }

  private async withoutRow(names: readonly string[]): Promise<string[]> {
    const orphans: string[] = [];
    for (let start = 0; start < names.length; start += BATCH) {
      const batch = names.slice(start, start + BATCH);
      const rows = await this.ledger.read((manager) =>
        manager.find(FileEntity, {
          select: { storedName: true },
          where: { id: In(batch.map(idOfStoredName)) },
        }),
      );
      const known = new Set(rows.map((row) => row.storedName));
      orphans.push(...batch.filter((name) => !known.has(name)));
    }
    return orphans;
  }
}
