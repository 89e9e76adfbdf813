import { type CanActivate, type ExecutionContext, Injectable } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import type { Request } from 'express';
import { DrainSwitch } from '../common/drain.js';
import { requestContextOf } from '../common/request-context.js';
import { isClientIn } from '../core/client-address.js';
import { GatewayError } from '../core/errors.js';
import { AdminTokenService } from '../tokens/admin-token.service.js';
import { TokensService } from '../tokens/tokens.service.js';
import { ACCESS_METADATA, KEY_HEADER_METADATA, type Access } from '../common/access.js';
import { setCaller } from '../common/caller.js';

const BEARER = /^Bearer +([^\s]+) *$/i;

/**
 * Decides on every route: token (401), role (403), the token's addresses (403), and 503 once the server is stopping. The
 * server's addresses were checked before.
 */
@Injectable()
export class AuthGuard implements CanActivate {
  constructor(
    private readonly reflector: Reflector,
    private readonly tokens: TokensService,
    private readonly adminToken: AdminTokenService,
    private readonly drain: DrainSwitch,
  ) {}

  canActivate(context: ExecutionContext): boolean | Promise<boolean> {
    const access =
      this.reflector.getAllAndOverride<Access | undefined>(ACCESS_METADATA, [
        context.getHandler(),
        context.getClass(),
      ]) ?? 'app';
    if (access === 'open') return true;

    const request = context.switchToHttp().getRequest<Request>();
    const presented = this.presentedBy(request, context);
    if (presented === undefined) throw unauthorized();
    const app = this.tokens.find(presented);
    if (app === undefined) return this.admitAdmin(presented, access);
    if (access === 'admin') throw new GatewayError('forbidden_role', 'this route takes the admin token');
    if (app.cidrs.length > 0 && !isClientIn(requestContextOf(request).client, app.cidrs)) {
      throw new GatewayError('forbidden_ip', 'this token may not be used from your address');
    }
    this.drain.assertOpen();
    setCaller(request, { appName: app.name, maxSessions: app.maxSessions });
    this.tokens.noteUse(app);
    return true;
  }

  /** The bearer token; where there is none, and on routes that take it, `x-api-key`. */
  private presentedBy({ headers }: Request, context: ExecutionContext): string | undefined {
    const bearer = BEARER.exec(headers.authorization ?? '')?.[1];
    if (bearer !== undefined || headers.authorization !== undefined) return bearer;
    const targets = [context.getHandler(), context.getClass()];
    if (this.reflector.getAllAndOverride<boolean | undefined>(KEY_HEADER_METADATA, targets) !== true)
      return undefined;
    const key = headers['x-api-key'];
    return typeof key === 'string' && key !== '' ? key : undefined;
  }

  private async admitAdmin(presented: string, access: Access): Promise<boolean> {
    if (!(await this.adminToken.matches(presented))) throw unauthorized();
    if (access === 'app') {
      throw new GatewayError('forbidden_role', 'the admin token opens /admin routes only; mint an app token');
    }
    return true;
  }
}

function unauthorized(): GatewayError {
  return new GatewayError('unauthorized', 'send a valid token as "Authorization: Bearer TOKEN"');
}
