import { performance } from 'node:perf_hooks';
import { Injectable } from '@nestjs/common';

/** Time, injected so that tests can move it. */
@Injectable()
export class Clock {
  /** Wall time in Unix milliseconds; it may step. */
  nowMs(): number {
    return Date.now();
  }

  /** Milliseconds since some fixed point; never steps back. For durations. */
  monotonicMs(): number {
    return performance.now();
  }
}
