import { promptWithHistory } from './history-preamble.js';

describe('promptWithHistory', () => {
  it('is the prompt itself without a history', () => {
    expect(promptWithHistory([], 'hi')).toBe('hi');
  });

  it('tells who said what, tools included, and then the prompt', () => {
    const told = promptWithHistory(
      [
        { role: 'user', content: 'remember beaver' },
        { role: 'assistant', content: [{ type: 'tool_use', id: 't', name: 'Note', input: { a: 1 } }] },
        { role: 'user', content: [{ type: 'tool_result', tool_use_id: 't', content: 'noted' }] },
        { role: 'assistant', content: 'ok' },
      ],
      'how are you?',
    );
    expect(told.split('\n')).toEqual([
      'Previous conversation context:',
      '',
      '[User]: remember beaver',
      '[Assistant]: (called Note with {"a":1})',
      '[User]: (the tool answered: noted)',
      '[Assistant]: ok',
      '',
      'Continue from here. New user message: how are you?',
    ]);
  });
});
