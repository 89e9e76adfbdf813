import { EchoClients } from '../../test/support/echo-clients.js';
import type { EchoClient } from '../../test/support/echo-client.js';

const clients = new EchoClients();
let client: EchoClient;
let sessionId: string;

beforeEach(async () => {
  client = clients.start();
  sessionId = await client.newSession();
});

/** Shows that the agent has read all that was sent before. */
const roundTrip = () => client.request('session/set_mode', { sessionId, modeId: 'quiet' });

describe('session/cancel', () => {
  it('ends a turn that streams', async () => {
    const answer = client.prompt(sessionId, '/stream 1000000 1');
    await client.hears(sessionId, 'chunk 2 of');
    client.cancel(sessionId);
    const { result } = await answer;
    expect(result.stopReason).toBe('cancelled');
    expect(result.usage.totalTokens).toBeGreaterThan(0);
  });

  it('ends a turn that floods, and nothing is said after its result', async () => {
    const answer = client.prompt(sessionId, '/flood 9999999');
    await client.hears(sessionId, 'chunk 2 of');
    client.cancel(sessionId);
    expect((await answer).result.stopReason).toBe('cancelled');
    await roundTrip();
    const resultAt = client.received.findIndex(({ result }) => result?.stopReason === 'cancelled');
    expect(client.received.slice(resultAt + 1).some(({ method }) => method === 'session/update')).toBe(false);
  });

  it.each(['/sleep 3600000', '/hang', '/stream 2 3600000'])('ends %s', async (text) => {
    const answer = client.prompt(sessionId, text);
    await roundTrip();
    client.cancel(sessionId);
    expect((await answer).result.stopReason).toBe('cancelled');
  });

  it('ends a turn that waits for permission and withdraws the request', async () => {
    const answer = client.prompt(sessionId, '/permission');
    const { id } = await client.waitFor(({ method }) => method === 'session/request_permission');
    client.cancel(sessionId);
    expect((await answer).result.stopReason).toBe('cancelled');
    const withdrawal = await client.waitFor(({ method }) => method === '$/cancel_request');
    expect(withdrawal.params).toEqual({ requestId: id });
    // The protocol has the client answer all the same; that must harm nothing.
    client.send({ id, result: { outcome: { outcome: 'cancelled' } } });
    expect((await client.prompt(sessionId, 'on')).result.stopReason).toBe('end_turn');
  });

  it('leaves /hang-deaf unanswered', async () => {
    void client.prompt(sessionId, '/hang-deaf').catch(() => undefined);
    client.cancel(sessionId);
    await roundTrip();
    expect(client.received.some(({ result }) => result?.stopReason !== undefined)).toBe(false);
    const { error } = await client.prompt(sessionId, 'busy?');
    expect(error.code).toBe(-32600);
  });

  it('without a running turn, or for an unknown session, changes nothing', async () => {
    client.cancel(sessionId);
    client.cancel('nobody');
    expect((await client.prompt(sessionId, 'hello')).result.stopReason).toBe('end_turn');
  });

  it('touches no other session', async () => {
    const other = await client.newSession();
    const hanging = client.prompt(sessionId, '/hang');
    const streaming = client.prompt(other, '/stream 50 1');
    await client.hears(other, 'chunk 2 of');
    client.cancel(sessionId);
    expect((await hanging).result.stopReason).toBe('cancelled');
    expect((await streaming).result.stopReason).toBe('end_turn');
    expect(client.said(other)).toContain('chunk 50 of 50');
    expect(client.said(sessionId)).toBe('');
  });

  it('comes with session/close too', async () => {
    const hanging = client.prompt(sessionId, '/hang');
    expect((await client.request('session/close', { sessionId })).result).toEqual({});
    expect((await hanging).result.stopReason).toBe('cancelled');
  });
});
