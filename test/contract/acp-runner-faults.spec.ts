import type { PromptItem, RunnerSession } from '../../src/acpx/acpx-runner.js';
import type { JsonObject } from '../../src/core/json-rpc.js';
import { until } from '../support/until.js';
import { type AcpHarness, type AcpHarnessOptions, makeAcpHarness } from './acp-harness.js';
import { callsTo, expectWell, makeHostileHarness } from './hostile-harness.js';
import { begin, opened, promptOptions, textBlocks, turn, type RunningTurn } from './runner-contract.js';

describe('the warm runner with an agent that', () => {
  let harness: AcpHarness;

  const start = async (scenario: string, options?: AcpHarnessOptions): Promise<AcpHarness> => {
    harness = await makeHostileHarness(scenario, options);
    return harness;
  };

  const open = async (scenario: string, options?: AcpHarnessOptions): Promise<RunnerSession> =>
    opened(await start(scenario, options));

  const calls = (method: string): Promise<JsonObject[]> => callsTo(harness, method);

  const said = (running: RunningTurn, text: string): Promise<void> =>
    until(`the agent said ${text}`, () => JSON.stringify(running.messages).includes(text));

  afterEach(async () => {
    await harness.stop();
    expect(await harness.livingProcesses()).toEqual([]);
  });

  describe('starts badly:', () => {
    const creationFails = async (scenario: string, text: string | RegExp): Promise<void> => {
      await start(scenario);
      const session = await harness.newSession();
      const failure: unknown = await harness.runner.create(session).catch((error: unknown) => error);
      expect(failure).toMatchObject({ code: 'agent_failed', message: expect.stringMatching(text) });
      await until('its processes are gone', async () => (await harness.livingProcesses()).length === 0);
      await until('its marker is forgotten', () => harness.agentMarkers().length === 0);
    };

    it('it exits before it has said a word', () =>
      creationFails('exit=3', /ended with exit code 3: the last words on stderr/));

    it('it never answers initialize', () => creationFails('mute', /did not answer initialize within 3s/));

    it('it never answers initialize and cannot be asked to end', () =>
      creationFails('mute immortal', /did not answer initialize/));

    it('it speaks another version of ACP', () => creationFails('version=2', /speaks version 2 of ACP/));

    it('it refuses initialize', () => creationFails('initialize-error', /not today/));

    it('it dies at session/new', () => creationFails('new-dies', /exit code 5: the last words on stderr/));

    it('it never answers session/new', () => creationFails('new-silent', /did not answer session\/new/));

    it('it wants a login', () => creationFails('new-auth', /Authentication required/));

    it('it is not there any more', async () => {
      harness = await makeAcpHarness({ environment: { CLAWDFORGE_AGENTS: 'mine=/nowhere/agent' } });
      const session = { ...(await harness.newSession()), agent: 'mine' };
      await expect(harness.runner.create(session)).rejects.toMatchObject({ code: 'agent_not_installed' });
    });
  });

  it.each(['banner', 'noise', 'banner noise'])('prints a %s first', async (scenario) => {
    const session = await open(scenario);
    await expectWell(harness, session);
    expect(harness.runner.stats().noiseLines).toBe(scenario.includes('noise') ? 1 : 0);
  });

  it('prints garbage, arrays and replies to nobody within a turn', async () => {
    const session = await open('close');
    const { result, text } = await turn(harness.runner, session, '/garbage');
    expect(result.status).toBe('completed');
    expect(text).toBe('clear');
    expect(harness.runner.stats().noiseLines).toBe(7);
    await expectWell(harness, session);
  });

  it('prints a line of 40 MB', async () => {
    const session = await open('close');
    const { result, text } = await turn(harness.runner, session, '/long 40');
    expect(result.status).toBe('completed');
    expect(text).toHaveLength(40 * 1024 * 1024);
  });

  it('prints a line over the bound, and loses its process by that', async () => {
    const session = await open('resume', { limits: { maxLineBytes: 1024 * 1024 } });
    const { result } = await turn(harness.runner, session, '/long 2');
    expect(result).toMatchObject({
      status: 'failed',
      errorCode: 'output_too_large',
      error: 'agent echo: stdout line exceeded 1048576 bytes',
    });
    await expectWell(harness, session);
  });

  it.each([
    ['its first prompt, and a new session is made', 1, 0, 2],
    ['a later prompt, and it is resumed', 2, 1, 1],
  ])('knows a session no more at %s: it is asked once again', async (_when, prompt, resumes, news) => {
    const session = await open(`forget-prompt=${prompt} resume`);
    await expectWell(harness, session);
    await expectWell(harness, session);
    expect(await calls('session/prompt')).toHaveLength(3);
    expect(await calls('session/resume')).toHaveLength(resumes);
    expect(await calls('session/new')).toHaveLength(news);
    expect(await calls('initialize')).toHaveLength(1);
  });

  it('fails to resume for another reason: the turn fails, and no context is thrown away until it fails again', async () => {
    const session = await open('resume resume-error=Internal_error close');
    await expectWell(harness, session);
    await harness.runner.release(session);
    const { result } = await turn(harness.runner, session, 'hello');
    expect(result).toMatchObject({ status: 'failed', errorCode: 'agent_error', contextLost: false });
    expect(result.error).toContain('session/resume failed: Internal error');
    expect(await calls('session/new')).toHaveLength(1);
    const next = await turn(harness.runner, session, 'hello');
    expect(next.result).toMatchObject({ status: 'completed', contextLost: true });
    expect(await calls('session/resume')).toHaveLength(2);
    expect(await calls('session/new')).toHaveLength(2);
  });

  it.each([
    ['can only load: the replay is not heard', 'load close', { contextLost: false }, 'session/load'],
    ['has forgotten the session: a new one begins', 'resume forgetful', { contextLost: true }, 'session/new'],
    [
      'can only load, and replays behind its answer: the replay is not heard either',
      'load load-late close',
      { contextLost: false },
      'session/load',
    ],
    [
      'has forgotten the session, and calls that an internal error: a new one begins',
      'resume resume-error=Internal_error:_No_previous_sessions_found_for_this_project.',
      { contextLost: true },
      'session/new',
    ],
    ['can neither resume nor load: a new session begins', 'close', { contextLost: true }, 'session/new'],
  ])('%s', async (_what, scenario, expected, method) => {
    const session = await open(scenario);
    await expectWell(harness, session);
    await harness.runner.release(session);
    expect(await harness.livingProcesses()).toEqual([]);
    const before = (await calls(method)).length;
    const { result, text } = await turn(harness.runner, session, 'hello');
    expect(result).toMatchObject({ status: 'completed', ...expected });
    expect(result.agentSessionId).toEqual(expected.contextLost ? expect.stringMatching(/^hostile-/) : null);
    expect(text).toBe('well');
    expect(await calls(method)).toHaveLength(before + 1);
  });

  it('is never asked to resume a session that had no prompt; nothing is lost by that', async () => {
    const session = await open('resume forgetful close');
    await harness.runner.release(session);
    const { result } = await turn(harness.runner, session, 'hello');
    expect(result).toMatchObject({ status: 'completed', contextLost: false });
    expect(result.agentSessionId).toMatch(/^hostile-/);
    expect(await calls('session/resume')).toHaveLength(0);
  });

  it.each([
    ['and closes the session', 'close resume', 1],
    ['and cannot close sessions', 'resume', 0],
    ['and does not answer session/close', 'close-silent resume', 1],
  ])('ignores cancel, %s', async (_what, scenario, closes) => {
    const session = await open(scenario);
    const running = begin(harness.runner, session, '/speak-then-silent');
    await said(running, 'once');
    running.controller.abort();
    expect(await running.result).toMatchObject({ status: 'cancelled', stopReason: 'cancelled', error: null });
    expect(await calls('session/cancel')).toHaveLength(1);
    expect(await calls('session/close')).toHaveLength(closes);
    await expectWell(harness, session);
  });

  it('ignores cancel in one session: the others in its process are spared', async () => {
    await start('close resume obedient');
    const [deaf, other] = [await opened(harness), await opened(harness)];
    await harness.runner.release(deaf);
    const silent = begin(harness.runner, other, '/speak-then-silent');
    await said(silent, 'once');
    const running = begin(harness.runner, deaf, '/speak-then-silent');
    await said(running, 'once');
    running.controller.abort();
    expect((await running.result).status).toBe('cancelled');
    silent.controller.abort();
    expect(await silent.result).toMatchObject({ status: 'cancelled', stopReason: 'cancelled' });
    expect((await calls('initialize')).length).toBe(1);
  });

  it('leaves a process behind that has left its group: it goes with the agent', async () => {
    const session = await open('close resume');
    await turn(harness.runner, session, '/fork');
    expect((await harness.livingProcesses()).length).toBeGreaterThan(1);
    await harness.runner.close(session);
    expect(await harness.livingProcesses()).toEqual([]);
  });

  it('uses the older flat shape of updates', async () => {
    const session = await open('close');
    expect((await turn(harness.runner, session, '/flat')).text).toBe('flat');
  });

  it('sends requests that we do not know: each is refused at once', async () => {
    const session = await open('close');
    expect((await turn(harness.runner, session, '/ask-unknown')).text).toBe('-32601 -32601');
  });

  it.each([
    ['approve_all', 'edit', 'b'],
    ['approve_reads', 'read', 'b'],
    ['approve_reads', 'edit', 'c'],
    ['deny_all', 'read', 'c'],
  ] as const)('asks permission: %s answers a tool of kind %s', async (permissions, kind, optionId) => {
    await start('close');
    const session = await harness.newSession({ permissions });
    await harness.runner.create(session);
    const { text, messages } = await turn(harness.runner, session, `/ask ${kind}`);
    expect(JSON.parse(text)).toEqual({ outcome: { outcome: 'selected', optionId } });
    const answer = messages.find(({ id, result }) => id === 'ask-1' && result !== undefined);
    expect(answer?.result).toEqual({ outcome: { outcome: 'selected', optionId } });
  });

  it('ends a turn without a stop reason', async () => {
    const session = await open('close');
    const { result } = await turn(harness.runner, session, '/no-reason');
    expect(result).toMatchObject({ status: 'failed', errorCode: 'agent_error' });
  });

  it('tells the cost of the session', async () => {
    const session = await open('close');
    expect((await turn(harness.runner, session, '/cost')).result.costUsd).toBe(0.25);
    expect((await turn(harness.runner, session, 'hello')).result.costUsd).toBeNull();
  });

  it('goes on after its answer: states are kept for the next turn, the rest of a reply is not', async () => {
    const session = await open('close');
    const first = await turn(harness.runner, session, '/straggle');
    // Before the prompt or within the turn: the agent sends it some time after its answer to session/new.
    expect(JSON.stringify(first.messages)).toContain('available_commands_update');
    const other = await opened(harness);
    // Behind the stragglers, for one process writes both.
    await turn(harness.runner, other, 'hello');
    const next = await turn(harness.runner, session, 'hello');
    expect(next.text).toBe('well');
    expect(JSON.stringify(next.messages[0])).toContain('current_mode_update');
  });

  it('floods a reader that lags: it waits, and nothing is lost', async () => {
    const session = await open('close', { limits: { maxBufferedMessages: 64 } });
    const iterable = harness.runner.prompt(
      session,
      textBlocks('/flood 20000'),
      promptOptions(new AbortController().signal),
    );
    const iterator = iterable[Symbol.asyncIterator]();
    const chunks: string[] = [];
    const take = (item: PromptItem | undefined): void => {
      if (item?.kind === 'message') chunks.push(item.message.raw);
    };
    take((await iterator.next()).value as PromptItem);
    const written = (): number => harness.runner.stats().runningTurns;
    await until('it is under way', () => written() === 1);
    for (let next = await iterator.next(); next.done !== true; next = await iterator.next()) take(next.value);
    const numbers = chunks.flatMap((raw) => /chunk (\d+)/.exec(raw)?.[1] ?? []).map(Number);
    expect(numbers).toEqual(Array.from({ length: 20_000 }, (_none, index) => index));
  });

  it('floods a turn that is cancelled while nobody reads', async () => {
    const session = await open('close resume', { limits: { maxBufferedMessages: 64 } });
    const controller = new AbortController();
    const items = harness.runner.prompt(
      session,
      textBlocks('/flood 200000'),
      promptOptions(controller.signal),
    );
    const iterator = items[Symbol.asyncIterator]();
    await iterator.next();
    controller.abort();
    await until('the turn is over', () => harness.runner.stats().runningTurns === 0);
    let last: PromptItem | undefined;
    for (let next = await iterator.next(); next.done !== true; next = await iterator.next())
      last = next.value;
    expect(last).toMatchObject({ kind: 'result', result: { status: 'cancelled' } });
    await expectWell(harness, session);
  });

  describe('misses a deadline:', () => {
    const NONE = { startSecs: null, firstEventSecs: null, silenceSecs: null, totalSecs: 60 };

    const missed = async (
      session: RunnerSession,
      prompt: string,
      deadlines: Partial<typeof NONE> | Record<string, number>,
    ): Promise<unknown> => {
      const { signal } = new AbortController();
      const options = { signal, deadlines: { ...NONE, ...deadlines } };
      let result: unknown;
      for await (const item of harness.runner.prompt(session, textBlocks(prompt), options)) {
        if (item.kind === 'result') result = item.result;
      }
      return result;
    };

    it.each([
      [
        'the first event',
        '/silent',
        { firstEventSecs: 1 },
        'first_event',
        /no message from the agent within 1s/,
      ],
      ['silence', '/speak-then-silent', { silenceSecs: 1 }, 'silence', /silent for 1s/],
      ['the whole turn', '/speak-then-silent', { totalSecs: 1 }, 'total', /timed out after 1s/],
    ])('%s', async (_which, prompt, deadlines, deadline, error) => {
      const session = await open('close resume');
      expect(await missed(session, prompt, deadlines)).toMatchObject({
        status: 'timed_out',
        stopReason: 'timeout',
        deadline,
        error: expect.stringMatching(error),
      });
      await expectWell(harness, session);
    });

    it('the start', async () => {
      await start('mute', { limits: { initializeMs: 2500 } });
      const session = await harness.newSession();
      expect(await missed(session, 'hello', { startSecs: 1 })).toMatchObject({
        status: 'timed_out',
        deadline: 'start',
        error: expect.stringContaining('not ready within 1s'),
      });
      expect(await calls('session/prompt')).toEqual([]);
    });
  });
});
