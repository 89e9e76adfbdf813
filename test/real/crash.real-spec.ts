import { Crashes } from '../support/crash/crashes.js';
import { ServerHome } from '../support/server-home.js';

/** The run of test/e2e/crash.e2e-spec.ts at length: too long for every `npm run check`. */
const CRASHES = 50;
const SEED = Number(process.env.CRASH_SEED ?? Date.now() % 1_000_000);

describe('a server that is killed under load and started again on its data', () => {
  let home: ServerHome;

  beforeAll(async () => {
    home = await ServerHome.make({ CLAWDFORGE_MAX_LIVE_SESSIONS: '200', CLAWDFORGE_AGENTS: 'echo' });
  });
  afterAll(() => home.remove());

  it(`keeps all that it told, ends every turn once, leaves no process, and goes on (${CRASHES} crashes, CRASH_SEED=${SEED})`, async () => {
    const report = await new Crashes(home, SEED).run(CRASHES);
    expect(report.unknownTurns).toBeGreaterThan(0);
    expect(report.turns).toBeGreaterThan(CRASHES);
  }, 900_000);
});
