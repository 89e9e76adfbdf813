import { type DynamicModule, Global, Inject, Module, type OnApplicationShutdown } from '@nestjs/common';
import type { EntitySchema, MixedList } from 'typeorm';
import { AppConfig } from '../config/app-config.js';
import { openDataDirectory } from './data-directory.js';
import { LateWriter } from './late-writer.js';
import { Ledger } from './ledger.js';
import { openLedger } from './open-ledger.js';

const RELEASE_DATA_DIRECTORY = Symbol('release of the data directory');

/** Opens the data directory, then the ledger; closes them in the reverse order, after all else has stopped. */
@Global()
@Module({})
export class DatabaseModule implements OnApplicationShutdown {
  constructor(
    private readonly ledger: Ledger,
    @Inject(RELEASE_DATA_DIRECTORY) private readonly releaseDataDirectory: () => Promise<void>,
  ) {}

  /** @param entities the entities of all features; they live with the features, so only the app module knows them. */
  static of(entities: MixedList<string | EntitySchema | (new () => object)>): DynamicModule {
    return {
      module: DatabaseModule,
      providers: [
        { provide: RELEASE_DATA_DIRECTORY, inject: [AppConfig], useFactory: openDataDirectory },
        {
          provide: Ledger,
          inject: [AppConfig, RELEASE_DATA_DIRECTORY],
          useFactory: (config: AppConfig) => openLedger(config.dbPath, entities),
        },
        LateWriter,
      ],
      exports: [Ledger, LateWriter],
    };
  }

  async onApplicationShutdown(): Promise<void> {
    await this.ledger.close();
    await this.releaseDataDirectory();
  }
}
