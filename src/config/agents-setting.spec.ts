import { parsePrewarm } from './agents-setting.js';

describe('parsePrewarm', () => {
  it('reads counts by agent', () => {
    expect(parsePrewarm(['claude:1', 'my.agent-2:12'])).toEqual(
      new Map([
        ['claude', 1],
        ['my.agent-2', 12],
      ]),
    );
    expect(parsePrewarm([])).toEqual(new Map());
  });

  it.each(['claude', 'claude:', ':1', 'claude:x', 'claude:-1', 'claude:1.5', 'claude:1000', 'Cla ude:1'])(
    'says what it takes instead of %s',
    (entry) => expect(parsePrewarm([entry])).toContain('COUNT'),
  );

  it('wants each name once', () => {
    expect(parsePrewarm(['claude:1', 'claude:2'])).toBe('each name once');
  });
});
