import type { ChatMessage } from './chat-message.js';
import { nativeTranscript } from './native-transcript.js';
import { readTranscriptLine } from './transcript-record.js';

/** A record as it was written; assertions are its types. */
// eslint-disable-next-line @typescript-eslint/no-explicit-any
type Written = Record<string, any>;

const write = (history: ChatMessage[]): Written[] => {
  let count = 0;
  const transcript = nativeTranscript(history, {
    sessionId: 'S',
    cwd: '/work',
    permissionMode: 'bypassPermissions',
    model: 'claude',
    claudeVersion: '1.2.3',
    nowMs: Date.UTC(2026, 0, 1),
    newId: () => `id-${(count += 1)}`,
  });
  expect(transcript.endsWith('\n')).toBe(true);
  return transcript
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));
};

describe('nativeTranscript', () => {
  it('writes mode, snapshot, user and assistant, in one unbroken chain', () => {
    const [mode, snapshot, user, assistant] = write([
      { role: 'user', content: 'remember beaver' },
      { role: 'assistant', content: 'ok' },
    ]);
    expect(mode).toEqual({ type: 'permission-mode', permissionMode: 'bypassPermissions', sessionId: 'S' });
    expect(snapshot).toMatchObject({ type: 'file-history-snapshot', isSnapshotUpdate: false });
    expect(user).toMatchObject({
      type: 'user',
      parentUuid: null,
      sessionId: 'S',
      cwd: '/work',
      message: { role: 'user', content: 'remember beaver' },
    });
    expect(assistant).toMatchObject({
      type: 'assistant',
      parentUuid: user?.uuid,
      message: { role: 'assistant', content: [{ type: 'text', text: 'ok' }], stop_reason: 'end_turn' },
    });
    expect(Date.parse(assistant?.timestamp)).toBeGreaterThan(Date.parse(user?.timestamp));
  });

  it('gives every message an id of its own, and says which calls tools', () => {
    const records = write([
      { role: 'user', content: 'x' },
      { role: 'assistant', content: [{ type: 'tool_use', id: 't', name: 'n', input: {} }] },
      { role: 'user', content: [{ type: 'tool_result', tool_use_id: 't', content: 'y' }] },
      { role: 'assistant', content: 'z' },
    ]);
    const assistants = records.filter(({ type }) => type === 'assistant');
    expect(new Set(assistants.map(({ message }) => message.id)).size).toBe(2);
    expect(assistants.map(({ message }) => message.stop_reason)).toEqual(['tool_use', 'end_turn']);
  });

  it('leaves out thinking, and messages in which nothing else was', () => {
    const records = write([
      { role: 'user', content: 'x' },
      { role: 'assistant', content: [{ type: 'thinking', thinking: 'hm', signature: 's' }] },
      {
        role: 'assistant',
        content: [
          { type: 'thinking', thinking: 'hm' },
          { type: 'text', text: 'y' },
        ],
      },
    ]);
    expect(JSON.stringify(records)).not.toContain('hm');
    expect(records).toHaveLength(4);
  });

  it('lets a user speak before an assistant that would come first', () => {
    const records = write([{ role: 'assistant', content: 'Welcome!' }]);
    expect(records.slice(2).map(({ message }) => message.role)).toEqual(['user', 'assistant']);
  });

  it('writes what the reader of transcripts reads', () => {
    const records = write([
      { role: 'user', content: 'x' },
      { role: 'assistant', content: 'y' },
    ]);
    const kinds = records.map((record) => readTranscriptLine(JSON.stringify(record))?.kind);
    expect(kinds).toEqual([undefined, undefined, 'prompt', 'assistant']);
  });
});
