import { startGateway, type Gateway } from '../support/gateway.js';
import type { Lab } from '../support/lab.js';
import { openBenchLedger, seedSessions } from '../support/seed.js';

const APP = 'bench';
const SESSIONS = 10_000;
const OWNED = 50;
const EACH = SESSIONS / OWNED;
const OPEN_EVERY = 10;

export interface OwnedSessions extends Gateway {
  /** Headers of the app that owns 50 of the 10,000 sessions, spread over the ledger. */
  readonly headers: Record<string, string>;
}

export async function startWithOwnedSessions(lab: Lab): Promise<OwnedSessions> {
  const dataDir = await lab.directory('data');
  const ledger = await openBenchLedger(dataDir);
  const closedAtMs = Date.now() - 60_000;
  await seedSessions(ledger, SESSIONS, {
    appName: (index) => (index % EACH === 0 ? APP : `app-${index % EACH}`),
    closedAtMs: (index) => (index % (EACH * OPEN_EVERY) === 0 ? null : closedAtMs),
    turnsEach: 1,
  });
  await ledger.close();
  const gateway = await startGateway(lab, dataDir);
  const headers = await gateway.mint(APP);
  const answer = await fetch(`${gateway.baseUrl}/sessions`, { headers });
  const { count } = (await answer.json()) as { count: number };
  if (count !== OWNED) throw new Error(`the caller sees ${count} sessions instead of ${OWNED}`);
  return { ...gateway, headers };
}
