import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { useTempDir } from '../../test/support/temp-dir.js';
import { loadConfig, readEnvironment } from './load-config.js';
import { SettingError } from './setting-readers.js';

const directory = useTempDir();

const load = (environment: Record<string, string> = {}) => loadConfig(environment, '/base');

it('has the defaults of the README', () => {
  const config = load();
  expect(config).toMatchObject({
    host: '127.0.0.1',
    port: 8800,
    isProduction: false,
    logLevel: 'info',
    dataDir: '/base/data',
    dbPath: '/base/data/clawdforge.db',
    runsDir: '/base/data/runs',
    sessionsDir: '/base/data/acpx-cwds',
    filesDir: '/base/data/files',
    adminToken: null,
    metricsToken: null,
    trustedProxies: [],
    claudeBin: 'claude',
    acpxBin: null,
    runner: 'acp',
    agents: null,
    claudeEngine: 'terminal',
    claudePool: 8,
    claudePoolTtlSecs: 600,
    sessionTtlSecs: 3600,
    sessionHardTtlSecs: 86_400,
    sweepIntervalSecs: 60,
    maxLiveSessions: 32,
    maxRuns: 8,
    fileRoots: [],
    workspaceRoots: [],
    maxFileBytes: 52_428_800,
    drainSecs: 8,
  });
  expect(config.allowCidrs.map(({ text }) => text)).toEqual(['127.0.0.0/8', '::1/128']);
  expect(Object.isFrozen(config) && Object.isFrozen(config.agentEnv)).toBe(true);
});

it('reads every setting, white space around it ignored', () => {
  const config = load({
    HOST: ' 0.0.0.0 ',
    PORT: '0',
    NODE_ENV: 'production',
    LOG_LEVEL: 'debug',
    CLAWDFORGE_DATA_DIR: 'd',
    DB_PATH: '/elsewhere/x.db',
    RUNS_DIR: 'r',
    ADMIN_BOOTSTRAP_TOKEN: 'long-enough',
    ALLOW_CIDRS: '10.0.0.0/8, ::1',
    TRUST_PROXY: '127.0.0.1',
    CLAUDE_BIN: '/opt/claude',
    ACPX_BIN: '/opt/acpx',
    CLAWDFORGE_AGENTS: 'claude, mine = /opt/mine --acp=1',
    CLAWDFORGE_CLAUDE_ENGINE: 'stream-json',
    CLAWDFORGE_CLAUDE_POOL: '2',
    CLAWDFORGE_CLAUDE_POOL_TTL_SECS: '60',
    CLAWDFORGE_CLAUDE_TIMEOUT_SECS: '30',
    CLAWDFORGE_FILE_ROOTS: '/a/../b, /c',
    CLAWDFORGE_DRAIN_SECS: '0',
  });
  expect(config).toMatchObject({
    host: '0.0.0.0',
    port: 0,
    isProduction: true,
    logLevel: 'debug',
    dataDir: '/base/d',
    dbPath: '/elsewhere/x.db',
    runsDir: '/base/r',
    filesDir: '/base/d/files',
    adminToken: 'long-enough',
    claudeBin: '/opt/claude',
    acpxBin: '/opt/acpx',
    claudeEngine: 'stream-json',
    claudePool: 2,
    claudePoolTtlSecs: 60,
    claudeTimeoutSecs: 30,
    agents: [
      { name: 'claude', command: null },
      { name: 'mine', command: '/opt/mine --acp=1' },
    ],
    fileRoots: ['/b', '/c'],
    drainSecs: 0,
  });
  expect(config.allowCidrs.map(({ prefix }) => prefix)).toEqual([8, 128]);
});

it('takes an empty value for one that is not set', () => {
  expect(load({ PORT: '', ALLOW_CIDRS: ' ', CLAWDFORGE_AGENTS: '', ADMIN_BOOTSTRAP_TOKEN: '' })).toEqual(
    load(),
  );
});

