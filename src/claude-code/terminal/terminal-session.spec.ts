import { mkdtemp, rm, truncate } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import {
  answer,
  assistantRecord,
  SCRIPTED_LIMITS,
  ScriptedTerminal,
  userRecord,
  type TurnScript,
} from '../../../test/support/scripted-claude.js';
import { until } from '../../../test/support/until.js';
import { Clock } from '../../common/clock.js';
import type { TurnEvent } from '../../core/claude/backend-event.js';
import type { TurnEnd } from '../claude-session.js';
import { makeSessionHome } from '../session-home.js';
import type { SessionSpec } from '../session-spec.js';
import { TranscriptWatcher } from '../transcript-watcher.js';
import { TerminalSession } from './terminal-session.js';

const ended = { type: 'system', subtype: 'turn_duration' };

describe('TerminalSession', () => {
  let directory: string;
  let terminal: ScriptedTerminal;
  let session: TerminalSession;
  let events: TurnEvent[];
  const signal = new AbortController().signal;

  const open = async (...scripts: TurnScript[]): Promise<void> => {
    const spec = { id: 'the-id', cwd: '/w', system: null, model: null, plantedHistory: [] };
    const home = await makeSessionHome(spec as unknown as SessionSpec, {
      parent: directory,
      apiKey: undefined,
      nowMs: 0,
    });
    terminal = new ScriptedTerminal(spec as unknown as SessionSpec, home, scripts);
    session = new TerminalSession({
      sessionId: 'the-id',
      terminal,
      watcher: new TranscriptWatcher(home.transcriptFile),
      clock: new Clock(),
      limits: SCRIPTED_LIMITS,
    });
  };

  const turn = async (prompt = 'hi', stop = signal): Promise<TurnEnd> => {
    const running = session.turn(prompt, stop);
    for (;;) {
      const next = await running.next();
      if (next.done === true) return next.value;
      events.push(next.value);
    }
  };

  beforeEach(async () => {
    directory = await mkdtemp(path.join(tmpdir(), 'terminal-'));
    events = [];
  });

  afterEach(() => rm(directory, { recursive: true }));

  it('ends a turn at claude’s own word, and is fit for the next', async () => {
    await open([...answer('hi', 'hello'), ended]);
    expect(await turn()).toMatchObject({ stopReason: 'end_turn', usage: { output_tokens: 1 } });
    expect(events.map(({ type }) => type)).toEqual(['user', 'assistant']);
    expect(await session.isReusable()).toBe(true);
  });

  it('does not end at the first block of a message that says end_turn', async () => {
    await open([userRecord('hi'), assistantRecord([{ type: 'thinking', thinking: 'hm' }])]);
    terminal.state = { state: 'busy', sessionId: 'the-id', waitingFor: null };
    const running = turn();
    await until('the first block was read', () => events.length === 2);
    terminal.append([assistantRecord('hello'), ended]);
    await running;
    expect(events).toHaveLength(3);
  });

  it('presses Enter once more when the prompt does not show up', async () => {
    await open([]);
    const running = turn();
    await until('it pressed Enter', () => terminal.enters === 1);
    terminal.append([...answer('hi', 'hello'), ended]);
    await running;
    expect(terminal.enters).toBe(1);
  });

  it('gives up when the prompt never shows up', async () => {
    await open([]);
    await expect(turn()).rejects.toMatchObject({ fault: 'not_acknowledged' });
    expect(await session.isReusable()).toBe(false);
  });

  it('fails when the prompt arrives with half a key in it', async () => {
    await open([userRecord('hi[201~'), assistantRecord('hello'), ended]);
    await expect(turn()).rejects.toMatchObject({ fault: 'not_acknowledged' });
  });

  it.each([
    ['asks somebody', { state: 'waiting', sessionId: 'the-id', waitingFor: 'permission' }, 'blocked'],
    [
      'went over to another session',
      { state: 'busy', sessionId: 'another', waitingFor: null },
      'session_changed',
    ],
  ] as const)('fails when claude %s', async (_name, state, fault) => {
    await open([userRecord('hi')]);
    terminal.state = state;
    await expect(turn()).rejects.toMatchObject({ fault });
  });

  it('fails when somebody interrupts in the terminal', async () => {
    await open([userRecord('hi'), userRecord([{ type: 'text', text: '[Request interrupted by user]' }])]);
    await expect(turn()).rejects.toMatchObject({ fault: 'interrupted' });
  });

  it('fails when the transcript is cut short', async () => {
    await open([...answer('hi', 'hello'), ended], [userRecord('again')]);
    await turn();
    await truncate(terminal.home.transcriptFile, 5);
    await expect(turn('again')).rejects.toMatchObject({ fault: 'transcript_lost' });
  });

  it('fails when somebody else writes to the transcript', async () => {
    await open([userRecord('hi'), ...answer('from elsewhere', 'indeed'), ended]);
    await expect(turn()).rejects.toMatchObject({ fault: 'session_changed' });
  });

  it('takes what a person adds in the terminal for part of the turn', async () => {
    await open([userRecord('hi'), ...answer('and in French', 'bonjour'), ended]);
    terminal.watched.type('and in French\r');
    expect(await turn()).toMatchObject({ stopReason: 'end_turn' });
  });

  it('fails when the transcript is deleted', async () => {
    await open([...answer('hi', 'hello'), ended], [userRecord('again')]);
    await turn();
    const running = turn('again');
    await until('the prompt was read', () => events.length === 3);
    await rm(terminal.home.transcriptFile);
    await expect(running).rejects.toMatchObject({ fault: 'transcript_lost' });
  });

  it('counts what claude wrote on its way out, and fails when that was no end', async () => {
    await open([...answer('hi', 'hello'), ended], [userRecord('again')]);
    terminal.exit();
    expect(await turn()).toMatchObject({ stopReason: 'end_turn' });
    await expect(turn('again')).rejects.toMatchObject({
      fault: 'process_exit',
      message: expect.stringContaining('a scripted screen'),
    });
  });

  it('stops when it is aborted, with the reason it was given', async () => {
    await open([]);
    const stop = new AbortController();
    const running = turn('hi', stop.signal);
    stop.abort(new Error('the client left'));
    await expect(running).rejects.toThrow('the client left');
    expect(await session.isReusable()).toBe(false);
  });

  it('is no more the same once claude is in another session', async () => {
    await open([...answer('hi', 'hello'), ended]);
    await turn();
    terminal.state = { state: 'idle', sessionId: 'another', waitingFor: null };
    expect(await session.isReusable()).toBe(false);
  });
});
