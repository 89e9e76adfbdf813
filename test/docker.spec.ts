import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { parseEnv } from 'node:util';
import yaml from 'js-yaml';
import { loadConfig } from '../src/config/load-config.js';

const root = path.resolve(__dirname, '..');
const read = (name: string): string => readFileSync(path.join(root, name), 'utf8');
const dockerfile = read('docker/Dockerfile').replaceAll(/\\\n/g, ' ');
const compose = yaml.load(read('docker/compose.yml')) as {
  services: { gateway: { environment: Record<string, string>; ports: string[]; stop_grace_period: string } };
  networks: { gateway: { ipam: { config: { gateway: string }[] } } };
};
const gateway = compose.services.gateway;
const settings = Object.keys(parseEnv(read('.env.example')));
/** Variables that are no settings of ours. */
const FOREIGN = ['HOME', 'ANTHROPIC_API_KEY'];

/** `${NAME:-default}` without NAME. */
function defaultOf(value: string): string {
  return value.replace(/^\$\{\w+:?-(.*)\}$/, '$1');
}

describe('the container image', () => {
  it('copies only what is there and what .dockerignore lets through', () => {
    const sources = [...dockerfile.matchAll(/^COPY (?!--from)(.+)$/gm)].flatMap(([, names = '']) =>
      names.trim().split(/\s+/).slice(0, -1),
    );
    const letThrough = [...read('.dockerignore').matchAll(/^!(.+)$/gm)].map(([, name]) => name);
    expect(sources.length).toBeGreaterThan(3);
    expect(sources.filter((name) => !existsSync(path.join(root, name)))).toEqual([]);
    expect(sources.filter((name) => !letThrough.includes(name))).toEqual([]);
  });

  it('sets only settings that the server reads', () => {
    const assigned = /^ENV (.+)$/m.exec(dockerfile)?.[1]?.match(/\w+(?==)/g) ?? [];
    const names = [...assigned, ...Object.keys(gateway.environment)];
    expect(names.length).toBeGreaterThan(5);
    expect(names.filter((name) => !settings.includes(name) && !FOREIGN.includes(name))).toEqual([]);
  });

  it('runs as another user than root, after everything that needs root', () => {
    expect(dockerfile.lastIndexOf('\nUSER node')).toBeGreaterThan(dockerfile.lastIndexOf('\nRUN '));
  });
});

describe('the composition', () => {
  it('is reached on the loopback of its host only, whose address in the network may call', () => {
    expect(gateway.ports).toEqual(['127.0.0.1:8800:8800']);
    const allowed = defaultOf(gateway.environment.ALLOW_CIDRS ?? '');
    const host = compose.networks.gateway.ipam.config[0]?.gateway ?? '';
    expect(allowed.split(',')).toEqual(['127.0.0.0/8', '::1/128', `${host}/32`]);
    expect(loadConfig({ ALLOW_CIDRS: allowed }, root).allowCidrs).toHaveLength(3);
  });

  it('waits longer for the stop than the server takes for it', () => {
    const { drainSecs } = loadConfig({}, root);
    expect(Number.parseInt(gateway.stop_grace_period, 10)).toBeGreaterThan(drainSecs + 20);
  });
});
