import type {
  AcpxRunner,
  PromptItem,
  PromptOptions,
  PromptResult,
  RunnerSession,
} from '../../src/acpx/acpx-runner.js';
import { messageTextOf, stopReasonOf, textOf } from '../../src/core/acp-messages.js';
import type { JsonObject } from '../../src/core/json-rpc.js';
import { until } from '../support/until.js';

/** A runner at work, and what the suite must know of its agent. */
export interface RunnerHarness {
  readonly runner: AcpxRunner;
  /** A session as the ledger has it before `create`: with a marker of its own. */
  newSession(): Promise<RunnerSession>;
  /** Pids of living processes with a marker of this harness. */
  livingProcesses(): Promise<number[]>;
  /** Stops everything; the runner's `shutdown` included. */
  stop(): Promise<void>;
}

/** What brings an agent to do what the suite is about. */
export interface ContractPrompts {
  /** Is answered by a text in which it occurs. */
  readonly hello: string;
  /** Is answered by the prompts before, those that were completed at least. */
  readonly recall: string;
  /** Works on until it is cancelled. */
  readonly hang: string;
  /** Works on, and does not hear of a cancel; null where no prompt can bring the agent to that. */
  readonly deaf: string | null;
  /** Fails, with `on purpose` in what is said of it. */
  readonly fail: string;
  /** Ends the process that works on it. */
  readonly die: string;
  /** Is answered by the numbers from 1 to 5. */
  readonly stream: string;
}

/** As the echo agent understands them. */
export const PROMPTS: ContractPrompts = {
  hello: 'hello there',
  recall: '/remember',
  hang: '/hang',
  deaf: '/hang-deaf',
  fail: '/fail on purpose',
  die: '/die 3',
  stream: '/stream 5 20',
};

export interface RunningTurn {
  readonly messages: JsonObject[];
  readonly controller: AbortController;
  readonly result: Promise<PromptResult>;
}

export function textBlocks(text: string): JsonObject[] {
  return [{ type: 'text', text }];
}

export function promptOptions(signal: AbortSignal, totalSecs = 60): PromptOptions {
  return { deadlines: { startSecs: null, firstEventSecs: null, silenceSecs: null, totalSecs }, signal };
}

/** Starts a turn and reads it in the background. */
export function begin(
  runner: AcpxRunner,
  session: RunnerSession,
  prompt: string,
  timeoutSecs = 60,
): RunningTurn {
  const controller = new AbortController();
  const messages: JsonObject[] = [];
  const items = runner.prompt(session, textBlocks(prompt), promptOptions(controller.signal, timeoutSecs));
  return { messages, controller, result: readAll(items, messages) };
}

async function readAll(items: AsyncIterable<PromptItem>, messages: JsonObject[]): Promise<PromptResult> {
  const results: PromptResult[] = [];
  for await (const item of items) {
    if (results.length > 0) throw new Error('something came after the result');
    if (item.kind === 'message') messages.push(item.message.value);
    else results.push(item.result);
  }
  if (results[0] === undefined) throw new Error('a turn without a result');
  return results[0];
}

/** Runs a whole turn. */
export async function turn(
  runner: AcpxRunner,
  session: RunnerSession,
  prompt: string,
  timeoutSecs?: number,
): Promise<{ result: PromptResult; messages: JsonObject[]; text: string }> {
  const running = begin(runner, session, prompt, timeoutSecs);
  const result = await running.result;
  return { result, messages: running.messages, text: textOf(running.messages) };
}

/** Waits until the agent works on the turn. */
export function underWay(running: RunningTurn): Promise<void> {
  return until('the prompt is with the agent', () =>
    running.messages.some((message) => message.method === 'session/prompt'),
  );
}

export async function opened(harness: RunnerHarness): Promise<RunnerSession> {
  const session = await harness.newSession();
  const created = await harness.runner.create(session);
  return { ...session, ...created };
}

