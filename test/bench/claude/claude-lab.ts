import { installRealAgents } from '../../real/install.js';
import { FakeModelApi } from '../../support/fake-model-api.js';
import { inLab, type Lab } from '../support/lab.js';
import { startGateway, type Gateway } from '../support/gateway.js';

const DUMMY_KEY = 'sk-ant-api03-dummy-key-of-the-benchmarks-0123456789';

/** A lab with the real claude and a model API of ours on loopback; nothing else can be reached with its environment. */
export interface ClaudeLab extends Lab {
  readonly api: FakeModelApi;
  readonly claudeBin: string;
}

export async function inClaudeLab<T>(work: (lab: ClaudeLab) => Promise<T>): Promise<T> {
  const { claudeBin } = await installRealAgents();
  const api = await new FakeModelApi().start();
  try {
    return await inLab((lab) => {
      const env = {
        ...lab.env,
        ANTHROPIC_API_KEY: DUMMY_KEY,
        ANTHROPIC_BASE_URL: api.baseUrl,
        CLAUDE_CODE_MAX_RETRIES: '0',
        // Without it claude refuses to run as root with everything allowed.
        ...(process.getuid?.() === 0 ? { IS_SANDBOX: '1' } : {}),
      };
      return work({ ...lab, env, api, claudeBin });
    });
  } finally {
    await api.stop();
  }
}

/** A gateway of the lab whose completions go by `engine`. */
export async function startClaudeGateway(
  lab: ClaudeLab,
  engine: string,
  env: Readonly<Record<string, string>> = {},
): Promise<Gateway> {
  return startGateway(lab, await lab.directory(`data-${engine}`), {
    CLAUDE_BIN: lab.claudeBin,
    CLAWDFORGE_CLAUDE_ENGINE: engine,
    ...env,
  });
}
