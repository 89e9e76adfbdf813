import { existsSync } from 'node:fs';
import path from 'node:path';
import { Injectable } from '@nestjs/common';
import { createAgentRegistry, type AcpAgentInspection } from 'acpx/agent-registry';
import { AppConfig } from '../config/app-config.js';
import { GatewayError, messageOf } from '../core/errors.js';
import type { AgentInfo } from './acpx-runner.js';
import { findExecutable, launchArgv } from '../processes/executables.js';
import { installedPackage, packageRootOf } from './installed-packages.js';
import { quoteCommand } from './launch-command.js';

const ECHO = 'echo';
const PACKAGE_ROOT = packageRootOf(import.meta.dirname);
const REGISTRY_NAMES: readonly string[] = createAgentRegistry().list();

function isRegistryName(agent: string): boolean {
  return REGISTRY_NAMES.includes(agent);
}

/** The agents that may be used here, and how each is started. Nothing is cached: an agent installed now can be used now. */
@Injectable()
export class AgentCatalogue {
  /** Allowed names; those with a command are the operator's own. */
  private readonly commands: ReadonlyMap<string, string | null>;

  constructor(private readonly config: AppConfig) {
    this.commands = new Map(allowedAgents(config));
  }

  isAllowed(agent: string): boolean {
    return this.commands.has(agent);
  }

  list(): AgentInfo[] {
    return [...this.commands.keys()].map((name) => {
      const missing = this.whyMissing(name);
      return { name, isInstalled: missing === null, missing, version: null, capabilities: null };
    });
  }

  /**
   * The command string that starts an agent, quoted for acpx's `--agent`. Only what is installed: never a download.
   * Null where an acpx of the operator's knows the agent by its name and starts it in its own way.
   * @throws GatewayError `agent_not_installed`, with what to install.
   */
  launchCommand(agent: string): string | null {
    const own = this.commands.get(agent);
    if (own === undefined) throw notInstalled(agent, 'it is not on the allow-list');
    if (own !== null) return this.checkedOwn(agent, own);
    // Our echo agent and the operator's own commands are unknown to any acpx: it would run the name as a program.
    if (this.config.acpxBin !== null && isRegistryName(agent)) return null;
    return quoteCommand(agent === ECHO ? echoArgv() : this.registryArgv(agent));
  }

  /**
   * The program that starts an agent, and its arguments.
   * @throws GatewayError `agent_not_installed`, with what to install.
   */
  launchArgv(agent: string): readonly [string, ...string[]] {
    const argv = this.argvOf(agent);
    const [program, ...args] = argv;
    if (program === undefined) throw notInstalled(agent, 'its command is empty');
    return [program, ...args];
  }

  private argvOf(agent: string): readonly string[] {
    const own = this.commands.get(agent);
    if (own === undefined) throw notInstalled(agent, 'it is not on the allow-list');
    if (own === null) return agent === ECHO ? echoArgv() : this.registryArgv(agent);
    this.checkedOwn(agent, own);
    const launch = this.inspect(agent, own)?.launch;
    if (launch?.kind !== 'installed') throw notInstalled(agent, 'its command cannot be read');
    return launch.argv;
  }

  private whyMissing(agent: string): string | null {
    try {
      this.launchCommand(agent);
      return null;
    } catch (error) {
      return messageOf(error);
    }
  }

  private checkedOwn(agent: string, command: string): string {
    const launch = this.inspect(agent, command)?.launch;
    if (launch?.kind !== 'missing') return command;
    const names = launch.requirements.map((requirement) => requirement.name).join(', ');
    throw notInstalled(agent, `its command ${names} is not there or may not be executed`);
  }

  private registryArgv(agent: string): string[] {
    if (!isRegistryName(agent)) {
      throw notInstalled(agent, `acpx does not know it; CLAWDFORGE_AGENTS takes ${agent}=COMMAND`);
    }
    const launch = this.inspect(agent)?.launch;
    if (launch === undefined) {
      throw notInstalled(
        agent,
        `acpx would download it at each start; install it and name it as ${agent}=COMMAND in CLAWDFORGE_AGENTS`,
      );
    }
    if (launch.kind === 'missing') {
      const names = launch.requirements.map(({ kind, name }) =>
        kind === 'package' ? `the npm package ${name}` : `the command ${name}`,
      );
      throw notInstalled(agent, `install ${names.join(' and ')}`);
    }
    const [program = '', ...args] = launch.argv;
    return program === process.execPath ? launch.argv : [...launchArgv(program), ...args];
  }

  private inspect(agent: string, command?: string): AcpAgentInspection | undefined {
    const registry = createAgentRegistry({
      ...(command === undefined ? {} : { overrides: { [agent]: command } }),
      resolveExecutable: (name) => findExecutable(name, this.config.agentEnv.PATH ?? ''),
      resolvePackageRoot: (name) => installedPackage(name, PACKAGE_ROOT),
    });
    try {
      return registry.inspect(agent);
    } catch (error) {
      throw notInstalled(agent, `its command cannot be read (${messageOf(error)})`);
    }
  }
}

function allowedAgents(config: AppConfig): [string, string | null][] {
  if (config.agents !== null) return config.agents.map(({ name, command }) => [name, command]);
  const names = config.isProduction ? REGISTRY_NAMES : [...REGISTRY_NAMES, ECHO];
  return names.map((name) => [name, null]);
}

function echoArgv(): string[] {
  const script = path.join(PACKAGE_ROOT, 'dist', 'echo-agent', 'main.js');
  if (!existsSync(script)) throw notInstalled(ECHO, 'it is part of the build; run npm run build');
  return [process.execPath, script];
}

function notInstalled(agent: string, reason: string): GatewayError {
  return new GatewayError('agent_not_installed', `agent ${agent} is not installed: ${reason}`);
}
