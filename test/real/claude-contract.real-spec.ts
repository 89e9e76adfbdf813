import { mkdir, mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { quoteCommand } from '../../src/acpx/launch-command.js';
import { type AcpHarness, makeAcpHarness } from '../contract/acp-harness.js';
import { type ContractPrompts, describeRunner } from '../contract/runner-contract.js';
import { FakeModelApi } from '../support/fake-model-api.js';
import { defaultReply, type Reply, textReply } from '../support/model-reply.js';
import { isSideCall, type ModelRequest, pendingToolResult, userTexts } from '../support/model-request.js';
import { claudeVariables } from './environment.js';
import { claudeAgentAcpVersion, installRealAgents } from './install.js';

const PROMPTS: ContractPrompts = {
  hello: 'hello there',
  recall: 'what was said?',
  hang: 'hang',
  deaf: null,
  fail: 'fail',
  // The parent of the shell is claude.
  die: 'tool:bash kill -9 $PPID',
  stream: 'slow:5:20',
};

/** Says again what was said, and leaves the rest to the default. */
function reply(request: ModelRequest): Reply {
  if (isSideCall(request) || pendingToolResult(request) !== undefined) return defaultReply(request);
  const texts = userTexts(request);
  const last = texts.at(-1) ?? '';
  if (last === PROMPTS.recall) return textReply(texts.slice(0, -1).join('\n'));
  if (last === PROMPTS.fail) return { kind: 'error', status: 400, message: 'on purpose' };
  return [PROMPTS.hang, PROMPTS.die, PROMPTS.stream].includes(last) ? defaultReply(request) : textReply(last);
}

const api = new FakeModelApi();

beforeAll(async () => {
  await installRealAgents();
  await api.start();
  api.respond = reply;
}, 600_000);

afterAll(() => api.stop());

/** Each test has an adapter of its own, in a home of its own. */
async function makeHarness(): Promise<AcpHarness> {
  const directory = await mkdtemp(join(tmpdir(), 'clawdforge-contract-'));
  const { nodeModules } = await installRealAgents();
  const adapter = join(nodeModules, '@agentclientprotocol/claude-agent-acp/dist/index.js');
  await mkdir(join(directory, 'tmp'));
  return makeAcpHarness({
    directory,
    environment: {
      ...(await claudeVariables(api.baseUrl)),
      TMPDIR: join(directory, 'tmp'),
      CLAWDFORGE_AGENTS: `echo=${quoteCommand([process.execPath, adapter])}`,
      CLAWDFORGE_AGENT_ENV: 'DISABLE_AUTOUPDATER,DISABLE_TELEMETRY',
    },
  });
}

describeRunner(`the warm runner with claude-agent-acp ${claudeAgentAcpVersion}`, makeHarness, PROMPTS);
