import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { createInterface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { spawn as spawnTerminal } from 'node-pty';
import { claudeArguments, claudeEnvironment } from '../../../src/claude-code/launch-options.js';
import { makeSessionHome, type SessionHome } from '../../../src/claude-code/session-home.js';
import type { SessionSpec } from '../../../src/claude-code/session-spec.js';
import { STREAM_MODE } from '../../../src/claude-code/stream/stream-mode.js';
import { promptLine } from '../../../src/claude-code/stream/stream-messages.js';
import type { ChatMessage } from '../../../src/core/claude/chat-message.js';
import type { ClaudeLab } from './claude-lab.js';

const POLL_MS = 5;
const ENDS_WITHIN_MS = 60_000;

/** A session of claude without the gateway: the same home, flags and environment, with nothing around them. */
interface Place {
  readonly spec: SessionSpec;
  readonly home: SessionHome;
  readonly env: Record<string, string>;
}

async function makePlace(lab: ClaudeLab, plantedHistory: readonly ChatMessage[] = []): Promise<Place> {
  const spec: SessionSpec = {
    id: randomUUID(),
    app: 'bench',
    engine: 'terminal',
    cwd: await lab.directory('by-hand-work'),
    model: null,
    system: null,
    permissionMode: 'bypassPermissions',
    allowedTools: [],
    disallowedTools: [],
    mcpServers: {},
    plantedHistory,
  };
  const parent = await lab.directory('by-hand');
  const apiKey = lab.env.ANTHROPIC_API_KEY;
  const home = await makeSessionHome(spec, { parent, apiKey, nowMs: Date.now() });
  return { spec, home, env: { ...lab.env, ...claudeEnvironment(home) } };
}

/** A new `claude -p` for each prompt, which takes up what the last one left. */
export class PrintedTurns {
  private hasBegun = false;

  private constructor(
    private readonly lab: ClaudeLab,
    private readonly place: Place,
  ) {}

  static async in(lab: ClaudeLab): Promise<PrintedTurns> {
    return new PrintedTurns(lab, await makePlace(lab));
  }

  /** @returns milliseconds from the start of the process to its end. */
  async say(prompt: string): Promise<number> {
    const { spec, home, env } = this.place;
    const known = { ...home, plantedBytes: this.hasBegun ? 1 : 0 };
    const args = ['-p', '--output-format=json', ...claudeArguments(spec, known, null)];
    const startedMs = performance.now();
    const child = spawn(this.lab.claudeBin, args, { cwd: spec.cwd, env, stdio: ['pipe', 'pipe', 'inherit'] });
    child.stdin.end(prompt);
    let output = '';
    child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()));
    await once(child, 'close');
    const tookMs = performance.now() - startedMs;
    const { is_error: isError } = JSON.parse(output) as { is_error: boolean };
    if (isError) throw new Error(`claude -p: ${output}`);
    this.hasBegun = true;
    return tookMs;
  }
}

/** A bare `claude -p` kept alive, spoken to in stream-json. */
export class StreamByHand {
  private readonly lines: AsyncIterator<string>;

  private constructor(private readonly child: ChildProcessByStdio<Writable, Readable, null>) {
    this.lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  }

  static async start(lab: ClaudeLab): Promise<StreamByHand> {
    const { spec, home, env } = await makePlace(lab);
    const args = [...claudeArguments(spec, home, null), ...STREAM_MODE];
    const stdio = ['pipe', 'pipe', 'inherit'] as const;
    return new StreamByHand(spawn(lab.claudeBin, args, { cwd: spec.cwd, env, stdio: [...stdio] }));
  }

  /** @returns milliseconds from the prompt to its result. */
  async say(prompt: string): Promise<number> {
    const startedMs = performance.now();
    this.child.stdin.write(promptLine(prompt, randomUUID()));
    for (;;) {
      const next = await this.lines.next();
      if (next.done === true) throw new Error('claude ended in the middle of a turn');
      const { type, is_error: isError } = JSON.parse(next.value) as { type: string; is_error?: boolean };
      if (type !== 'result') continue;
      if (isError === true) throw new Error(`claude: ${next.value}`);
      return performance.now() - startedMs;
    }
  }

  async stop(): Promise<void> {
    const exited = once(this.child, 'exit');
    this.child.stdin.end();
    await exited;
  }
}

/**
 * An interactive `claude --resume` of a planted history in a terminal, with its prompt as an argument, so that nothing has to
 * be typed.
 * @returns milliseconds from the start of the process to the record that ends the turn.
 */
export async function resumeInTerminal(
  lab: ClaudeLab,
  history: readonly ChatMessage[],
  prompt: string,
): Promise<number> {
  const { spec, home, env } = await makePlace(lab, history);
  const args = [...claudeArguments(spec, home, null), '--', prompt];
  const startedMs = performance.now();
  const terminal = spawnTerminal(lab.claudeBin, args, { cwd: spec.cwd, env, cols: 160, rows: 48 });
  const ended = new Promise<void>((resolve) => terminal.onExit(() => resolve()));
  try {
    while (performance.now() - startedMs < ENDS_WITHIN_MS) {
      const written = (await readFile(home.transcriptFile)).subarray(home.plantedBytes);
      if (written.includes('"turn_duration"')) return performance.now() - startedMs;
      await sleep(POLL_MS);
    }
    throw new Error('the turn in the terminal never ended');
  } finally {
    terminal.kill('SIGTERM');
    await ended;
  }
}
