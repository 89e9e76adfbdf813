import { Injectable } from '@nestjs/common';
import type { NextFunction, Request, Response } from 'express';
import { Clock } from '../common/clock.js';
import { MetricsRecorder } from './metrics-recorder.js';

const METHODS = new Set(['GET', 'POST', 'DELETE', 'PATCH', 'PUT', 'HEAD', 'OPTIONS']);

/** Counts every request by its route's pattern; a request that no route takes, or that was refused before, is `none`. */
@Injectable()
export class RequestMetrics {
  constructor(
    private readonly metrics: MetricsRecorder,
    private readonly clock: Clock,
  ) {}

  readonly handle = (request: Request, response: Response, next: NextFunction): void => {
    const startedMs = this.clock.monotonicMs();
    response.once('close', () => {
      this.metrics.requestEnded(
        routeOf(request),
        METHODS.has(request.method) ? request.method : 'other',
        response.writableFinished ? String(response.statusCode) : 'aborted',
        this.clock.monotonicMs() - startedMs,
      );
    });
    next();
  };
}

/** Middlewares for all paths are routes to the router, too; a request that got no further found none. */
function routeOf(request: Request): string {
  const route = request.route as { path?: unknown } | undefined;
  return typeof route?.path === 'string' && !route.path.includes('*') ? route.path : 'none';
}
