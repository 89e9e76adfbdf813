/** One entry of `CLAWDFORGE_AGENTS`: a name of acpx's registry, or a name with a command of the operator's. */
export interface AgentSetting {
  readonly name: string;
  /** Null for a name of the registry. */
  readonly command: string | null;
}

const AGENT_NAME = /^[a-z0-9][a-z0-9._-]{0,63}$/;

/** Reads `claude,codex,mine=/opt/mine --acp`; a string that names the fault when an entry cannot be read. */
export function parseAgents(entries: readonly string[]): readonly AgentSetting[] | string {
  const agents: AgentSetting[] = [];
  for (const entry of entries) {
    const equals = entry.indexOf('=');
    const name = equals === -1 ? entry : entry.slice(0, equals).trim();
    const command = equals === -1 ? null : entry.slice(equals + 1).trim();
    if (!AGENT_NAME.test(name)) return 'names of 1-64 of a-z, 0-9, ., _ and -, each with or without =COMMAND';
    if (command === '') return 'a command after each =';
    if (agents.some((agent) => agent.name === name)) return 'each name once';
    agents.push({ name, command });
  }
  return agents;
}

/** Reads `claude:1,codex:2`; a string that names the fault when an entry cannot be read. */
export function parsePrewarm(entries: readonly string[]): ReadonlyMap<string, number> | string {
  const prewarm = new Map<string, number>();
  for (const entry of entries) {
    const [, name = '', count = ''] = /^([^:]+):(\d{1,3})$/.exec(entry) ?? [];
    if (!AGENT_NAME.test(name)) return 'names of agents, each with :COUNT';
    if (prewarm.has(name)) return 'each name once';
    prewarm.set(name, Number(count));
  }
  return prewarm;
}