/** What every runner does, whatever drives its agents. */
export function describeRunner(
  name: string,
  makeHarness: () => Promise<RunnerHarness>,
  prompts = PROMPTS,
): void {
  describe(`${name}, as every runner`, () => {
    let harness: RunnerHarness;
    let runner: AcpxRunner;

    beforeEach(async () => {
      harness = await makeHarness();
      ({ runner } = harness);
    });

    afterEach(async () => {
      await harness.stop();
      expect(await harness.livingProcesses()).toEqual([]);
    });

    const expectWorking = async (session: RunnerSession): Promise<void> => {
      const next = await turn(runner, session, prompts.hello);
      expect(next.result).toMatchObject({ status: 'completed', stopReason: 'end_turn', error: null });
      expect(next.text).toContain(prompts.hello);
    };

    it('yields the messages in order and one result last', async () => {
      const session = await opened(harness);
      const { result, messages } = await turn(runner, session, prompts.stream);
      const chunks = messages.flatMap((message) => messageTextOf(message) ?? []);
      expect(chunks.join('')).toMatch(/1.*2.*3.*4.*5/s);
      expect(stopReasonOf(messages.at(-1)!)).toBe('end_turn');
      expect(result).toMatchObject({ status: 'completed', stopReason: 'end_turn', error: null });
    });

    it('tells the agent session id of a new session', async () => {
      const session = await opened(harness);
      expect(session.agentSessionId).toMatch(/\S/);
    });

    it('keeps the context from turn to turn', async () => {
      const session = await opened(harness);
      await expectWorking(session);
      const recalled = await turn(runner, session, prompts.recall);
      expect(recalled.text).toContain(prompts.hello);
    });

    it('says what the agent said when a turn fails, and takes the next turn', async () => {
      const session = await opened(harness);
      const { result } = await turn(runner, session, prompts.fail);
      expect(result).toMatchObject({ status: 'failed', stopReason: 'error' });
      expect(result.error).toContain('on purpose');
      await expectWorking(session);
    });

    it('takes the next turn after the agent died in the middle of one', async () => {
      const session = await opened(harness);
      await expectWorking(session);
      const { result } = await turn(runner, session, prompts.die);
      expect(result).toMatchObject({ status: 'failed', stopReason: 'error' });
      const recalled = await turn(runner, session, prompts.recall);
      expect(recalled.text).toContain(prompts.hello);
    });

    it('cancels a turn in flight by its signal, and takes the next turn', async () => {
      const session = await opened(harness);
      const running = begin(runner, session, prompts.hang);
      await underWay(running);
      running.controller.abort();
      const result = await running.result;
      expect(result).toMatchObject({ status: 'cancelled', stopReason: 'cancelled', error: null });
      expect(stopReasonOf(running.messages.at(-1)!)).toBe('cancelled');
      await expectWorking(session);
    });

    it('cancels a turn in flight by a call, which is harmless without a turn', async () => {
      const session = await opened(harness);
      await runner.cancel(session);
      const running = begin(runner, session, prompts.hang);
      await underWay(running);
      await runner.cancel(session);
      expect(await running.result).toMatchObject({ status: 'cancelled', stopReason: 'cancelled' });
      await runner.cancel(session);
      await expectWorking(session);
    });

    const { deaf } = prompts;
    if (deaf !== null) {
      it('cancels a turn whose agent is deaf to it, and takes the next turn', async () => {
        const session = await opened(harness);
        await expectWorking(session);
        const running = begin(runner, session, deaf);
        await underWay(running);
        running.controller.abort();
        expect(await running.result).toMatchObject({ status: 'cancelled', stopReason: 'cancelled' });
        const recalled = await turn(runner, session, prompts.recall);
        expect(recalled.text).toContain(prompts.hello);
      });
    }

    it('starts nothing when its signal is aborted already', async () => {
      const session = await opened(harness);
      const controller = new AbortController();
      controller.abort();
      const items = runner.prompt(session, textBlocks(prompts.hang), promptOptions(controller.signal));
      const messages: JsonObject[] = [];
      expect(await readAll(items, messages)).toMatchObject({ status: 'cancelled', stopReason: 'cancelled' });
      expect(messages.some((message) => message.method === 'session/prompt')).toBe(false);
      await expectWorking(session);
    });

    it('ends a turn at its time-out, and takes the next turn', async () => {
      const session = await opened(harness);
      await expectWorking(session);
      const { result } = await turn(runner, session, prompts.hang, 2);
      expect(result).toMatchObject({ status: 'timed_out', stopReason: 'timeout' });
      expect(result.error).toContain('2s');
      await expectWorking(session);
    });

    it('cancels a turn that is left early', async () => {
      const session = await opened(harness);
      const items = runner.prompt(
        session,
        textBlocks(prompts.hang),
        promptOptions(new AbortController().signal),
      );
      for await (const item of items) {
        if (item.kind === 'message' && item.message.value.method === 'session/prompt') break;
      }
      await expectWorking(session);
    });

    it('cancels a turn that is left while its next message is waited for', async () => {
      const session = await opened(harness);
      const { signal } = new AbortController();
      const items = runner.prompt(session, textBlocks(prompts.hang), promptOptions(signal));
      const iterator = items[Symbol.asyncIterator]();
      const seen: JsonObject[] = [];
      const reading = (async () => {
        for (let next = await iterator.next(); next.done !== true; next = await iterator.next()) {
          if (next.value.kind === 'message') seen.push(next.value.message.value);
        }
      })();
      await until('the prompt is with the agent', () =>
        seen.some((message) => message.method === 'session/prompt'),
      );
      await iterator.return?.();
      await reading;
      await expectWorking(session);
    });

    it('keeps the conversation when a session is released', async () => {
      const session = await opened(harness);
      await expectWorking(session);
      await runner.release(session);
      expect(await harness.livingProcesses()).toEqual([]);
      const recalled = await turn(runner, session, prompts.recall);
      expect(recalled.result).toMatchObject({ status: 'completed', error: null });
      expect(recalled.text).toContain(prompts.hello);
    });

    it('closes a session once, however often it is asked to, and leaves no process', async () => {
      const session = await opened(harness);
      await expectWorking(session);
      await Promise.all([runner.close(session), runner.close(session)]);
      expect(await harness.livingProcesses()).toEqual([]);
      await runner.close(session);
    });

    it('cancels the turn in flight of a session that is closed', async () => {
      const session = await opened(harness);
      const running = begin(runner, session, prompts.hang);
      await underWay(running);
      await runner.close(session);
      expect(await running.result).toMatchObject({ status: 'cancelled', stopReason: 'cancelled' });
      expect(await harness.livingProcesses()).toEqual([]);
    });

    it('runs sessions beside each other, each with its own conversation', async () => {
      const sessions = await Promise.all([opened(harness), opened(harness), opened(harness)]);
      const names = ['first', 'second', 'third'];
      const turns = sessions.map((session, index) => turn(runner, session, `I am ${names[index]!}`));
      for (const { result } of await Promise.all(turns)) expect(result.status).toBe('completed');
      const recalls = await Promise.all(sessions.map((session) => turn(runner, session, prompts.recall)));
      for (const [index, { text }] of recalls.entries()) {
        expect(names.filter((name) => text.includes(name))).toEqual([names[index]]);
      }
    });

    it('ends turns in flight on shutdown, again and again without harm', async () => {
      const session = await opened(harness);
      const running = begin(runner, session, prompts.hang);
      await underWay(running);
      await Promise.all([runner.shutdown(), runner.shutdown()]);
      expect(await running.result).toMatchObject({ status: 'cancelled' });
      expect(await harness.livingProcesses()).toEqual([]);
    });
  });
}
