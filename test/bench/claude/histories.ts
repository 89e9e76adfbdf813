import { readFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { MARKER_VARIABLE } from '../../../src/processes/process-types.js';
import { findProcesses } from '../../support/find-processes.js';
import { type Benchmark, type Figure, quantile } from '../support/figures.js';
import { HttpClient } from '../support/http-client.js';
import { type ClaudeLab, inClaudeLab, startClaudeGateway } from './claude-lab.js';
import { Conversation } from './conversation.js';

const HISTORIES = 16;
const TURNS = 3;
const POOL = 8;
/** What one process takes at the most, as the README says. */
const PROCESS_MB = 330;
const SESSION_FLAG = /^--(session-id|resume)=/;
const SAMPLE_EVERY_MS = 250;
const BYTES_PER_MB = 1_000_000;

export const historiesBenchmark: Benchmark = {
  name: 'histories',
  about:
    `${HISTORIES} histories at once by \`POST /v1/messages\`, ${TURNS} turns each, with room for ${POOL} processes of claude ` +
    '(`CLAWDFORGE_CLAUDE_POOL`), so that histories whose process had to go are planted again. Each carries its own marker and is ' +
    'asked for it in every turn; an answer is right when it names that marker and no other. Processes and their resident memory ' +
    `are looked at every ${SAMPLE_EVERY_MS} ms.`,
  run: () =>
    inClaudeLab(async (lab) => [
      ...(await runHistories(lab, 'terminal')),
      ...(await runHistories(lab, 'stream-json')),
    ]),
};

async function runHistories(lab: ClaudeLab, engine: string): Promise<Figure[]> {
  const gateway = await startClaudeGateway(lab, engine, { CLAWDFORGE_CLAUDE_POOL: String(POOL) });
  const client = new HttpClient(gateway.baseUrl, await gateway.mint('bench'), HISTORIES);
  try {
    const idleMb = await gateway.ask('rssMb');
    const watch = new Watch(lab);
    const startedMs = performance.now();
    const told = await Promise.all(
      Array.from({ length: HISTORIES }, (_, index) => hold(client, `HISTORY-${index}`)),
    );
    const tookMs = performance.now() - startedMs;
    const { processes, memoryMb } = await watch.stop();
    const answers = told.flat();
    const right = answers.filter(({ isRight }) => isRight).length;
    return [
      {
        what: `${engine}: right answers`,
        value: right,
        unit: 'pieces',
        target: { kind: 'at least', limit: HISTORIES * TURNS },
      },
      {
        what: `${engine}: processes of claude at a time, most`,
        value: processes,
        unit: 'pieces',
        target: { kind: 'at most', limit: POOL },
      },
      {
        what: `${engine}: their memory together, most`,
        value: memoryMb,
        unit: 'MB',
        target: { kind: 'at most', limit: POOL * PROCESS_MB },
      },
      { what: `${engine}: memory of the server, idle before`, value: idleMb, unit: 'MB' },
      { what: `${engine}: memory of the server, peak`, value: await gateway.ask('peakRssMb'), unit: 'MB' },
      { what: `${engine}: the whole of it`, value: tookMs, unit: 'ms' },
      {
        what: `${engine}: a turn, median`,
        value: quantile(
          answers.map(({ tookMs: ms }) => ms),
          0.5,
        ),
        unit: 'ms',
      },
      {
        what: `${engine}: continued in a live session`,
        value: answers.filter(({ isLive }) => isLive).length,
        unit: 'pieces',
      },
    ];
  } finally {
    client.close();
    await gateway.stop();
  }
}

interface Told {
  readonly isRight: boolean;
  readonly isLive: boolean;
  readonly tookMs: number;
}

/** One history from its first turn to its last. */
async function hold(client: HttpClient, marker: string): Promise<Told[]> {
  const conversation = new Conversation(client);
  const told: Told[] = [];
  for (let turn = 1; turn <= TURNS; turn += 1) {
    const { text, sessionTurns, tookMs } = await conversation.say(turn === 1 ? `marker:${marker}` : 'recall');
    const wanted = turn === 1 ? `user texts: 1; first marker: ${marker}` : `recalled: ${marker}`;
    told.push({ isRight: text === wanted, isLive: sessionTurns > 1, tookMs });
  }
  return told;
}

interface Seen {
  readonly pid: number;
  readonly parent: number;
  readonly memoryMb: number;
  readonly isSession: boolean;
}

/** Looks at the processes of claude in a lab until it is stopped. */
class Watch {
  private most = { processes: 0, memoryMb: 0 };
  private isOver = false;
  private readonly watching: Promise<void>;

  constructor(private readonly lab: ClaudeLab) {
    this.watching = this.watch();
  }

  async stop(): Promise<{ processes: number; memoryMb: number }> {
    this.isOver = true;
    await this.watching;
    return this.most;
  }

  private async watch(): Promise<void> {
    while (!this.isOver) {
      const { HOME } = this.lab.env;
      const pids = await findProcesses((env) => env.get('HOME') === HOME && env.has(MARKER_VARIABLE));
      const found = (await Promise.all(pids.map((pid) => this.look(pid)))).filter(
        ({ isSession }) => isSession,
      );
      // A child that claude has forked for a tool looks like claude until it has become that tool.
      const claudes = found.filter(({ parent }) => !found.some(({ pid }) => pid === parent));
      this.most = {
        processes: Math.max(this.most.processes, claudes.length),
        memoryMb: Math.max(
          this.most.memoryMb,
          claudes.reduce((sum, { memoryMb }) => sum + memoryMb, 0),
        ),
      };
      await sleep(SAMPLE_EVERY_MS);
    }
  }

  /** A process that ended meanwhile is no session; nor is the probe of claude's version. */
  private async look(pid: number): Promise<Seen> {
    const about = (name: string): Promise<string> => readFile(`/proc/${pid}/${name}`, 'utf8').catch(() => '');
    const [[program, ...args], status] = [(await about('cmdline')).split('\0'), await about('status')];
    const numberOf = (field: string): number =>
      Number(new RegExp(`^${field}:\\s+(\\d+)`, 'm').exec(status)?.[1] ?? 0);
    return {
      pid,
      parent: numberOf('PPid'),
      memoryMb: (numberOf('VmRSS') * 1024) / BYTES_PER_MB,
      isSession: program === this.lab.claudeBin && args.some((arg) => SESSION_FLAG.test(arg)),
    };
  }
}
