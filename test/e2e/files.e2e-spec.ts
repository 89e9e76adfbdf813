import { createHash, randomBytes } from 'node:crypto';
import { mkdir, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { Ledger } from '../../src/database/ledger.js';
import { FileEntity } from '../../src/files/file.entity.js';
import { filePart, formOf, MULTIPART, openPart, openPost, type Part } from '../support/multipart.js';
import { startTestApp, type TestApp } from '../support/test-app.js';
import { until } from '../support/until.js';

const MAX_FILE_BYTES = 300_000;

let server: TestApp;
let app: string;
let other: string;
let filesDir: string;

beforeAll(async () => {
  server = await startTestApp({ env: { CLAWDFORGE_MAX_FILE_BYTES: String(MAX_FILE_BYTES) } });
  app = await server.mint('app');
  other = await server.mint('other');
  filesDir = path.join(server.dataDir, 'files');
});
afterAll(async () => {
  await server.close();
  // The server of the restart was given its directory and so leaves it.
  await rm(server.dataDir, { recursive: true, force: true });
});

function upload(name: string, bytes: Buffer | string = 'bytes', token = app) {
  return send(formOf(filePart(name, bytes)), token);
}

function send(body: Buffer, token = app, contentType = MULTIPART) {
  return server.http().post('/files').set('authorization', token).set('content-type', contentType).send(body);
}

const get = (url: string, token = app) => server.http().get(url).set('authorization', token);
const remove = (url: string, token = app) => server.http().delete(url).set('authorization', token);

const download = (id: string) => get(`/files/${id}`).buffer(true).parse(bufferBody);

function bufferBody(response: unknown, done: (error: Error | null, body: Buffer) => void): void {
  const chunks: Buffer[] = [];
  const stream = response as NodeJS.ReadableStream;
  stream.on('data', (chunk: Buffer) => chunks.push(chunk));
  stream.on('end', () => done(null, Buffer.concat(chunks)));
}

const rows = () => server.app.get(Ledger).read((manager) => manager.count(FileEntity));
const onDisk = async () => (await readdir(filesDir)).length;

/** Runs a refused upload and checks that it left nothing, on the disk or in the ledger. */
async function leavesNothing(attempt: () => Promise<void>): Promise<void> {
  const before = await rows();
  await attempt();
  expect(await rows()).toBe(before);
  await until('the temporary file is gone', async () => (await onDisk()) === before);
}

describe('uploads', () => {
  it('keeps the bytes under a name of ours, for nobody else to read, and gives them back', async () => {
    const bytes = randomBytes(200_000);
    const sha256 = createHash('sha256').update(bytes).digest('hex');
    const { body } = await upload('Report.TXT', bytes).expect(200);
    expect(body).toEqual({
      ok: true,
      file_id: expect.stringMatching(/^[0-9a-f]{32}$/),
      name: 'Report.TXT',
      size: 200_000,
      sha256,
      created_at: expect.any(Number),
    });
    const stored = path.join(filesDir, `${body.file_id}.txt`);
    expect((await stat(stored)).mode & 0o777).toBe(0o600);
    expect(bytes.equals(await readFile(stored))).toBe(true);

    const answer = await download(body.file_id).expect(200);
    expect(bytes.equals(answer.body)).toBe(true);
    expect(answer.headers).toMatchObject({
      'content-type': 'application/octet-stream',
      'content-length': '200000',
      'content-disposition': 'attachment; filename=Report.TXT',
      'x-content-type-options': 'nosniff',
      'content-security-policy': "default-src 'none'; sandbox",
      etag: `"${sha256}"`,
    });
    await get(`/files/${body.file_id}`).set('if-none-match', `"${sha256}"`).expect(304);
  });

  it('takes an empty file', async () => {
    const { body } = await upload('empty.txt', '').expect(200);
    expect(body).toMatchObject({ size: 0, sha256: createHash('sha256').digest('hex') });
    expect((await download(body.file_id).expect(200)).body).toHaveLength(0);
  });

  it('takes a file of exactly the limit', async () => {
    const { body } = await upload('full.bin', Buffer.alloc(MAX_FILE_BYTES)).expect(200);
    expect(body.size).toBe(MAX_FILE_BYTES);
  });

  it('takes five at once', async () => {
    const contents = Array.from({ length: 5 }, () => randomBytes(100_000));
    const answers = await Promise.all(
      contents.map((bytes, index) => upload(`${index}.bin`, bytes).expect(200)),
    );
    for (const [index, { body }] of answers.entries()) {
      expect(body.name).toBe(`${index}.bin`);
      expect(contents[index]!.equals((await download(body.file_id)).body)).toBe(true);
    }
  });

  it.each([
    ['../../etc/passwd', 'passwd', ''],
    ['..\\\\..\\\\x.exe', 'x.exe', '.exe'],
    ['/etc/cron.d/job', 'job', ''],
    ['..', 'file', ''],
    ['/', 'file', ''],
    ['a%0Ab.txt', 'ab.txt', '.txt'],
    ['say %22hi%22.txt', 'say "hi".txt', '.txt'],
    [`${'x'.repeat(300)}.pdf`, `${'x'.repeat(251)}.pdf`, '.pdf'],
    ['🦊 ünïcödé.md', '🦊 ünïcödé.md', '.md'],
    ['.htaccess', '.htaccess', ''],
    ['a.tar.gz', 'a.tar.gz', '.gz'],
    ['a.p%00hp', 'a.p%00hp', ''],
    [`a.${'e'.repeat(17)}`, `a.${'e'.repeat(17)}`, ''],
    ['invoice\u202etxt.exe', 'invoicetxt.exe', '.exe'],
    ['\u202e', 'file', ''],
    ['-rf', '-rf', ''],
    ['con.', 'con.', ''],
  ])('keeps the hostile name %j as %j and stores it with the extension %j', async (sent, name, extension) => {
    const { body } = await upload(sent).expect(200);
    expect(body.name).toBe(name);
    expect(await readdir(filesDir)).toContain(`${body.file_id}${extension}`);
    const { headers } = await download(body.file_id).expect(200);
    expect(headers['content-disposition']).toMatch(/^attachment; filename=/);
  });

  it('reads names in filename* too, and sends names beyond ASCII back as RFC 6266 says', async () => {
    const disposition = `name="file"; filename="plain.txt"; filename*=UTF-8''na%C3%AFve%20%E2%82%AC.txt`;
    const { body } = await send(formOf({ disposition, bytes: 'x' })).expect(200);
    expect(body.name).toBe('naïve €.txt');
    const { headers } = await download(body.file_id);
    expect(headers['content-disposition']).toContain(`filename*=UTF-8''na%C3%AFve%20%E2%82%AC.txt`);
  });

  it.each<[string, Part[]]>([
    ['another field', [{ disposition: 'name="upload"; filename="a.txt"', bytes: 'x' }]],
    ['two files', [filePart('a.txt', 'x'.repeat(100_000)), filePart('b.txt')]],
    ['a further field', [filePart('a.txt'), { disposition: 'name="note"', bytes: 'x' }]],
    ['no name of a field', [{ disposition: 'filename="a.txt"', bytes: 'x' }]],
    ['an empty file name', [filePart('')]],
    ['no part at all', []],
    ['a NUL in the name', [filePart('a\0b')]],
  ])('refuses %s with 422 naming file, and leaves nothing', (_, parts) =>
    leavesNothing(async () => {
      const { body } = await send(formOf(...parts)).expect(422);
      expect(body).toMatchObject({ code: 'validation_failed', errors: [{ field: 'file' }] });
    }),
  );

  it.each([
    ['a form that breaks off', openPart(filePart('a.txt', 'x'.repeat(100_000))), MULTIPART],
    ['no boundary', formOf(filePart('a.txt')), 'multipart/form-data'],
    ['bytes that are no form', Buffer.from('garbage'), MULTIPART],
  ])('refuses %s with 422 naming file, and leaves nothing', (_, bytes, contentType) =>
    leavesNothing(async () => {
      const { body } = await send(bytes, app, contentType).expect(422);
      expect(body).toMatchObject({ code: 'validation_failed', errors: [{ field: 'file' }] });
    }),
  );

  it('answers 422 to no body and 415 to a body that is no form', async () => {
    await server.http().post('/files').set('authorization', app).expect(422);
    for (const type of ['application/json', 'text/plain', 'multipart/mixed; boundary=x']) {
      const { body } = await send(Buffer.from('{}'), app, type).expect(415);
      expect(body.code).toBe('unsupported_media_type');
    }
  });

  it('answers 413 to a file over the limit, said in its length or not, and leaves nothing', () =>
    leavesNothing(async () => {
      const body = formOf(filePart('big.bin', Buffer.alloc(MAX_FILE_BYTES + 1)));
      const answer = await send(body).expect(413);
      expect(answer.body.code).toBe('payload_too_large');
      expect(answer.body.detail).toContain(String(MAX_FILE_BYTES));

      const headers = { authorization: app, 'content-type': MULTIPART };
      const chunked = openPost(`${server.baseUrl}/files`, headers);
      chunked.request.end(body);
      expect((await chunked.answer).status).toBe(413);

      const announced = openPost(`${server.baseUrl}/files`, { ...headers, 'content-length': '10000000000' });
      announced.request.flushHeaders();
      expect((await announced.answer).status).toBe(413);
      announced.request.destroy();
    }));

  it('leaves nothing of an upload whose client goes away in the middle', () =>
    leavesNothing(async () => {
      const before = await onDisk();
      const headers = { authorization: app, 'content-type': MULTIPART };
      const { request, answer } = openPost(`${server.baseUrl}/files`, headers);
      request.write(openPart(filePart('half.bin', Buffer.alloc(100_000))));
      await until('the first bytes are on the disk', async () => (await onDisk()) === before + 1);
      request.destroy();
      await expect(answer).rejects.toThrow();
    }));

  it('answers 503 when the disk takes nothing, and leaves nothing', () =>
    leavesNothing(async () => {
      const away = `${filesDir}-away`;
      await rename(filesDir, away);
      try {
        const { body } = await upload('a.txt', Buffer.alloc(200_000)).expect(503);
        expect(body).toMatchObject({ code: 'storage_unavailable', retryable: true });
      } finally {
        await rename(away, filesDir);
      }
    }));

  it('leaves no file behind when the ledger cannot take its row', () =>
    leavesNothing(async () => {
      const ledger = server.app.get(Ledger);
      await ledger.write((manager) =>
        manager.query(
          `CREATE TRIGGER refuse BEFORE INSERT ON files BEGIN SELECT RAISE(FAIL, 'SQLITE_FULL'); END`,
        ),
      );
      await upload('a.txt').expect(503);
      await ledger.write((manager) => manager.query('DROP TRIGGER refuse'));
    }));

  it('reads nothing of an upload without a token', async () => {
    const { request, answer } = openPost(`${server.baseUrl}/files`, { 'content-type': MULTIPART });
    request.write(openPart(filePart('a.txt', 'x')));
    expect((await answer).status).toBe(401);
    request.destroy();
    await until('no temporary file', async () =>
      (await readdir(filesDir)).every((name) => !name.startsWith('incoming-')),
    );
  });
});

describe('the list', () => {
  it('pages through the app’s own, newest first', async () => {
    const mine = await server.mint('lister');
    const ids: string[] = [];
    for (const name of ['a', 'b', 'c']) ids.unshift((await upload(name, name, mine)).body.file_id);
    const first = await get('/files?limit=2', mine).expect(200);
    expect(first.body).toMatchObject({
      count: 2,
      files: [{ file_id: ids[0], name: 'c', size: 1 }, { file_id: ids[1] }],
    });
    expect(Object.keys(first.body.files[0])).toEqual(['file_id', 'name', 'size', 'sha256', 'created_at']);
    const second = await get(`/files?limit=2&after=${first.body.next}`, mine).expect(200);
    expect(second.body).toMatchObject({ count: 1, files: [{ file_id: ids[2] }], next: null });
  });

  it.each(['limit=0', 'limit=1001', 'limit=x', 'limit=1.5', 'page=2'])('refuses ?%s', async (query) => {
    const { body } = await get(`/files?${query}`).expect(422);
    expect(body.errors[0].field).toBe(query.split('=')[0]);
  });

  it('refuses a made-up cursor', async () => {
    expect((await get('/files?after=zzz').expect(400)).body.code).toBe('invalid_cursor');
  });
});

describe('isolation', () => {
  it('answers about another app’s file exactly as about none', async () => {
    const { body: file } = await upload('secret.txt', 'secret', app).expect(200);
    const without = (body: Record<string, unknown>) => ({ ...body, request_id: undefined });
    for (const call of [get, remove]) {
      const unknown = await call(`/files/${'0'.repeat(32)}`, other).expect(404);
      expect(unknown.body.code).toBe('file_not_found');
      for (const id of [file.file_id, file.file_id.toUpperCase(), 'x', '..%2F..%2Fetc%2Fpasswd', '%00']) {
        const answer = await call(`/files/${id}`, other).expect(404);
        expect(without(answer.body)).toEqual(without(unknown.body));
      }
    }
    expect((await get('/files', other)).body.files).toEqual([]);
    await get(`/files/${file.file_id}`, app).expect(200);
  });
});

describe('deletion', () => {
  it('removes row and bytes; of several at once exactly one finds the file', async () => {
    const { body: file } = await upload('gone.txt').expect(200);
    const answers = await Promise.all([1, 2, 3].map(() => remove(`/files/${file.file_id}`)));
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 404, 404]);
    expect(answers.find(({ status }) => status === 200)!.body).toEqual({ ok: true, file_id: file.file_id });
    await get(`/files/${file.file_id}`).expect(404);
    expect(await readdir(filesDir)).not.toContain(`${file.file_id}.txt`);
  });

  it('answers 503, not half a file, when the bytes are not where they were', async () => {
    const { body: file } = await upload('lost.txt').expect(200);
    const stored = path.join(filesDir, `${file.file_id}.txt`);
    await rename(stored, `${stored}-away`);
    const answer = await get(`/files/${file.file_id}`).expect(503);
    expect(answer.headers['content-disposition']).toBeUndefined();
    expect(answer.headers.etag).toBeUndefined();
    expect(answer.body.code).toBe('storage_unavailable');
    await rename(`${stored}-away`, stored);
  });
});

describe('a restart', () => {
  it('removes what interrupted uploads left, keeps files and what is not ours', async () => {
    const { body: file } = await upload('kept.txt', 'kept').expect(200);
    const incoming = `incoming-${'a'.repeat(32)}`;
    const orphan = `${'b'.repeat(32)}.txt`;
    const foreign = ['README', `${'c'.repeat(32)}.TXT`, 'incoming-x'];
    for (const name of [incoming, orphan, ...foreign]) await writeFile(path.join(filesDir, name), 'x');
    await mkdir(path.join(filesDir, 'd'.repeat(32)));
    await server.app.close();
    server = await startTestApp({ dataDir: server.dataDir });
    const names = await readdir(filesDir);
    expect(names).not.toContain(incoming);
    expect(names).not.toContain(orphan);
    expect(names).toEqual(expect.arrayContaining([...foreign, 'd'.repeat(32), `${file.file_id}.txt`]));
    expect((await download(file.file_id)).body.toString()).toBe('kept');
  });
});
