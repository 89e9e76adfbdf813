import { Injectable } from '@nestjs/common';
import { AppConfig } from '../config/app-config.js';
import { GatewayError } from '../core/errors.js';

/** Counts open sessions, those being created included, and holds the bounds on them. */
@Injectable()
export class OpenSessions {
  private readonly countOf = new Map<string, number>();
  private all = 0;

  constructor(private readonly config: AppConfig) {}

  get count(): number {
    return this.all;
  }

  /**
   * Takes a place for a session that is about to be created.
   * @param maxSessions the app's own bound; null for the server's only.
   * @throws GatewayError `pool_full`.
   */
  reserve(appName: string, maxSessions: number | null): void {
    const { maxLiveSessions } = this.config;
    if (this.all >= maxLiveSessions) throw poolFull(`the server has its ${maxLiveSessions} sessions open`);
    if (maxSessions !== null && (this.countOf.get(appName) ?? 0) >= maxSessions) {
      throw poolFull(`this app has its ${maxSessions} sessions open`);
    }
    this.add(appName, 1);
  }

  /** Counts sessions that are open already, at start. */
  add(appName: string, count: number): void {
    this.all += count;
    this.countOf.set(appName, (this.countOf.get(appName) ?? 0) + count);
  }

  /** Gives the place of a closed session, or of one that could not be created, back. */
  release(appName: string): void {
    this.all -= 1;
    const left = (this.countOf.get(appName) ?? 0) - 1;
    if (left > 0) this.countOf.set(appName, left);
    else this.countOf.delete(appName);
  }
}

function poolFull(why: string): GatewayError {
  return new GatewayError('pool_full', `${why}; close one or try again later`, {
    retryable: true,
    retryAfterSecs: 10,
  });
}
