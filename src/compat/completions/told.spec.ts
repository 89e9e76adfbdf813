import { NO_USAGE, type BackendEvent } from '../../core/claude/backend-event.js';
import type { ContentBlock } from '../../core/claude/chat-message.js';
import { ShownText, told, type Told } from './told.js';

const said = (...content: ContentBlock[]): BackendEvent => ({
  type: 'assistant',
  messageId: null,
  model: 'claude-test',
  content,
  stopReason: null,
  usage: NO_USAGE,
});
const text = (value: string): ContentBlock => ({ type: 'text', text: value });
const call: ContentBlock = { type: 'tool_use', id: 't1', name: 'Bash', input: { command: 'date' } };
const answer: ContentBlock = { type: 'tool_result', tool_use_id: 't1', content: 'today' };
const RESULT: BackendEvent = {
  type: 'result',
  subtype: 'success',
  stopReason: 'end_turn',
  durationMs: 5,
  numTurns: 2,
  sessionId: 'S',
  usage: NO_USAGE,
  costUsd: null,
};

async function* of(...events: BackendEvent[]): AsyncGenerator<BackendEvent> {
  for (const event of events) yield await Promise.resolve(event);
}

const all = async (...events: BackendEvent[]): Promise<Told[]> => {
  const steps: Told[] = [];
  for await (const step of told(of(...events))) steps.push(step);
  return steps;
};

describe('told', () => {
  it('tells a turn with tools as one text, the tools beside it, and an end', async () => {
    const thought: ContentBlock = { type: 'thinking', thinking: 'hm' };
    const steps = await all(
      { type: 'user', content: 'what day?' },
      said(thought, text('I look.'), call),
      { type: 'user', content: [answer] },
      said(text('Monday.')),
      RESULT,
    );
    expect(steps.map(({ kind }) => kind)).toEqual(['begin', 'text', 'tool', 'tool', 'text', 'end']);
    const shown = steps.flatMap((step) => (step.kind === 'text' ? [step.text] : [])).join('');
    expect(shown).toBe('I look.\n\nMonday.');
    const end = steps.at(-1);
    expect(end).toMatchObject({ kind: 'end', model: 'claude-test', numTurns: 2, wasCancelled: false });
    expect(end?.kind === 'end' && end.messages).toHaveLength(3);
  });

  const piece = (value: string, block: 'text' | 'thinking' = 'text'): BackendEvent => ({
    type: 'delta',
    messageId: null,
    block,
    text: value,
  });

  it('tells a text in its pieces, and the whole of it not again', async () => {
    const steps = await all(
      piece('hm', 'thinking'),
      piece('I '),
      piece('look.'),
      said(text('I look.')),
      said(text('So.')),
      RESULT,
    );
    expect(steps.flatMap((step) => (step.kind === 'text' ? [step.text] : []))).toEqual([
      'I ',
      'look.',
      '\n\nSo.',
    ]);
  });

  it('knows what it told when pieces of an answer that broke stand before the whole one', async () => {
    const shown = new ShownText();
    const events = of(piece('I br'), said(text('I look.')), RESULT);
    for await (const step of told(events, shown)) expect(step.kind).not.toBe('tool');
    expect(shown.text).toBe('I br\n\nI look.');
  });

  it('tells the end of a turn that said nothing', async () => {
    expect(await all(RESULT)).toMatchObject([{ kind: 'end', messages: [], model: null }]);
  });
});
