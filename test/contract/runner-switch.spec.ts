import type { RunnerSession } from '../../src/acpx/acpx-runner.js';
import { makeAcpHarness } from './acp-harness.js';
import { makeCliHarness } from './cli-harness.js';
import { opened, PROMPTS, turn, type RunnerHarness } from './runner-contract.js';

type MakeHarness = (options?: {
  directory?: string;
}) => Promise<RunnerHarness & { readonly directory: string; halt(): Promise<void> }>;

const acp = { runner: 'the warm runner', make: makeAcpHarness as MakeHarness };
const cli = { runner: 'the command line', make: makeCliHarness as MakeHarness };

describe.each([
  { from: acp, to: cli, isLostOnTheWayBack: false },
  // acpx goes on with the session that it has made, and does not know of the one that was prompted meanwhile.
  { from: cli, to: acp, isLostOnTheWayBack: true },
])('a session of $from.runner, taken up by $to.runner', ({ from, to, isLostOnTheWayBack }) => {
  let harness: Awaited<ReturnType<MakeHarness>>;

  afterEach(async () => {
    await harness.stop();
    expect(await harness.livingProcesses()).toEqual([]);
  });

  const restart = async ({ make }: { make: MakeHarness }): Promise<void> => {
    await harness.halt();
    harness = await make({ directory: harness.directory });
  };

  /** As the ledger has the session after a turn. */
  const after = async (session: RunnerSession, prompt: string) => {
    const { result, text } = await turn(harness.runner, session, prompt);
    expect(result).toMatchObject({ status: 'completed', error: null });
    const agentSessionId = result.agentSessionId ?? session.agentSessionId;
    return { session: { ...session, agentSessionId, hasHistory: true }, result, text };
  };

  it('goes on with its context, there and back', async () => {
    harness = await from.make();
    const said = await after(await opened(harness), PROMPTS.hello);
    await restart(to);
    const other = await after(said.session, PROMPTS.recall);
    expect(other).toMatchObject({ text: `1. ${PROMPTS.hello}`, result: { contextLost: false } });
    await restart(from);
    const back = await after(other.session, PROMPTS.recall);
    expect(back.text).toBe(`1. ${PROMPTS.hello}\n2. ${PROMPTS.recall}`);
    expect(back.result.contextLost).toBe(false);
    await harness.runner.close(back.session);
  });

  it('has lost nothing when it was never prompted, and says what it loses on the way back', async () => {
    harness = await from.make();
    const fresh = await opened(harness);
    await restart(to);
    const said = await after(fresh, PROMPTS.hello);
    expect(said.result.contextLost).toBe(false);
    await restart(from);
    const back = await after(said.session, PROMPTS.recall);
    expect(back.result.contextLost).toBe(isLostOnTheWayBack);
    expect(back.text).toBe(isLostOnTheWayBack ? 'nothing yet' : `1. ${PROMPTS.hello}`);
    await harness.runner.close(back.session);
  });
});
