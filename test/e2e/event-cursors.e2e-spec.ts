import { Ledger } from '../../src/database/ledger.js';
import { LiveSessionClient } from '../support/live-client.js';
import { ServerClient } from '../support/server-client.js';
import { startTestApp, type TestApp } from '../support/test-app.js';
import { until } from '../support/until.js';

describe('a reader that is faster than the news of a commit', () => {
  let server: TestApp;
  let app: ServerClient;
  let session: LiveSessionClient;

  beforeEach(async () => {
    server = await startTestApp();
    app = new ServerClient(server.baseUrl, (await server.mint('app')).replace('Bearer ', ''));
    session = await LiveSessionClient.open(app);
  });
  afterEach(() => server.close());

  /** Has the next transaction committed, and the server not hear of that before the returned call. */
  const holdNewsOfCommit = (): (() => void) => {
    const ledger = server.app.get(Ledger);
    const commit = ledger.commit.bind(ledger);
    const { promise, resolve } = Promise.withResolvers<undefined>();
    const held = jest.spyOn(ledger, 'commit').mockImplementation(async (work) => {
      const result = await commit(work);
      await promise;
      return result;
    });
    return () => {
      held.mockRestore();
      resolve(undefined);
    };
  };

  it('may go on from the last event that it read', async () => {
    const before = (await session.log()).length;
    const release = holdNewsOfCommit();
    const submitted = session.submit('x');
    await until('it is committed', async () => (await session.log()).length > before);
    const { next } = (await app.get(`${session.path}/events`)).body;
    expect((await app.get(`${session.path}/events?after=${next}`)).body).toEqual({ events: [], next });
    const stream = await session.follow({ 'last-event-id': next });
    expect(stream.status).toBe(200);
    release();
    await session.ended(await submitted);
    const log = await session.log();
    await until('the rest came', () => stream.events.at(-1)?.id === log.at(-1)!.id);
    const read = log.findIndex(({ id }) => id === next) + 1;
    expect(stream.events.map(({ id }) => id)).toEqual(log.slice(read).map(({ id }) => id));
    stream.leave();
  });

  it('is given each event once by a stream', async () => {
    const release = holdNewsOfCommit();
    const submitted = session.submit('x');
    await until('it is committed', async () => (await session.log()).length > 1);
    const stream = await session.follow();
    await until('it is replayed', () => stream.events.length > 1);
    release();
    const turnId = await submitted;
    await session.ended(turnId);
    await until('the end came', () => stream.events.at(-1)?.event === 'turn.completed');
    expect(stream.events.map(({ id }) => id)).toEqual((await session.log()).map(({ id }) => id));
    stream.leave();
  });

  it('sees a stream of a turn end though its last event was replayed', async () => {
    const endTurn = server.runner.hold();
    const turnId = await session.submit('x');
    const release = holdNewsOfCommit();
    endTurn();
    await until('its end is committed', async () => (await session.log()).at(-1)!.type === 'turn.completed');
    const stream = await session.follow({}, `?turn_id=${turnId}`);
    release();
    await stream.ended;
    expect(stream.events.map(({ id }) => id)).toEqual((await session.eventsOf(turnId)).map(({ id }) => id));
  });
});