describe.each([
  ['PORT', ['-1', '65536', '8800x', '0x10', '1e3', '1.5', '٣']],
  ['LOG_LEVEL', ['loud', 'INFO']],
  ['ALLOW_CIDRS', ['10.0.0.0/33', '127.0.0.1 ::1', 'localhost']],
  ['TRUST_PROXY', ['proxy.example', '10.0.0.0/8,nonsense']],
  ['ADMIN_BOOTSTRAP_TOKEN', ['short77', 'with white space']],
  ['ADMIN_BOOTSTRAP_TOKEN_FILE', ['/nowhere/to/be/found']],
  ['CLAWDFORGE_RUNNER', ['telepathy']],
  ['CLAWDFORGE_AGENTS', ['UPPER', 'bad name', 'mine=', '=/opt/mine', 'twin,twin', '../up']],
  ['CLAWDFORGE_CLAUDE_TIMEOUT_SECS', ['0', '86401']],
  ['CLAWDFORGE_SESSION_TTL_SECS', ['0', 'never']],
  ['CLAWDFORGE_SESSION_HARD_TTL_SECS', ['0', 'never']],
  ['CLAWDFORGE_SWEEP_INTERVAL_SECS', ['0', '86401']],
  ['CLAWDFORGE_MAX_LIVE_SESSIONS', ['0', '100001']],
  ['CLAWDFORGE_MAX_RUNS', ['0', '1001']],
  ['CLAWDFORGE_FILE_ROOTS', ['relative/root', '/fine,./relative']],
  ['CLAWDFORGE_WORKSPACE_ROOTS', ['relative/root']],
  ['CLAWDFORGE_MAX_FILE_BYTES', ['0', '50MiB']],
  ['CLAWDFORGE_DRAIN_SECS', ['-5', '3601']],
  ['CLAWDFORGE_AGENT_ENV', ['1BAD', 'A B', 'CLAWDFORGE_DATA_DIR', 'ADMIN_BOOTSTRAP_TOKEN', 'DB_PATH']],
])('a bad %s', (name, values) => {
  it.each(values)('(%s) stops the start with its name and never its value', (value) => {
    let thrown: unknown;
    try {
      load({ [name]: value });
    } catch (error) {
      thrown = error;
    }
    expect(thrown).toBeInstanceOf(SettingError);
    const { message } = thrown as SettingError;
    expect(message).toMatch(new RegExp(`^${name} takes .{5,}`));
    // Values that are short numbers may stand in the text of what is taken.
    if (value.length > 6) expect(message).not.toContain(value);
  });
});

it('reads the admin token from a file; the variable itself goes first', () => {
  const file = path.join(directory.path, 'token');
  writeFileSync(file, 'from-the-file\n');
  expect(load({ ADMIN_BOOTSTRAP_TOKEN_FILE: file }).adminToken).toBe('from-the-file');
  const both = { ADMIN_BOOTSTRAP_TOKEN: 'from-the-variable', ADMIN_BOOTSTRAP_TOKEN_FILE: file };
  expect(load(both).adminToken).toBe('from-the-variable');
});

it('names the file setting when the file holds no usable token', () => {
  const file = path.join(directory.path, 'token');
  writeFileSync(file, 'short');
  expect(() => load({ ADMIN_BOOTSTRAP_TOKEN_FILE: file })).toThrow(/^ADMIN_BOOTSTRAP_TOKEN_FILE takes /);
  writeFileSync(file, '\n');
  expect(() => load({ ADMIN_BOOTSTRAP_TOKEN_FILE: file })).toThrow(/^ADMIN_BOOTSTRAP_TOKEN_FILE takes /);
});

describe('.env', () => {
  const names = ['LOG_LEVEL', 'CLAWDFORGE_MAX_RUNS'];
  const before = names.map((name) => [name, process.env[name]] as const);
  afterEach(() => {
    for (const [name, value] of before) {
      if (value === undefined) Reflect.deleteProperty(process.env, name);
      else process.env[name] = value;
    }
  });

  it('is read where there is one, under the environment of the process', () => {
    for (const name of names) Reflect.deleteProperty(process.env, name);
    expect(readEnvironment(directory.path).CLAWDFORGE_MAX_RUNS).toBeUndefined();
    writeFileSync(path.join(directory.path, '.env'), '# ours\nLOG_LEVEL="warn"\nCLAWDFORGE_MAX_RUNS=3\n');
    process.env.CLAWDFORGE_MAX_RUNS = '5';
    const config = loadConfig(readEnvironment(directory.path), directory.path);
    expect(config).toMatchObject({ logLevel: 'warn', maxRuns: 5 });
  });
});
