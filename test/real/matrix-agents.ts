import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { claudeVariables, modelVariables } from './environment.js';
import { claudeAgentAcpVersion, geminiCliVersion, installAgent, qwenCodeVersion } from './install.js';

/** What becomes of a turn in whose middle a process of the agent is killed. */
export interface AgentDeath {
  readonly of: string;
  /** 0: the process that we started; 1: those that it started; and so on. */
  readonly generation: number;
  /** Of the turn, as its row has it. */
  readonly end: { readonly status: string; readonly error_code: string | null };
  /** What is recalled afterwards of BEFORE, which was said in a turn before, and CUT, in the prompt of this one. */
  readonly recalled: RegExp;
}

/** An agent of the matrix, and where it goes its own way (docs/agents.md). */
export interface MatrixAgent {
  /** As acpx's registry has it. */
  readonly name: string;
  readonly version: string;
  /** Another model than the agent's default: its value in `model`, and what the provider is asked for then. */
  readonly model: { readonly value: string; readonly asked: string };
  /** The mode in which it runs its tools without asking. */
  readonly freeMode: string;
  /** Which of the two it judges when it is set; a model may be judged by the provider only. */
  readonly refuses: readonly ('model' | 'mode')[];
  readonly deaths: readonly AgentDeath[];
  /** Whether it may have forgotten a session that it is to take up again; then the turn says so. */
  readonly mayLoseContext: boolean;
  /** Whether it tells the tokens of a turn in its answer. */
  readonly tellsUsage: boolean;
  /** Installs it. @returns the variables that it needs beside HOME and TMPDIR. */
  prepare(modelBaseUrl: string): Promise<Record<string, string>>;
  /** Writes what it has to find in its home. */
  furnish(home: string, modelBaseUrl: string): Promise<void>;
}

export const MATRIX_AGENTS: readonly MatrixAgent[] = [
  {
    name: 'claude',
    version: claudeAgentAcpVersion,
    model: { value: 'haiku', asked: 'claude-haiku-5-5' },
    freeMode: 'bypassPermissions',
    refuses: ['model', 'mode'],
    deaths: [
      {
        of: 'the adapter',
        generation: 0,
        end: { status: 'failed', error_code: 'agent_died' },
        recalled: /^recalled: BEFORE CUT$/,
      },
      {
        of: 'its claude',
        generation: 1,
        end: { status: 'failed', error_code: 'agent_error' },
        recalled: /^recalled: BEFORE CUT$/,
      },
    ],
    tellsUsage: true,
    mayLoseContext: false,
    prepare: claudeVariables,
    furnish: () => Promise.resolve(),
  },
  {
    name: 'qwen',
    version: qwenCodeVersion,
    model: { value: 'model-two(anthropic)', asked: 'model-two' },
    freeMode: 'yolo',
    refuses: ['model', 'mode'],
    deaths: [
      {
        of: 'the agent itself',
        generation: 2,
        end: { status: 'failed', error_code: 'agent_died' },
        recalled: /^recalled: BEFORE( CUT)?$/,
      },
    ],
    tellsUsage: false,
    mayLoseContext: false,
    prepare: async (modelBaseUrl) =>
      modelVariables(modelBaseUrl, await installAgent('@qwen-code/qwen-code', qwenCodeVersion, 'qwen')),
    furnish: async (home, baseUrl) => {
      const settings = {
        security: { auth: { selectedType: 'anthropic' } },
        model: { name: 'model-one' },
        modelProviders: {
          anthropic: ['model-one', 'model-two'].map((id) => ({ id, baseUrl, envKey: 'ANTHROPIC_API_KEY' })),
        },
        tools: { approvalMode: 'default' },
        // Calls of its own to the model, after each turn.
        memory: { enableManagedAutoMemory: false },
        privacy: { usageStatisticsEnabled: false },
        general: { enableAutoUpdate: false },
      };
      await mkdir(join(home, '.qwen'));
      await writeFile(join(home, '.qwen', 'settings.json'), JSON.stringify(settings));
    },
  },
  {
    name: 'gemini',
    version: geminiCliVersion,
    model: { value: 'gemini-3-flash-preview', asked: 'gemini-3-flash-preview' },
    freeMode: 'yolo',
    refuses: ['mode'],
    deaths: [
      {
        of: 'the agent itself',
        generation: 1,
        end: { status: 'failed', error_code: 'agent_died' },
        recalled: /^recalled: BEFORE( CUT)?$/,
      },
    ],
    tellsUsage: false,
    // One that was made in the same minute, as those of tests are.
    mayLoseContext: true,
    prepare: async (modelBaseUrl) => ({
      ...modelVariables(modelBaseUrl, await installAgent('@google/gemini-cli', geminiCliVersion, 'gemini')),
      GEMINI_API_KEY: 'dummy-key-of-the-tests',
      GOOGLE_GEMINI_BASE_URL: modelBaseUrl,
    }),
    furnish: async (home) => {
      const settings = {
        security: { auth: { selectedType: 'gemini-api-key' }, folderTrust: { enabled: false } },
        // Its default asks another model first which one is to answer.
        model: { name: 'gemini-2.5-pro' },
        privacy: { usageStatisticsEnabled: false },
        general: { enableAutoUpdate: false },
      };
      await mkdir(join(home, '.gemini'));
      await writeFile(join(home, '.gemini', 'settings.json'), JSON.stringify(settings));
    },
  },
];
