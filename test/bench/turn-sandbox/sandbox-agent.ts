import { spawn } from 'node:child_process';
import { chmod, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { quoteCommand } from '../../../src/acpx/launch-command.js';
import { installOnce } from '../../real/install.js';
import { PACKAGE_ROOT, type Lab } from '../support/lab.js';
import { ECHO_AGENT } from '../support/raw-agent.js';
import { startServer, type Server } from '../support/server.js';

export const SANDBOX_AGENT_VERSION = '0.4.2';
export const SANDBOX_AGENT_TOKEN = 'bench-token';
/** sandbox-agent takes only names that it knows; of this agent it needs nothing but an ACP adapter on its PATH. */
export const STAND_IN = 'amp';

const CACHE_DIR = path.join(PACKAGE_ROOT, '.cache', 'gateways');

/**
 * Installs sandbox-agent by npm on first use.
 * @returns its native program.
 * @throws when npm fails, or when it brought no program for this platform.
 */
export async function installSandboxAgent(): Promise<string> {
  const target = path.join(CACHE_DIR, `sandbox-agent-${SANDBOX_AGENT_VERSION}`);
  await installOnce(CACHE_DIR, target, [`@sandbox-agent/cli@${SANDBOX_AGENT_VERSION}`], (directory) =>
    // The package leaves that to its launcher.
    chmod(programIn(directory), 0o755),
  );
  return programIn(target);
}

function programIn(directory: string): string {
  const platform = `cli-${process.platform}-${process.arch}`;
  return path.join(directory, 'node_modules', '@sandbox-agent', platform, 'bin', 'sandbox-agent');
}

/** Starts sandbox-agent with the echo agent in the place of its agent STAND_IN. */
export async function startSandboxAgent(lab: Lab, program: string): Promise<Server> {
  const adapters = await lab.directory('adapters');
  const launch = quoteCommand([process.execPath, ECHO_AGENT]);
  await writeFile(path.join(adapters, `${STAND_IN}-acp`), `#!/bin/sh\nexec ${launch}\n`, { mode: 0o755 });
  const env = {
    ...lab.env,
    PATH: `${adapters}${path.delimiter}${lab.env.PATH ?? ''}`,
    // No agents from the network.
    SANDBOX_AGENT_REQUIRE_PREINSTALL: '1',
    // The log goes where the gateway's goes, not into files of its own.
    SANDBOX_AGENT_LOG_STDOUT: '1',
  };
  const args = ['--token', SANDBOX_AGENT_TOKEN, 'server', '--no-telemetry', '--host', '127.0.0.1', '--port'];
  return startServer(
    lab,
    'sandbox-agent',
    (port, log) =>
      spawn(program, [...args, String(port)], { cwd: lab.root, env, stdio: ['ignore', log, log] }),
    '/v1/health',
    // Health, too, wants the token.
    401,
  );
}
