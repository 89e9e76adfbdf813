import { setTimeout as sleep } from 'node:timers/promises';
import { type Benchmark, median } from '../support/figures.js';
import { ReceivedStream } from '../support/event-stream.js';
import { startGateway } from '../support/gateway.js';
import { HttpClient, openSession } from '../support/http-client.js';
import { inLab } from '../support/lab.js';

const EVENTS = 100_000;
const REPLAYS = 5;
const ENDS_WITHIN_MS = 60_000;

export const longTurnBenchmark: Benchmark = {
  name: 'long-turn',
  about:
    `A turn of ${EVENTS} messages that the echo agent writes as fast as they are read, started by \`POST …/turns\`: the peak of the ` +
    `gateway's resident memory since its start, less what it had when it was idle. Then the replay of the turn as an event ` +
    `stream from the log, ${REPLAYS} times, each checked to have every event once, in order.`,
  run: () =>
    inLab(async (lab) => {
      const gateway = await startGateway(lab, await lab.directory('data'), { CLAWDFORGE_AGENTS: 'echo' });
      const headers = await gateway.mint('bench');
      const client = new HttpClient(gateway.baseUrl, headers);
      try {
        const session = await openSession(client);
        await client.send('POST', `${session}/turn`, { prompt: 'warm up' });
        const idleMb = await gateway.ask('rssMb');
        const startedMs = performance.now();
        const { turn_id: turnId } = await client.json<{ turn_id: string }>('POST', `${session}/turns`, {
          prompt: `/flood ${EVENTS}`,
        });
        await completed(client, `${session}/turns/${turnId}`);
        const turnMs = performance.now() - startedMs;
        const turnPeakMb = await gateway.ask('peakRssMb');
        const rates: number[] = [];
        for (let replay = 0; replay < REPLAYS; replay += 1) {
          rates.push(await replayRate(`${gateway.baseUrl}${session}/events?turn_id=${turnId}`, headers));
        }
        const replayPeakMb = await gateway.ask('peakRssMb');
        return [
          { what: 'the turn', value: EVENTS / (turnMs / 1000), unit: 'events/s' },
          { what: 'memory, idle', value: idleMb, unit: 'MB' },
          {
            what: 'memory over idle, peak in the turn',
            value: turnPeakMb - idleMb,
            unit: 'MB',
            target: { kind: 'at most', limit: 150 },
          },
          {
            what: 'memory over idle, peak after the replays',
            value: replayPeakMb - idleMb,
            unit: 'MB',
            target: { kind: 'at most', limit: 150 },
          },
          {
            what: 'replay, median',
            value: median(rates),
            unit: 'events/s',
            target: { kind: 'at least', limit: 20_000 },
          },
        ];
      } finally {
        client.close();
        await gateway.stop();
      }
    }),
};

async function completed(client: HttpClient, turn: string): Promise<void> {
  const deadline = Date.now() + ENDS_WITHIN_MS;
  while (Date.now() < deadline) {
    const { status } = await client.json<{ status: string }>('GET', turn);
    if (status === 'completed') return;
    if (status !== 'queued' && status !== 'running') throw new Error(`the turn ended as ${status}`);
    await sleep(100);
  }
  throw new Error(`the turn did not end within ${ENDS_WITHIN_MS} ms`);
}

/** Events per second from the request to the end of the stream. */
async function replayRate(url: string, headers: Readonly<Record<string, string>>): Promise<number> {
  const startedMs = performance.now();
  const stream = await ReceivedStream.open(url, headers);
  await stream.ended;
  const tookMs = performance.now() - startedMs;
  const frames = stream.frames();
  let expected = 1;
  for (const { event, data } of frames) {
    if (event !== 'message.delta') continue;
    if (!data.includes(`chunk ${expected} `))
      throw new Error(`chunk ${expected} did not come in its place: ${data}`);
    expected += 1;
  }
  if (expected !== EVENTS + 1) throw new Error(`${expected - 1} chunks came instead of ${EVENTS}`);
  return frames.length / (tookMs / 1000);
}
