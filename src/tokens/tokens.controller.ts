import { Body, Controller, Delete, Get, HttpCode, Param, Post } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { ApiProblems, BODY_PROBLEMS } from '../common/api-problems.js';
import { AdminRoute } from '../common/access.js';
import { toUnixSecs } from '../core/time.js';
import {
  MintTokenRequest,
  MintTokenResponse,
  RevokeTokenResponse,
  TokenListResponse,
} from './dto/token.dto.js';
import { toMintTokenResponse, toTokenResponse } from './token.mapper.js';
import { TokensService } from './tokens.service.js';

@ApiTags('Admin')
@AdminRoute()
@Controller('admin/tokens')
export class TokensController {
  constructor(private readonly tokens: TokensService) {}

  /** Mints an app token; the secret is shown this once. */
  @Post()
  @HttpCode(200)
  @ApiProblems(...BODY_PROBLEMS, 'token_exists')
  async mint(@Body() body: MintTokenRequest): Promise<MintTokenResponse> {
    const { row, token } = await this.tokens.mint({
      name: body.name,
      ipCidrs: body.ip_cidrs ?? [],
      maxSessions: body.max_sessions ?? null,
    });
    return toMintTokenResponse(row, token);
  }

  /** Lists all tokens, the revoked ones too, newest first; never a secret or its hash. */
  @Get()
  @ApiProblems()
  async list(): Promise<TokenListResponse> {
    const tokens = (await this.tokens.list()).map(toTokenResponse);
    return { count: tokens.length, tokens };
  }

  /** Revokes an app's token; doing it again changes nothing. */
  @Delete(':name')
  @ApiProblems('token_not_found')
  async revoke(@Param('name') name: string): Promise<RevokeTokenResponse> {
    return { ok: true, name, revoked_at: toUnixSecs(await this.tokens.revoke(name)) };
  }
}
