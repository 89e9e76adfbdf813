import { appendFileSync, mkdirSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { EchoClients } from '../../test/support/echo-clients.js';

const clients = new EchoClients();
const directory = (): string => join(clients.home, '.local', 'state', 'clawdforge-echo');
const opening = (sessionId: string) => ({ sessionId, cwd: '/tmp', mcpServers: [] });

describe('a conversation', () => {
  it('is private on disk, below XDG_STATE_HOME where that is set', async () => {
    const stateHome = join(clients.home, 'state');
    const sessionId = await clients.start({ XDG_STATE_HOME: stateHome }).newSession();
    expect(statSync(join(stateHome, 'clawdforge-echo')).mode & 0o777).toBe(0o700);
    expect(statSync(join(stateHome, 'clawdforge-echo', `${sessionId}.jsonl`)).mode & 0o777).toBe(0o600);
    await clients.start({ XDG_STATE_HOME: 'relative' }).newSession();
    expect(readdirSync(directory())).toHaveLength(1);
  });

  it('is resumed without a replay after kill -9, the interrupted turn included', async () => {
    const first = clients.start();
    const sessionId = await first.newSession();
    await first.prompt(sessionId, 'one');
    void first.prompt(sessionId, '/stream 1000 5').catch(() => undefined);
    await first.hears(sessionId, 'chunk 1 of');
    await first.kill('SIGKILL');

    const second = clients.start();
    expect((await second.prompt(sessionId, 'early')).error.code).toBe(-32002);
    const { result } = await second.request('session/resume', opening(sessionId));
    expect(result.modes.currentModeId).toBe('default');
    expect(second.updates(sessionId)).toEqual([]);
    await second.prompt(sessionId, '/remember');
    expect(second.said(sessionId)).toBe('1. one\n2. /stream 1000 5 (interrupted)');
    await second.prompt(sessionId, 'four');
    expect(second.said(sessionId)).toContain('echo: four\n(turn 4 of this conversation)');
  });

  it('is replayed by session/load, oldest first, before the answer', async () => {
    const first = clients.start();
    const sessionId = await first.newSession();
    await first.prompt(sessionId, 'one');
    await first.prompt(sessionId, '/fail');
    await first.prompt(sessionId, 'two');
    await first.kill('SIGKILL');

    const second = clients.start();
    const answer = await second.request('session/load', opening(sessionId));
    expect(second.received.at(-1)).toBe(answer);
    expect(
      second.updates(sessionId).map(({ sessionUpdate, content }) => [sessionUpdate, content.text]),
    ).toEqual([
      ['user_message_chunk', 'one'],
      ['agent_message_chunk', 'echo: one\n(turn 1 of this conversation)'],
      ['user_message_chunk', '/fail'],
      ['user_message_chunk', 'two'],
      ['agent_message_chunk', 'echo: two\n(turn 3 of this conversation)'],
    ]);
  });

  it('survives a torn last line and lines that are not its own', async () => {
    const first = clients.start();
    const sessionId = await first.newSession();
    await first.prompt(sessionId, 'one');
    await first.kill();
    appendFileSync(join(directory(), `${sessionId}.jsonl`), '[]\nnull\n{"type":"prompt","at":"2026-01-01T0');

    for (const turn of [2, 3]) {
      const next = clients.start();
      await next.request('session/resume', opening(sessionId));
      await next.prompt(sessionId, 'again');
      expect(next.said(sessionId)).toBe(`echo: again\n(turn ${turn} of this conversation)`);
      await next.kill();
    }
  });

  it('keeps mode and a changed directory over processes', async () => {
    const first = clients.start();
    const sessionId = await first.newSession('/one');
    await first.request('session/set_mode', { sessionId, modeId: 'quiet' });
    await first.kill();
    const second = clients.start();
    const { result } = await second.request('session/resume', { sessionId, cwd: '/two' });
    expect(result.modes.currentModeId).toBe('quiet');
    const { result: listed } = await second.request('session/list');
    expect(listed.sessions).toEqual([expect.objectContaining({ sessionId, cwd: '/two' })]);
  });

  it('goes on after session/close once it is resumed', async () => {
    const client = clients.start();
    const sessionId = await client.newSession();
    await client.prompt(sessionId, 'one');
    await client.request('session/close', { sessionId });
    expect((await client.prompt(sessionId, 'two')).error.code).toBe(-32002);
    expect((await client.request('session/close', { sessionId })).error.code).toBe(-32002);
    await client.request('session/resume', opening(sessionId));
    await client.prompt(sessionId, 'two');
    expect(client.said(sessionId)).toContain('(turn 2 of this conversation)');
  });

  it.each(['nobody', '../../etc/passwd', '00000000-0000-4000-8000-000000000000'])(
    'of the id %s is not found',
    async (sessionId) => {
      const client = clients.start();
      for (const method of ['session/load', 'session/resume'])
        expect((await client.request(method, opening(sessionId))).error.code).toBe(-32002);
    },
  );

  it('without a readable first line is not found, and not listed', async () => {
    const sessionId = '00000000-0000-4000-8000-000000000000';
    mkdirSync(directory(), { recursive: true });
    writeFileSync(join(directory(), `${sessionId}.jsonl`), '{"type":"ses');
    const client = clients.start();
    expect((await client.request('session/resume', opening(sessionId))).error.code).toBe(-32002);
    expect((await client.request('session/list')).result.sessions).toEqual([]);
  });

  it('that cannot be written is an error, and the agent goes on', async () => {
    const client = clients.start({ XDG_STATE_HOME: '/dev/null' });
    const { error } = await client.request('session/new', { cwd: '/tmp', mcpServers: [] });
    expect(error).toMatchObject({ code: -32603, data: { details: expect.stringContaining('ENOTDIR') } });
    expect((await client.request('initialize', { protocolVersion: 1 })).result.protocolVersion).toBe(1);
  });

  it('is listed by pages and by directory', async () => {
    const client = clients.start();
    const made = new Set<string>();
    for (let count = 0; count < 51; count += 1) made.add(await client.newSession('/many'));
    const mine = await client.newSession('/mine');
    await client.prompt(mine, 'a title\nand more');
    const { result: page } = await client.request('session/list', { cwd: '/many' });
    expect(page.sessions).toHaveLength(50);
    const { result: rest } = await client.request('session/list', { cwd: '/many', cursor: page.nextCursor });
    expect(rest.nextCursor).toBeUndefined();
    const listed = [...page.sessions, ...rest.sessions].map(({ sessionId }) => sessionId as string);
    expect(new Set(listed)).toEqual(made);
    const { result: own } = await client.request('session/list', { cwd: '/mine' });
    expect(own.sessions).toEqual([
      { sessionId: mine, cwd: '/mine', title: 'a title', updatedAt: expect.any(String) },
    ]);
  });
});
