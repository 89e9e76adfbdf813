import { toUnixSecs } from '../core/time.js';
import type { MintTokenResponse, TokenResponse } from './dto/token.dto.js';
import type { TokenEntity } from './token.entity.js';

export function toTokenResponse(row: TokenEntity): TokenResponse {
  return {
    name: row.name,
    ip_cidrs: row.ipCidrs,
    max_sessions: row.maxSessions,
    created_at: toUnixSecs(row.createdAtMs),
    last_used_at: toUnixSecs(row.lastUsedAtMs),
    revoked_at: toUnixSecs(row.revokedAtMs),
  };
}

export function toMintTokenResponse(row: TokenEntity, token: string): MintTokenResponse {
  return {
    ok: true,
    name: row.name,
    token,
    ip_cidrs: row.ipCidrs,
    max_sessions: row.maxSessions,
    created_at: toUnixSecs(row.createdAtMs),
  };
}
