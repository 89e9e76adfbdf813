import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Benchmark, type Figure, median, quantile } from '../support/figures.js';
import { assertSameOrder, ReceivedStream } from '../support/event-stream.js';
import { startGateway, type Gateway } from '../support/gateway.js';
import { HttpClient, openSession } from '../support/http-client.js';
import { inLab, PACKAGE_ROOT } from '../support/lab.js';

const AGENT = path.join(PACKAGE_ROOT, 'test', 'fixtures', 'agents', 'stamping.mjs');
const CLIENTS = [1, 100];
const TURNS = 100;
const EVENTS_A_TURN = 10;
const NS_PER_MS = 1e6;
const SETTLES_WITHIN_MS = 10_000;

export const firstEventBenchmark: Benchmark = {
  name: 'first-event',
  about:
    'The time from when an agent writes the first message of a turn (the message tells it, by the clock that all processes of ' +
    'the machine share) to its arrival at a client that follows `GET /sessions/{id}/events` as an event stream. ' +
    `${TURNS} turns of ${EVENTS_A_TURN} messages, 2 ms apart. With ${CLIENTS[1]} clients on one session, which live in one process, each was checked to ` +
    'have got every event of the log once, in order.',
  run: () =>
    inLab(async (lab) => {
      const gateway = await startGateway(lab, await lab.directory('data'), {
        CLAWDFORGE_AGENTS: `stamping=${process.execPath} ${AGENT}`,
      });
      try {
        const figures: Figure[] = [];
        for (const count of CLIENTS) figures.push(...(await follow(gateway, count)));
        return figures;
      } finally {
        await gateway.stop();
      }
    }),
};

async function follow(gateway: Gateway, count: number): Promise<Figure[]> {
  const headers = await gateway.mint(`clients-${count}`);
  const client = new HttpClient(gateway.baseUrl, headers);
  const streams: ReceivedStream[] = [];
  try {
    const session = await openSession(client, 'stamping');
    for (let opened = 0; opened < count; opened += 1) {
      streams.push(await ReceivedStream.open(`${gateway.baseUrl}${session}/events`, headers));
    }
    for (let turn = 0; turn < TURNS; turn += 1) {
      await client.send('POST', `${session}/turn`, { prompt: `${EVENTS_A_TURN} 2` });
    }
    const logged = await idsInLog(client, session);
    await arrived(streams, logged.length);
    for (const stream of streams)
      assertSameOrder(
        stream.frames().map(({ id }) => id),
        logged,
      );
    const latenciesMs = streams.flatMap(firstLatenciesMs);
    await client.send('DELETE', session);
    const at = `${count} client${count === 1 ? '' : 's'}`;
    return [
      {
        what: `${at}: first event of a turn, median`,
        value: median(latenciesMs),
        unit: 'ms',
        ...(count === 1 ? { target: { kind: 'at most', limit: 3 } } : {}),
      },
      {
        what: `${at}: first event of a turn, 99th percentile`,
        value: quantile(latenciesMs, 0.99),
        unit: 'ms',
      },
      {
        what: `${at}: clients that got each event once, in order`,
        value: streams.length,
        unit: 'pieces',
        target: { kind: 'at least', limit: count },
      },
    ];
  } finally {
    for (const stream of streams) stream.leave();
    client.close();
  }
}

async function idsInLog(client: HttpClient, session: string): Promise<string[]> {
  const ids: string[] = [];
  for (let after = ''; ;) {
    const { events } = await client.json<{ events: { id: string }[] }>(
      'GET',
      `${session}/events?limit=1000${after}`,
    );
    if (events.length === 0) return ids;
    ids.push(...events.map(({ id }) => id));
    after = `&after=${ids.at(-1)}`;
  }
}

async function arrived(streams: readonly ReceivedStream[], events: number): Promise<void> {
  const deadline = Date.now() + SETTLES_WITHIN_MS;
  while (streams.some((stream) => stream.frames().length < events) && Date.now() < deadline) await sleep(50);
}

/** Of the first message of each turn, from its writing to its arrival. */
function firstLatenciesMs(stream: ReceivedStream): number[] {
  const seen = new Set<number>();
  return stream.frames().flatMap(({ event, data, atNs }) => {
    if (event !== 'message.delta') return [];
    const { turn_index, data: said } = JSON.parse(data) as { turn_index: number; data: { text: string } };
    if (seen.has(turn_index)) return [];
    seen.add(turn_index);
    return [Number(atNs - BigInt(said.text.trim())) / NS_PER_MS];
  });
}
