import { InitialSchema1763700000000 } from './1763700000000-initial-schema.js';
import { EventLog1763800000000 } from './1763800000000-event-log.js';
import { IdempotencyKeys1763900000000 } from './1763900000000-idempotency-keys.js';
import { RunRoutes1764000000000 } from './1764000000000-run-routes.js';
import { TurnBounds1764100000000 } from './1764100000000-turn-bounds.js';

export const migrations = [
  InitialSchema1763700000000,
  EventLog1763800000000,
  IdempotencyKeys1763900000000,
  RunRoutes1764000000000,
  TurnBounds1764100000000,
];
