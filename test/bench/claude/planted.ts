import { type Benchmark, type Figure, interleave, median } from '../support/figures.js';
import { HttpClient } from '../support/http-client.js';
import { resumeInTerminal } from './by-hand.js';
import { type ClaudeLab, inClaudeLab, startClaudeGateway } from './claude-lab.js';
import { Conversation, type Message } from './conversation.js';

const ROUNDS = 8;
const MESSAGES = 100;
const MESSAGE_CHARS = 10_000;
const PROMPT = 'recall';
const HISTORY = historyOf(MESSAGES);

export const plantedBenchmark: Benchmark = {
  name: 'planted',
  about:
    `A history of 1 MB in ${MESSAGES} messages that no session holds, sent to \`POST /v1/messages\` and answered by a claude that was ` +
    'started for it, against an interactive `claude --resume` of the same history in a terminal, its prompt given as an argument, ' +
    `until the record that ends its turn. Medians of ${ROUNDS} rounds in turn, by each engine, after one that does not count.`,
  run: () =>
    inClaudeLab(async (lab) => [
      ...(await comparePlanting(lab, 'terminal', 1.5)),
      ...(await comparePlanting(lab, 'stream-json')),
    ]),
};

async function comparePlanting(lab: ClaudeLab, engine: string, limit?: number): Promise<Figure[]> {
  const [ourMs, resumedMs]: [number[], number[]] = [[], []];
  const gateway = await startClaudeGateway(lab, engine, { CLAWDFORGE_CLAUDE_POOL: String(ROUNDS + 1) });
  const client = new HttpClient(gateway.baseUrl, await gateway.mint('bench'));
  try {
    await interleave(
      ROUNDS + 1,
      async () => void ourMs.push(await answered(client)),
      async () => void resumedMs.push(await resumeInTerminal(lab, HISTORY, PROMPT)),
    );
  } finally {
    client.close();
    await gateway.stop();
  }
  const [ours, resumed] = [median(ourMs.slice(1)), median(resumedMs.slice(1))];
  return [
    { what: `${engine}: planted and answered`, value: ours, unit: 'ms' },
    { what: `${engine}: claude --resume to the end of its turn`, value: resumed, unit: 'ms' },
    {
      what: `${engine}: planted / claude --resume`,
      value: ours / resumed,
      unit: 'x',
      ...(limit === undefined ? {} : { target: { kind: 'at most', limit } }),
    },
  ];
}

/** @throws unless claude had the whole history before it. */
async function answered(client: HttpClient): Promise<number> {
  const { text, tookMs } = await new Conversation(client, HISTORY).say(PROMPT);
  if (text !== 'recalled: FIRST LAST') throw new Error(`the history was not there: ${text.slice(0, 200)}`);
  return tookMs;
}

function historyOf(count: number): Message[] {
  const filler = 'what was said before, '.repeat(MESSAGE_CHARS / 22);
  return Array.from({ length: count }, (_, index) => {
    const marker = index === 0 ? 'marker:FIRST ' : index === count - 2 ? 'marker:LAST ' : '';
    return { role: index % 2 === 0 ? 'user' : 'assistant', content: `${marker}${index}: ${filler}` };
  });
}
