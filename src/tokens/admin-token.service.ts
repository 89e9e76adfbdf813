import { Injectable } from '@nestjs/common';
import { AppConfig } from '../config/app-config.js';
import { Ledger } from '../database/ledger.js';
import { GatewayStateEntity } from './gateway-state.entity.js';
import { hashToken, newToken, sameHash } from './token-secret.js';

const HASH_KEY = 'admin_token_sha256';

/** The admin token: the one of the settings, else the one made at the first start. Only its hash is kept. */
@Injectable()
export class AdminTokenService {
  constructor(
    private readonly config: AppConfig,
    private readonly ledger: Ledger,
  ) {}

  /**
   * Called once at start: takes over the token of the settings, or makes one where there never was any.
   * @returns a new token, to be shown once; null when there is one already.
   */
  async ensure(): Promise<string | null> {
    if (this.config.adminToken !== null) {
      const hash = hashToken(this.config.adminToken);
      if (hash !== (await this.storedHash())) await this.store(hash);
      return null;
    }
    return (await this.storedHash()) === null ? this.reset() : null;
  }

  /** Makes a new admin token; the one before is unknown from the next request on. */
  async reset(): Promise<string> {
    const token = newToken();
    await this.store(hashToken(token));
    return token;
  }

  /** Reads the ledger each time: `npm run admin:reset` changes it from outside while the server runs. */
  async matches(presented: string): Promise<boolean> {
    const stored = await this.storedHash();
    return stored !== null && sameHash(stored, hashToken(presented));
  }

  private async storedHash(): Promise<string | null> {
    const row = await this.ledger.read((manager) => manager.findOneBy(GatewayStateEntity, { key: HASH_KEY }));
    return row?.value ?? null;
  }

  private async store(hash: string): Promise<void> {
    await this.ledger.write((manager) =>
      manager.upsert(GatewayStateEntity, { key: HASH_KEY, value: hash }, ['key']),
    );
  }
}
