import type { TranscriptRecord } from './transcript-record.js';
import { TurnProgress, UNKNOWN_STATUS, type ClaudeStatus } from './turn-progress.js';

const LIMITS = { secondEnterMs: 3000, acknowledgeMs: 9000, quietMs: 1500, idleMs: 5000 };
const prompt: TranscriptRecord = { kind: 'prompt', event: { type: 'user', content: 'hi' } };
const said = (stopReason: string): TranscriptRecord => ({
  kind: 'assistant',
  event: { type: 'assistant', messageId: 'm', model: null, content: [], stopReason, usage: null },
});
const status = (state: ClaudeStatus['state'], sessionId = 'S'): ClaudeStatus => ({
  state,
  sessionId,
  waitingFor: null,
});

describe('TurnProgress', () => {
  let turn: TurnProgress;

  beforeEach(() => {
    turn = new TurnProgress('S', LIMITS, 0);
  });

  it('goes from sent over acknowledged and running to ended', () => {
    const phases = [turn.phase];
    for (const record of [prompt, said('end_turn'), { kind: 'turn-ended' } as const]) {
      turn.take(record, 10);
      phases.push(turn.phase);
    }
    expect(phases).toEqual(['sent', 'acknowledged', 'running', 'ended']);
    expect(turn.stopReason).toBe('end_turn');
  });

  it('does not take the end of the turn before for its own', () => {
    turn.take({ kind: 'turn-ended' }, 1);
    expect(turn.phase).toBe('sent');
  });

  it('presses Enter once more when an idle claude does not take the prompt, and gives up later', () => {
    expect(turn.look(status('idle'), 2999)).toBe('wait');
    expect(turn.look(status('idle'), 3000)).toBe('press-enter');
    expect(turn.look(status('idle'), 3100)).toBe('wait');
    expect(() => turn.look(status('idle'), 9000)).toThrow('did not take the prompt within 9000 ms');
  });

  it('waits for a busy claude as long as it takes', () => {
    expect(turn.look(status('busy'), 60_000)).toBe('wait');
  });

  it.each(['unknown', 'idle'] as const)(
    'ends an answered turn after a silence when claude is %s',
    (state) => {
      turn.take(prompt, 10);
      turn.take(said('end_turn'), 100);
      turn.look(status(state), 1599);
      expect(turn.phase).toBe('running');
      turn.look(status(state), 1600);
      expect(turn.phase).toBe('ended');
    },
  );

  it('does not end a turn whose last word was a call, or that claude goes on with', () => {
    turn.take(prompt, 10);
    turn.take(said('tool_use'), 100);
    turn.look(UNKNOWN_STATUS, 60_000);
    expect(turn.phase).toBe('running');
    turn.take(said('max_tokens'), 60_000);
    turn.look(status('busy'), 90_000);
    expect(turn.phase).toBe('running');
  });

  it.each<[string, TranscriptRecord, string]>([
    ['an error of the model API', { kind: 'api-error', status: 500, message: 'x' }, 'api_error'],
    ['Esc in the terminal', { kind: 'interrupted' }, 'interrupted'],
  ])('fails by %s', (_name, record, fault) => {
    expect(() => turn.take(record, 1)).toThrow(expect.objectContaining({ fault }));
  });

  it('fails when claude asks somebody, or is another session', () => {
    expect(() => turn.look(status('waiting'), 1)).toThrow(expect.objectContaining({ fault: 'blocked' }));
    expect(() => turn.look(status('busy', 'T'), 1)).toThrow(
      expect.objectContaining({ fault: 'session_changed' }),
    );
  });

  it('fails when claude has worked and then been idle without a word in the transcript', () => {
    turn.look(status('busy'), 1000);
    expect(turn.look(status('idle'), 5999)).toBe('wait');
    expect(() => turn.look(status('idle'), 6000)).toThrow(
      expect.objectContaining({ fault: 'transcript_lost' }),
    );
  });

  it('fails when claude has been idle for long without an answer', () => {
    turn.take(prompt, 10);
    turn.look(status('busy'), 60_000);
    expect(turn.look(status('idle'), 64_999)).toBe('wait');
    expect(() => turn.look(status('idle'), 65_000)).toThrow(
      expect.objectContaining({ fault: 'interrupted' }),
    );
  });

  it('remembers a compaction', () => {
    turn.take({ kind: 'compacted' }, 1);
    expect(turn.isCompacted).toBe(true);
  });
});
