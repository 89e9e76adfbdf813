import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { claudeVariables, modelVariables } from './environment.js';
import { claudeAgentAcpVersion, installQwenCode, qwenCodeVersion } from './install.js';

/** An agent of the matrix, and where it goes its own way (docs/agents.md). */
export interface MatrixAgent {
  /** As acpx's registry has it. */
  readonly name: string;
  readonly version: string;
  /** Another model than the agent's default: its value in `model`, and what the provider is asked for then. */
  readonly model: { readonly value: string; readonly asked: string };
  /** The mode in which it runs its tools without asking. */
  readonly freeMode: string;
  /** Whether a prompt that was cut off by the agent's end is in the context afterwards. */
  readonly keepsCutOffPrompts: boolean;
  /** Whether what we start is not the agent, but starts it. */
  readonly isWrapped: boolean;
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
    keepsCutOffPrompts: true,
    isWrapped: false,
    tellsUsage: true,
    prepare: claudeVariables,
    furnish: () => Promise.resolve(),
  },
  {
    name: 'qwen',
    version: qwenCodeVersion,
    model: { value: 'model-two(anthropic)', asked: 'model-two' },
    freeMode: 'yolo',
    keepsCutOffPrompts: false,
    isWrapped: true,
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
