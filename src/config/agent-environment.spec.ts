import { agentEnvironment, isGatewayName } from './agent-environment.js';

const GATEWAY_NAMES = [
  'CLAWDFORGE_DATA_DIR',
  'CLAWDFORGE_AGENT_ENV',
  'CLAWDFORGE_PROCESS_MARKER',
  'ADMIN_BOOTSTRAP_TOKEN',
  'ADMIN_BOOTSTRAP_TOKEN_FILE',
  'METRICS_TOKEN',
  'ACPX_BIN',
  'ACPX_SESSIONS_CWD',
  'CLAUDE_BIN',
  'DB_PATH',
  'RUNS_DIR',
  'ALLOW_CIDRS',
  'TRUST_PROXY',
];

it.each(GATEWAY_NAMES)('never passes %s on, not even when an operator adds it', (name) => {
  expect(isGatewayName(name)).toBe(true);
  expect(agentEnvironment({ [name]: 'x' }, [name])).not.toHaveProperty(name);
});

it.each([
  'PATH',
  'HOME',
  'LANG',
  'LC_ALL',
  'TZ',
  'TMPDIR',
  'NODE_EXTRA_CA_CERTS',
  'https_proxy',
  'HTTPS_PROXY',
  'ANTHROPIC_API_KEY',
  'CLAUDE_CODE_OAUTH_TOKEN',
  'OPENAI_API_KEY',
  'CODEX_HOME',
  'GEMINI_API_KEY',
  'GOOGLE_CLOUD_PROJECT',
  'ACPX_ANYTHING',
  'XDG_CONFIG_HOME',
  'IS_SANDBOX',
])('passes %s on', (name) => {
  expect(agentEnvironment({ [name]: 'x' }, [])).toHaveProperty(name, 'x');
});

it.each([
  'AWS_SECRET_ACCESS_KEY',
  'DATABASE_URL',
  'NODE_OPTIONS',
  'LD_PRELOAD',
  'GITHUB_TOKEN',
  'MY_ANTHROPIC_KEY',
])('passes %s on only when an operator adds it', (name) => {
  expect(agentEnvironment({ [name]: 'x' }, [])).not.toHaveProperty(name);
  expect(agentEnvironment({ [name]: 'x' }, [name])).toHaveProperty(name, 'x');
});

it('lets claude give up after two retries unless told otherwise', () => {
  expect(agentEnvironment({}, [])).toEqual({ CLAUDE_CODE_MAX_RETRIES: '2' });
  expect(agentEnvironment({ CLAUDE_CODE_MAX_RETRIES: '7' }, [])).toEqual({ CLAUDE_CODE_MAX_RETRIES: '7' });
});
