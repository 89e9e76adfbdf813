import { Injectable, Logger } from '@nestjs/common';
import type { NextFunction, Request, Response } from 'express';
import { ErrorShapes } from '../common/error-shapes.js';
import { setRequestContext } from '../common/request-context.js';
import { AppConfig } from '../config/app-config.js';
import { clientAddressOf, isClientIn } from '../core/client-address.js';
import { GatewayError } from '../core/errors.js';

const FORWARDING_HEADERS = ['x-forwarded-for', 'forwarded', 'x-real-ip'];

/** On every request, routes or not: the caller's address, and the server's allow-list of addresses. */
@Injectable()
export class ClientAddressMiddleware {
  private readonly logger = new Logger(ClientAddressMiddleware.name);
  private hasWarned = false;

  constructor(
    private readonly config: AppConfig,
    private readonly shapes: ErrorShapes,
  ) {}

  readonly handle = (request: Request, response: Response, next: NextFunction): void => {
    // The request log, which runs before, has given each request its id.
    const requestId = request.id as string;
    response.setHeader('x-request-id', requestId);
    const forwardedFor = request.headers['x-forwarded-for'];
    const client = clientAddressOf(
      request.socket.remoteAddress ?? '',
      Array.isArray(forwardedFor) ? forwardedFor.join(',') : forwardedFor,
      FORWARDING_HEADERS.some((name) => request.headers[name] !== undefined),
      this.config.trustedProxies,
    );
    setRequestContext(request, { requestId, client });
    if (client.isForwardingUntrusted) this.warnOnce(client.address);
    if (!isClientIn(client, this.config.allowCidrs)) {
      this.shapes.send(
        request,
        response,
        new GatewayError('forbidden_ip', refusal(client.isForwardingUntrusted)),
        requestId,
      );
      return;
    }
    next();
  };

  private warnOnce(peer: string): void {
    if (this.hasWarned) return;
    this.hasWarned = true;
    this.logger.warn(
      { peer },
      'a forwarding header came from a peer outside TRUST_PROXY; it is not believed',
    );
  }
}

function refusal(isForwardingUntrusted: boolean): string {
  return isForwardingUntrusted
    ? 'your address may not call this server; a forwarding header was sent by a peer outside TRUST_PROXY'
    : 'your address may not call this server';
}
