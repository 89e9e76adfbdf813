import { Injectable } from '@nestjs/common';
import { GatewayError } from '../core/errors.js';

/** Set once, at SIGTERM: from then on nothing new is begun. */
@Injectable()
export class DrainSwitch {
  private draining = false;

  get isDraining(): boolean {
    return this.draining;
  }

  start(): void {
    this.draining = true;
  }

  /** @throws GatewayError `draining` once the server is stopping. */
  assertOpen(): void {
    if (this.draining) throw drainingError();
  }
}

export function drainingError(): GatewayError {
  return new GatewayError('draining', 'the server is stopping; try again shortly', {
    retryable: true,
    retryAfterSecs: 5,
  });
}
