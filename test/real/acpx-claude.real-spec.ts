import { writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { FakeModelApi } from '../support/fake-model-api.js';
import { userTexts } from '../support/model-request.js';
import { type ProgramResult, runProgram } from '../support/run-program.js';
import { until } from '../support/until.js';
import { type IsolatedHome, isolatedHome } from './environment.js';
import { claudeAgentAcpVersion, installRealAgents } from './install.js';

const acpxProgram = join(dirname(createRequire(__filename).resolve('acpx/package.json')), 'dist/cli.js');

interface JsonRpc {
  id?: number;
  method?: string;
  params?: { update?: { sessionUpdate: string; content?: { text: string } } };
  result?: { stopReason?: string; usage?: Record<string, number> };
  error?: { code: number; message: string };
}

interface Turn {
  reply: string;
  result: JsonRpc['result'];
  error: JsonRpc['error'];
}

describe(`acpx with claude-agent-acp ${claudeAgentAcpVersion}`, () => {
  const api = new FakeModelApi();
  let home: IsolatedHome;
  let fixedArgs: string[];

  beforeAll(async () => {
    await installRealAgents();
    await api.start();
  }, 600_000);

  afterAll(() => api.stop());

  beforeEach(async () => {
    api.reset();
    const { nodeModules } = await installRealAgents();
    home = await isolatedHome(api.baseUrl);
    const mcpConfig = join(home.home, 'mcp.json');
    await writeFile(mcpConfig, '{"mcpServers":[]}');
    const adapter = join(nodeModules, '@agentclientprotocol/claude-agent-acp/dist/index.js');
    const launch = `${process.execPath} ${adapter}`;
    fixedArgs = ['--format', 'json', '--cwd', home.work, '--mcp-config', mcpConfig, '--agent', launch];
  });

  afterEach(() => home.remove());

  const acpx = (args: string[], stdin?: string): Promise<ProgramResult> =>
    runProgram({
      command: process.execPath,
      args: [acpxProgram, ...fixedArgs, ...args],
      cwd: home.work,
      env: home.env,
      ...(stdin === undefined ? {} : { stdin }),
    });

  const prompt = (session: string, text: string): Promise<ProgramResult> =>
    acpx(
      ['--json-strict', '--approve-all', 'prompt', '-s', session, '-f', '-'],
      JSON.stringify([{ type: 'text', text }]),
    );

  const turn = async (session: string, text: string): Promise<Turn> => {
    const run = await prompt(session, text);
    expect(run).toMatchObject({ code: 0, stderr: '' });
    return readTurn(run.stdout);
  };

  const openSession = async (name: string): Promise<void> => {
    const created = await acpx(['sessions', 'new', '--name', name]);
    expect(created.code).toBe(0);
    expect(JSON.parse(created.stdout)).toMatchObject({ action: 'session_ensured', created: true, name });
  };

  const closeSession = async (name: string): Promise<void> => {
    expect(await acpx(['sessions', 'close', name])).toMatchObject({ code: 0 });
    await until('every process of the session is gone', async () => (await home.processes()).length === 0);
  };

  it('keeps the context from turn to turn and leaves no process after the session is closed', async () => {
    await openSession('two-turns');

    expect(await turn('two-turns', 'marker:FIRST remember this')).toMatchObject({
      reply: 'user texts: 1; first marker: FIRST',
      result: { stopReason: 'end_turn', usage: { inputTokens: 11 } },
    });
    expect(await turn('two-turns', 'recall')).toMatchObject({
      reply: 'recalled: FIRST',
      result: { stopReason: 'end_turn' },
    });
    expect(userTexts(api.conversationRequests.at(-1)!)).toEqual(['marker:FIRST remember this', 'recall']);
    expect(await turn('two-turns', 'tool:bash echo from a tool')).toMatchObject({
      reply: 'tool said: from a tool',
    });

    await closeSession('two-turns');
  });

  it('cancels a turn in which the model is silent, and keeps the context for the next', async () => {
    await openSession('cancelled');
    await turn('cancelled', 'marker:KEPT');
    const silent = prompt('cancelled', 'hang');
    await until('the model is asked', () => userTexts(api.conversationRequests.at(-1)!).at(-1) === 'hang');

    const cancel = await acpx(['cancel', '-s', 'cancelled']);
    expect(JSON.parse(cancel.stdout)).toMatchObject({ action: 'cancel_result', cancelled: true });
    const { code, stdout } = await silent;
    expect(code).toBe(0);
    expect(readTurn(stdout).result).toMatchObject({ stopReason: 'cancelled' });

    expect(await turn('cancelled', 'recall')).toMatchObject({ reply: 'recalled: KEPT' });
    await closeSession('cancelled');
  });

  it('fails a turn by an error reply and exit code 1, and takes the next', async () => {
    await openSession('failing');
    const refused = await prompt('failing', 'error:400');
    expect(refused).toMatchObject({ code: 1, stderr: '' });
    expect(readTurn(refused.stdout)).toMatchObject({
      result: undefined,
      error: { code: -32603, message: expect.stringContaining('400') },
    });
    expect(await turn('failing', 'say:still here')).toMatchObject({ reply: 'still here' });
    await closeSession('failing');
  });
});

function readTurn(stdout: string): Turn {
  const lines = stdout.trimEnd().split('\n');
  const messages = lines.map((line) => JSON.parse(line) as JsonRpc);
  const promptId = messages.find((message) => message.method === 'session/prompt')?.id;
  const answer = messages.findLast((message) => message.id === promptId && message.method === undefined);
  const chunks = messages
    .map((message) => message.params?.update)
    .filter((update) => update?.sessionUpdate === 'agent_message_chunk');
  return {
    reply: chunks.map((chunk) => chunk?.content?.text ?? '').join(''),
    result: answer?.result,
    error: answer?.error,
  };
}
