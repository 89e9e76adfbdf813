import { type CanActivate, type ExecutionContext, Injectable } from '@nestjs/common';
import type { Request } from 'express';
import { requestContextOf } from '../common/request-context.js';
import { AppConfig } from '../config/app-config.js';
import { GatewayError } from '../core/errors.js';
import { hashToken, sameHash } from '../tokens/token-secret.js';

const BEARER = /^Bearer +([^\s]+) *$/i;

/** Opens the metrics to loopback itself, and to who has METRICS_TOKEN; no other token opens them. */
@Injectable()
export class MetricsGuard implements CanActivate {
  private readonly tokenHash: string | null;

  constructor(config: AppConfig) {
    this.tokenHash = config.metricsToken === null ? null : hashToken(config.metricsToken);
  }

  canActivate(context: ExecutionContext): boolean {
    const request = context.switchToHttp().getRequest<Request>();
    if (requestContextOf(request).client.isTrueLoopback) return true;
    if (this.tokenHash === null) {
      throw new GatewayError('forbidden_ip', 'metrics are for loopback only; set METRICS_TOKEN to open them');
    }
    const presented = BEARER.exec(request.headers.authorization ?? '')?.[1];
    if (presented === undefined || !sameHash(hashToken(presented), this.tokenHash)) {
      throw new GatewayError('unauthorized', 'send METRICS_TOKEN as "Authorization: Bearer TOKEN"');
    }
    return true;
  }
}
