import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { claudeVariables, modelVariables } from './environment.js';
import { claudeAgentAcpVersion, installQwenCode, qwenCodeVersion } from './install.js';

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
  readonly deaths: readonly AgentDeath[];
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
    prepare: claudeVariables,
    furnish: () => Promise.resolve(),
  },
  {
    name: 'qwen',
    version: qwenCodeVersion,
    model: { value: 'model-two(anthropic)', asked: 'model-two' },
    freeMode: 'yolo',
    deaths: [
      // The agent itself hears of it, and says that it was cancelled.
      {
        of: 'its launcher',
        generation: 0,
        end: { status: 'cancelled', error_code: null },
        recalled: /^recalled: BEFORE( CUT)?$/,
      },
      {
        of: 'the agent itself',
        generation: 2,
        end: { status: 'failed', error_code: 'agent_died' },
        recalled: /^recalled: BEFORE( CUT)?$/,
      },
    ],
    tellsUsage: false,
    prepare: async (modelBaseUrl) => modelVariables(modelBaseUrl, await installQwenCode()),
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
];
