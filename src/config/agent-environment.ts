/** Variables that agents may see: how to find programs, who and where they are, TLS, proxies, and the providers' own. */
const ALLOWED_NAMES = new Set([
  'PATH',
  'HOME',
  'USER',
  'LOGNAME',
  'SHELL',
  'TERM',
  'LANG',
  'LANGUAGE',
  'TZ',
  'TMPDIR',
  'TMP',
  'TEMP',
  'SSL_CERT_FILE',
  'SSL_CERT_DIR',
  'NODE_EXTRA_CA_CERTS',
  'IS_SANDBOX',
  // Windows cannot start programs without these.
  'SYSTEMROOT',
  'COMSPEC',
  'PATHEXT',
  'USERPROFILE',
  'APPDATA',
  'LOCALAPPDATA',
]);

const ALLOWED_PROXIES = new Set(['HTTP_PROXY', 'HTTPS_PROXY', 'NO_PROXY', 'ALL_PROXY']);

const ALLOWED_PREFIXES = [
  'LC_',
  'ANTHROPIC_',
  'CLAUDE_CODE_',
  'OPENAI_',
  'CODEX_',
  'GEMINI_',
  'GOOGLE_',
  'ACPX_',
  'XDG_',
];

/**
 * Names that are the gateway's, whatever prefix they share with the allowed ones or an operator adds. `HOST`, `PORT`,
 * `LOG_LEVEL` and `NODE_ENV` mean something to many programs, so an operator may add those.
 */
const GATEWAY_NAMES = new Set([
  'ACPX_BIN',
  'ACPX_SESSIONS_CWD',
  'ALLOW_CIDRS',
  'CLAUDE_BIN',
  'DB_PATH',
  'METRICS_TOKEN',
  'RUNS_DIR',
  'TRUST_PROXY',
]);
const GATEWAY_PREFIXES = ['CLAWDFORGE_', 'ADMIN_BOOTSTRAP_TOKEN'];

export function isGatewayName(name: string): boolean {
  return GATEWAY_NAMES.has(name) || GATEWAY_PREFIXES.some((prefix) => name.startsWith(prefix));
}

/**
 * The part of the environment that agent processes get, by an allow-list (README, Settings).
 * @param extraNames variables that the operator adds (`CLAWDFORGE_AGENT_ENV`); the gateway's own are never passed on.
 */
export function agentEnvironment(
  environment: Readonly<Record<string, string | undefined>>,
  extraNames: readonly string[],
): Record<string, string> {
  const extra = new Set(extraNames);
  const passed: Record<string, string> = {};
  for (const [name, value] of Object.entries(environment)) {
    if (value === undefined || isGatewayName(name)) continue;
    if (isAllowed(name) || extra.has(name)) passed[name] = value;
  }
  // Claude's ten retries take three minutes; two give up in seconds, within every deadline of ours.
  return { CLAUDE_CODE_MAX_RETRIES: '2', ...passed };
}

function isAllowed(name: string): boolean {
  return (
    ALLOWED_NAMES.has(name) ||
    ALLOWED_PROXIES.has(name.toUpperCase()) ||
    ALLOWED_PREFIXES.some((prefix) => name.startsWith(prefix))
  );
}
