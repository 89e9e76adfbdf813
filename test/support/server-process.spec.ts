import { existsSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startServer } from './server-process.js';

const answering = `
  import { createServer } from 'node:http';
  let calls = 0;
  createServer((request, response) => {
    calls += 1;
    response.writeHead(request.url === '/readyz' && calls > 2 ? 200 : 503).end();
  }).listen(process.env.PORT, () => console.log(JSON.stringify(process.env)));
  process.on('SIGTERM', () => process.exit(7));
`;
const failing = `console.error('no such setting'); process.exitCode = 3;`;

describe('startServer', () => {
  let programs: string;

  beforeAll(async () => {
    programs = await mkdtemp(join(tmpdir(), 'server-process-'));
    await writeFile(join(programs, 'answering.mjs'), answering);
    await writeFile(join(programs, 'failing.mjs'), failing);
  });

  afterAll(() => rm(programs, { recursive: true }));

  it('waits until the server is ready, hands it nothing of its own environment, and reaps it', async () => {
    process.env.SECRET_OF_THE_TESTS = 'not for the server';
    const server = await startServer({
      env: { LOG_LEVEL: 'debug' },
      entryPoint: join(programs, 'answering.mjs'),
    });
    delete process.env.SECRET_OF_THE_TESTS;

    expect((await fetch(`${server.baseUrl}/readyz`)).status).toBe(200);
    const environment = JSON.parse(server.stdout());
    expect(environment).toMatchObject({ LOG_LEVEL: 'debug', CLAWDFORGE_DATA_DIR: server.dataDir });
    expect(environment).not.toHaveProperty('SECRET_OF_THE_TESTS');

    expect(await server.stop()).toEqual({ code: 7, signal: null });
    expect(await server.stop()).toEqual({ code: 7, signal: null });
    expect(() => process.kill(server.pid, 0)).toThrow('ESRCH');
    expect(existsSync(join(server.dataDir, '..'))).toBe(false);
  });

  it('ends a server by SIGKILL as a crash would', async () => {
    const server = await startServer({ entryPoint: join(programs, 'answering.mjs') });
    expect(await server.kill()).toEqual({ code: null, signal: 'SIGKILL' });
  });

  it('fails at once, with what was printed, when the server exits first', async () => {
    await expect(startServer({ entryPoint: join(programs, 'failing.mjs') })).rejects.toThrow(
      /exit 3[\s\S]*no such setting/,
    );
  });
});
