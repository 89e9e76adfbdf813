import { chmod, mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { loadConfig } from '../config/load-config.js';
import { AgentCatalogue } from './agent-catalogue.js';
import { quoteCommand } from './launch-command.js';

describe('AgentCatalogue', () => {
  let directory: string;
  let bin: string;

  beforeEach(async () => {
    directory = await mkdtemp(path.join(tmpdir(), 'clawdforge-agents-'));
    bin = path.join(directory, 'my bin');
    await mkdir(bin);
  });

  afterEach(() => rm(directory, { recursive: true, force: true }));

  const catalogue = (environment: Record<string, string> = {}): AgentCatalogue =>
    new AgentCatalogue(loadConfig({ PATH: `${directory}:${bin}`, ...environment }, directory));

  const install = async (name: string, text = '#!/bin/sh\n', mode = 0o755): Promise<string> => {
    const file = path.join(bin, name);
    await writeFile(file, text);
    await chmod(file, mode);
    return file;
  };

  it("allows every agent of acpx's registry, and echo outside production", () => {
    expect(catalogue().isAllowed('claude')).toBe(true);
    expect(catalogue().isAllowed('echo')).toBe(true);
    expect(catalogue().isAllowed('/bin/sh')).toBe(false);
    expect(catalogue({ NODE_ENV: 'production' }).isAllowed('echo')).toBe(false);
  });

  it('allows what the settings name and nothing else', () => {
    const named = catalogue({
      NODE_ENV: 'production',
      CLAWDFORGE_AGENTS: 'gemini, echo, mine=/opt/mine --acp',
    });
    expect(named.list().map(({ name }) => name)).toEqual(['gemini', 'echo', 'mine']);
    expect(named.isAllowed('claude')).toBe(false);
  });

  it('finds an agent on the path of the agents as soon as it is installed', async () => {
    const agents = catalogue({ CLAWDFORGE_AGENTS: 'gemini' });
    expect(agents.list()).toMatchObject([
      { name: 'gemini', isInstalled: false, missing: expect.stringContaining('install the command gemini') },
    ]);
    const file = await install('gemini');
    expect(agents.list()).toMatchObject([{ name: 'gemini', isInstalled: true, missing: null }]);
    expect(agents.launchCommand('gemini')).toBe(quoteCommand([file, '--acp']));
  });

  it('starts what is really a node script by the node of this process', async () => {
    const script = path.join(directory, 'gemini.mjs');
    await writeFile(script, '');
    await chmod(script, 0o755);
    await symlink(script, path.join(bin, 'gemini'));
    const qwen = await install('qwen', '#!/usr/bin/env node\n');
    const agents = catalogue();
    expect(agents.launchCommand('gemini')).toBe(quoteCommand([process.execPath, script, '--acp']));
    expect(agents.launchCommand('qwen')).toBe(quoteCommand([process.execPath, qwen, '--acp']));
  });

  it('leaves out what may not be executed, and directories', async () => {
    await install('gemini', '', 0o644);
    await mkdir(path.join(bin, 'qwen'));
    expect(() => catalogue().launchCommand('gemini')).toThrow(/install the command gemini/);
    expect(() => catalogue().launchCommand('qwen')).toThrow(/install the command qwen/);
  });

  it.each([
    ['codex', /install the npm package @agentclientprotocol\/codex-acp/],
    ['fast-agent', /would download it/],
  ])('says what %s needs', (agent, message) => {
    expect(() => catalogue().launchCommand(agent)).toThrow(message);
    expect(() => catalogue().launchCommand(agent)).toThrow(
      expect.objectContaining({ code: 'agent_not_installed' }),
    );
  });

  it('refuses a name that acpx does not know and that has no command', () => {
    const agents = catalogue({ CLAWDFORGE_AGENTS: 'unheard-of' });
    expect(() => agents.launchCommand('unheard-of')).toThrow(/CLAWDFORGE_AGENTS takes unheard-of=COMMAND/);
  });

  it("takes the operator's own command as it is written, when its program is there", async () => {
    await install('my-agent');
    const agents = catalogue({
      CLAWDFORGE_AGENTS: "mine=my-agent --say 'hello there',lost=/nowhere/agent --acp",
    });
    expect(agents.launchCommand('mine')).toBe("my-agent --say 'hello there'");
    expect(() => agents.launchCommand('lost')).toThrow(/\/nowhere\/agent is not there/);
  });

  it("says so when the operator's own command cannot be read", () => {
    const agents = catalogue({ CLAWDFORGE_AGENTS: "mine=agent 'unfinished" });
    expect(() => agents.launchCommand('mine')).toThrow(/cannot be read/);
  });

  it("leaves agents of the registry to an operator's acpx, and passes it our own by command", () => {
    const agents = catalogue({ ACPX_BIN: '/opt/acpx', CLAWDFORGE_AGENTS: 'gemini,mine=/bin/cat -u' });
    expect(agents.launchCommand('gemini')).toBeNull();
    expect(agents.launchCommand('mine')).toBe('/bin/cat -u');
  });
});
