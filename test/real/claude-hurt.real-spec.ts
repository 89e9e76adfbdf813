import { appendFile, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { CLAUDE_ENGINES } from '../../src/config/app-config.js';
import type { CompletionOptions } from '../../src/claude-code/completion.js';
import type { BackendEvent } from '../../src/core/claude/backend-event.js';
import { transcriptPath } from '../../src/core/claude/transcript-path.js';
import type { ClaudeTurnError } from '../../src/core/claude/turn-error.js';
import { synthesizeTurnMessages } from '../../src/core/claude/turn-synthesis.js';
import { BackendHarness, resultIn, saidIn, user } from '../support/backend-harness.js';
import { FakeModelApi } from '../support/fake-model-api.js';
import { defaultReply } from '../support/model-reply.js';
import { until } from '../support/until.js';
import { type IsolatedHome, isolatedHome } from './environment.js';
import { installRealAgents } from './install.js';

describe.each(CLAUDE_ENGINES)('a real claude that is hurt, engine %s', (engine) => {
  const api = new FakeModelApi();
  let home: IsolatedHome;
  let harness: BackendHarness;

  beforeAll(async () => {
    const { claudeBin } = await installRealAgents();
    await api.start();
    home = await isolatedHome(api.baseUrl);
    const wrapper = path.join(home.home, 'claude');
    await writeFile(wrapper, wrapperOf(claudeBin, noRoom()), { mode: 0o755 });
    harness = await BackendHarness.open({
      ...home.env,
      CLAUDE_BIN: wrapper,
      CLAWDFORGE_CLAUDE_ENGINE: engine,
      CLAWDFORGE_CLAUDE_POOL: '1',
    });
  }, 600_000);

  afterAll(async () => {
    await harness.close();
    await api.stop();
    const leftOver = await home.processes();
    await home.remove();
    expect(leftOver).toEqual([]);
  });

  beforeEach(() => api.reset());

  /** While this file is there, a fresh claude cannot write its transcript. */
  const noRoom = (): string => path.join(home.home, 'no-room');
  const onlySession = () => harness.backend.liveSessions[0]!;
  const untilAsked = (): Promise<void> =>
    until('the model is asked', () => api.conversationRequests.length > 0);
  const transcript = (): string => {
    const { id, cwd } = onlySession();
    const config = path.join(harness.directory, 'claude-code', 'sessions', id, 'config');
    return path.join(config, transcriptPath(cwd, id));
  };

  /** A turn whose session waits now; how its history goes on. */
  const waiting = async () => {
    const first = user('marker:KEPT x');
    const turn = synthesizeTurnMessages(await harness.complete([first]));
    return (last: string, options: CompletionOptions = {}) =>
      harness.complete([first, ...turn, user(last)], {}, options);
  };

  const expectNothingLeft = async (): Promise<void> => {
    expect(harness.backend.liveSessions).toEqual([]);
    expect(await home.processes()).toEqual([]);
  };

  it('is told as ended when it is killed in the middle of a turn', async () => {
    const running = harness.complete([user('hang')]);
    const failed = expect(running).rejects.toMatchObject({ fault: 'process_exit' });
    await untilAsked();
    process.kill(onlySession().pid!, 'SIGKILL');
    await failed;
    await expectNothingLeft();
  });

  it('is killed at the deadline when it was stopped while it waited, and its history goes on elsewhere', async () => {
    const goOn = await waiting();
    const { pid, id } = onlySession();
    process.kill(pid!, 'SIGSTOP');
    const hung = goOn('say:never', { timeoutMs: 1500 });
    await expect(hung).rejects.toMatchObject({ fault: 'timeout' });
    await expectNothingLeft();
    const events = await goOn('recall');
    expect(saidIn(events)).toBe('recalled: KEPT');
    expect(resultIn(events).sessionId).not.toBe(id);
  });

  it.each<[string, (file: string) => Promise<void>]>([
    ['is deleted', (file) => rm(file)],
    ['is cut short', (file) => truncate(file, 100)],
    [
      'is written by another process',
      async (file) => {
        const lines = (await readFile(file, 'utf8')).trimEnd().split('\n');
        const prompt = lines.findLast((line) => line.includes('"type":"user"'));
        await appendFile(file, `${prompt!.replace('marker:KEPT', 'marker:FOREIGN')}\n`);
      },
    ],
  ])('goes on rightly when its transcript %s while it waits', async (_name, hurt) => {
    const goOn = await waiting();
    await hurt(transcript());
    const events = await goOn('recall');
    expect(saidIn(events)).toBe('recalled: KEPT');
    // The other engine has the conversation in its memory, and reads no file.
    expect(resultIn(events).numTurns).toBe(engine === 'terminal' ? 1 : 2);
  });

  it('never waits for more once it compacted its history', async () => {
    api.respond = (request) => {
      const reply = defaultReply(request);
      return reply.kind === 'tool' ? { ...reply, inputTokens: 5_000_000 } : reply;
    };
    const events = await harness.complete([user('tool:bash echo much')], { model: 'claude-test-model' });
    expect(JSON.stringify(api.conversationRequests.at(-1))).toContain(
      'continued from a previous conversation',
    );
    expect(resultIn(events).subtype).toBe('success');
    await expectNothingLeft();
  });

  it('gives no answer when its transcript is deleted in the middle of a turn and it is read from there', async () => {
    const events: BackendEvent[] = [];
    const read = async (): Promise<string> => {
      const turn = harness.backend.complete({ app: 'app', messages: [user('slow:30:100')] });
      for await (const event of turn) events.push(event);
      return saidIn(events);
    };
    const settled = read().catch((error: unknown) => (error as ClaudeTurnError).fault);
    await until('the prompt is taken', () => events.length > 0);
    await rm(transcript(), { force: true });
    expect(await settled).toMatch(engine === 'terminal' ? 'transcript_lost' : /^part 1\. .*part 30\. $/);
    expect(saidIn(await harness.complete([user('say:next')]))).toBe('next');
  });

  if (engine === 'terminal') {
    it('gives no answer that it could not write to its transcript', async () => {
      await writeFile(noRoom(), '');
      const unwritten = harness.complete([user('say:unwritten')]);
      await expect(unwritten).rejects.toMatchObject({ fault: 'transcript_lost' });
      await rm(noRoom());
      expect(api.conversationRequests).toHaveLength(1);
      await expectNothingLeft();
    });
  }
});

/** Runs claude; while a file is there, with a transcript that can be neither opened nor made. */
function wrapperOf(claudeBin: string, whileThere: string): string {
  return `#!/bin/sh
if [ -e '${whileThere}' ]; then
  for arg in "$@"; do case "$arg" in --session-id=*) id="\${arg#*=}" ;; esac; done
  directory="$CLAUDE_CONFIG_DIR/projects/$(pwd | sed 's/[^A-Za-z0-9]/-/g')"
  mkdir -p "$directory" && ln -s /dev/full/none "$directory/$id.jsonl"
fi
exec '${claudeBin}' "$@"
`;
}
