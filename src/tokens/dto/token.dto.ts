import {
  ArrayMaxSize,
  IsArray,
  IsInt,
  IsOptional,
  IsString,
  Matches,
  Max,
  MaxLength,
  Min,
} from 'class-validator';

export class MintTokenRequest {
  /**
   * Name of the app: 1-64 of A-Z, a-z, 0-9, `.`, `_` and `-`. What the app owns stays its own when its token is rotated.
   * @example "my-app"
   */
  @Matches(/^[A-Za-z0-9._-]{1,64}$/, { message: 'takes 1-64 of A-Z, a-z, 0-9, ., _ and -' })
  name!: string;

  /**
   * Addresses or CIDR ranges from which the token may be used; none for every address that the server lets in.
   * @example ["127.0.0.0/8"]
   */
  @IsOptional()
  @IsArray()
  @ArrayMaxSize(64)
  @IsString({ each: true })
  @MaxLength(64, { each: true })
  ip_cidrs?: string[];

  /**
   * How many sessions the app may have open at once; null for the server's bound only.
   * @example 4
   */
  @IsOptional()
  @IsInt()
  @Min(1)
  @Max(100_000)
  max_sessions?: number | null;
}

export class MintTokenResponse {
  /** @example true */
  ok!: true;

  /** @example "my-app" */
  name!: string;

  /**
   * The secret, shown this once: 256 random bits with the prefix `cf_`.
   * @example "cf_q8Zt0nYx2b5v7C1m3K9s4D6f8G0h2J4k6L8z0X2c4V6"
   */
  token!: string;

  /** @example ["127.0.0.0/8"] */
  ip_cidrs!: string[];

  /** @example 4 */
  max_sessions!: number | null;

  /**
   * Unix seconds.
   * @example 1763700000
   */
  created_at!: number;
}

export class TokenResponse {
  /** @example "my-app" */
  name!: string;

  /** @example ["127.0.0.0/8"] */
  ip_cidrs!: string[];

  /** @example 4 */
  max_sessions!: number | null;

  /**
   * Unix seconds.
   * @example 1763700000
   */
  created_at!: number;

  /**
   * Unix seconds, to the minute; null before the first use.
   * @example 1763703600
   */
  last_used_at!: number | null;

  /**
   * Unix seconds; null while the token is live.
   * @example null
   */
  revoked_at!: number | null;
}

export class TokenListResponse {
  /** @example 1 */
  count!: number;

  tokens!: TokenResponse[];
}

export class RevokeTokenResponse {
  /** @example true */
  ok!: true;

  /** @example "my-app" */
  name!: string;

  /**
   * Unix seconds.
   * @example 1763707200
   */
  revoked_at!: number;
}
