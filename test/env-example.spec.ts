import { readFileSync } from 'node:fs';
import path from 'node:path';
import { parseEnv } from 'node:util';
import { loadConfig } from '../src/config/load-config.js';

const directory = path.resolve(__dirname, '..');
const example = parseEnv(readFileSync(path.join(directory, '.env.example'), 'utf8'));

/** The names that `loadConfig` asks for, one by one; it hands the whole environment on for the agents' part of it. */
function namesRead(): string[] {
  const names = new Set<string>();
  const environment = new Proxy<Record<string, string | undefined>>(
    {},
    {
      get: (_, name) => {
        if (typeof name === 'string') names.add(name);
        return undefined;
      },
    },
  );
  loadConfig(environment, directory);
  return [...names].sort();
}

describe('.env.example', () => {
  it('names every setting that the server reads, and no other', () => {
    expect(Object.keys(example).sort()).toEqual(namesRead());
  });

  it('holds the defaults: with it the server is set as without it', () => {
    expect(loadConfig(example, directory)).toEqual(loadConfig({}, directory));
  });

  it('explains each setting, in a comment above its group', () => {
    const groups = readFileSync(path.join(directory, '.env.example'), 'utf8').trim().split('\n\n').slice(1);
    for (const group of groups) expect(group).toMatch(/^# \S/);
  });
});
