import { readFileSync } from 'node:fs';
import path from 'node:path';
import { MESSAGES_PARAMETERS } from '../anthropic/messages-parameters.js';
import { CHAT_PARAMETERS } from '../openai/chat-parameters.js';
import { Faults } from './faults.js';
import { ignoredHeader, judge, type Rules } from './parameters.js';

describe('the table of docs/compat.md', () => {
  const text = readFileSync(path.resolve('docs/compat.md'), 'utf8');

  it.each<[string, Rules]>([
    ['POST /v1/messages', MESSAGES_PARAMETERS],
    ['POST /v1/chat/completions', CHAT_PARAMETERS],
  ])('names every parameter of %s, and what becomes of it', (route, rules) => {
    const section = text.split(`### \`${route}\``)[1]?.split(/^##/m)[0] ?? '';
    const rows = new Map(
      [...section.matchAll(/^\| `(\w+)` +\| (.*?) +\|$/gm)].map((row) => [row[1], row[2]]),
    );
    expect([...rows.keys()].sort()).toEqual(Object.keys(rules).sort());
    for (const [name, rule] of Object.entries(rules)) {
      if (typeof rule === 'string' && name !== 'stream_options' && name !== 'output_config') {
        expect(rows.get(name)).toContain(rule);
      } else if (typeof rule === 'object') expect(rows.get(name)).toContain('refused');
    }
  });
});

describe('judge', () => {
  it('takes null, and what asks for nothing, as absent', () => {
    const faults = new Faults();
    const body = { tools: [], stop: null, logit_bias: {}, logprobs: false, temperature: null, seed: 3 };
    expect(judge(body, CHAT_PARAMETERS, faults)).toEqual(['seed']);
    expect(() => faults.throwIfAny()).not.toThrow();
  });
});

describe('ignoredHeader', () => {
  it('names each once, and lets nothing through that a header could not hold', () => {
    expect(ignoredHeader(['a', 'text.b', 'a', 'x\r\ny: z'])).toBe('a, text.b, x??y??z');
  });
});
