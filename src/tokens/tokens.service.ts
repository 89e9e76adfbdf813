import { Injectable, Logger, type OnModuleInit } from '@nestjs/common';
import { IsNull } from 'typeorm';
import { AuditTrail } from '../audit/audit-trail.js';
import { Clock } from '../common/clock.js';
import { type Cidr, parseCidr } from '../core/client-address.js';
import { GatewayError, invalidFields } from '../core/errors.js';
import { Ledger } from '../database/ledger.js';
import { TokenEntity } from './token.entity.js';
import { hashToken, newToken, sameHash } from './token-secret.js';

/** `last_used_at` is written at most this often for each token. */
const USE_NOTED_EVERY_MS = 60_000;

/** A live token as the guard needs it. */
export interface LiveToken {
  readonly id: number;
  readonly hash: string;
  readonly name: string;
  readonly cidrs: readonly Cidr[];
  readonly maxSessions: number | null;
  lastNotedAtMs: number;
}

export interface NewToken {
  name: string;
  ipCidrs: string[];
  maxSessions: number | null;
}

/** Mints, revokes and finds app tokens. Live ones are kept in memory by hash; the ledger is written first. */
@Injectable()
export class TokensService implements OnModuleInit {
  private readonly logger = new Logger(TokensService.name);
  private readonly live = new Map<string, LiveToken>();
  private readonly revocationListeners: ((appName: string) => void)[] = [];

  constructor(
    private readonly ledger: Ledger,
    private readonly audit: AuditTrail,
    private readonly clock: Clock,
  ) {}

  async onModuleInit(): Promise<void> {
    const rows = await this.ledger.read((manager) => manager.findBy(TokenEntity, { revokedAtMs: IsNull() }));
    for (const row of rows) this.live.set(row.hash, toLiveToken(row));
  }

  /** Calls `listener` with the app's name whenever its token is revoked. */
  onRevocation(listener: (appName: string) => void): void {
    this.revocationListeners.push(listener);
  }

  /** The live token behind what a caller presented; undefined when it is unknown or revoked. */
  find(presented: string): LiveToken | undefined {
    const hash = hashToken(presented);
    const token = this.live.get(hash);
    return token !== undefined && sameHash(token.hash, hash) ? token : undefined;
  }

  /** Notes that a token was used, in the ledger at most once a minute. A storage fault does not fail the request. */
  noteUse(token: LiveToken): void {
    const nowMs = this.clock.nowMs();
    if (nowMs - token.lastNotedAtMs < USE_NOTED_EVERY_MS) return;
    token.lastNotedAtMs = nowMs;
    this.ledger
      .write((manager) => manager.update(TokenEntity, { id: token.id }, { lastUsedAtMs: nowMs }))
      .catch((error: unknown) => this.logger.warn({ err: error }, 'last_used_at could not be written'));
  }

  /**
   * Mints a token; the returned secret is not kept and cannot be shown again.
   * @throws GatewayError `token_exists` when the name has a live one; `validation_failed` naming a bad range.
   */
  async mint(request: NewToken): Promise<{ row: TokenEntity; token: string }> {
    assertCidrs(request.ipCidrs);
    const token = newToken();
    const row = await this.ledger.write(async (manager) => {
      if (await manager.existsBy(TokenEntity, { name: request.name, revokedAtMs: IsNull() })) {
        throw new GatewayError('token_exists', `name: ${request.name} has a live token; revoke it first`);
      }
      const saved = await manager.save(
        manager.create(TokenEntity, {
          ...request,
          hash: hashToken(token),
          createdAtMs: this.clock.nowMs(),
          lastUsedAtMs: null,
          revokedAtMs: null,
        }),
      );
      await this.audit.record(manager, { event: 'token_mint', appName: request.name });
      return saved;
    });
    this.live.set(row.hash, toLiveToken(row));
    return { row, token };
  }

  /** All tokens that were ever minted, newest first. */
  list(): Promise<TokenEntity[]> {
    return this.ledger.read((manager) => manager.find(TokenEntity, { order: { id: 'DESC' } }));
  }

  /**
   * Revokes the live token of a name; again it changes nothing.
   * @returns when it was revoked, in Unix milliseconds.
   * @throws GatewayError `token_not_found` when the name never had one.
   */
  async revoke(name: string): Promise<number> {
    const { hash, revokedAtMs } = await this.ledger.write(async (manager) => {
      const row = await manager.findOne(TokenEntity, { where: { name }, order: { id: 'DESC' } });
      if (row === null) throw new GatewayError('token_not_found', 'there is no token of this name');
      if (row.revokedAtMs !== null) return { hash: null, revokedAtMs: row.revokedAtMs };
      const nowMs = this.clock.nowMs();
      await manager.update(TokenEntity, { id: row.id }, { revokedAtMs: nowMs });
      await this.audit.record(manager, { event: 'token_revoke', appName: name });
      return { hash: row.hash, revokedAtMs: nowMs };
    });
    if (hash !== null) {
      this.live.delete(hash);
      for (const listener of this.revocationListeners) listener(name);
    }
    return revokedAtMs;
  }
}

function assertCidrs(cidrs: readonly string[]): void {
  const errors = cidrs.flatMap((text, index) =>
    parseCidr(text) === undefined
      ? [
          {
            field: `ip_cidrs[${index}]`,
            message: `${JSON.stringify(text)} is no IPv4 or IPv6 address or CIDR range`,
          },
        ]
      : [],
  );
  if (errors.length > 0) throw invalidFields(errors);
}

function toLiveToken(row: TokenEntity): LiveToken {
  return {
    id: row.id,
    hash: row.hash,
    name: row.name,
    cidrs: row.ipCidrs.flatMap((text) => parseCidr(text) ?? []),
    maxSessions: row.maxSessions,
    lastNotedAtMs: row.lastUsedAtMs ?? 0,
  };
}
