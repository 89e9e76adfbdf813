import { mkdir, rm, symlink, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import path from 'node:path';
import { useTempDir } from '../../test/support/temp-dir.js';
import { Clock } from '../common/clock.js';
import { loadConfig } from '../config/load-config.js';
import { GatewayError } from '../core/errors.js';
import type { Ledger } from '../database/ledger.js';
import { openLedger } from '../database/open-ledger.js';
import { FileEntity } from './file.entity.js';
import { FileReferences } from './file-references.js';
import { FilesService } from './files.service.js';

const directory = useTempDir();
let ledger: Ledger;
let references: FileReferences;
let mine: string;
let foreign: string;

const at = (...parts: string[]) => path.join(directory.path, ...parts);

beforeEach(async () => {
  for (const name of ['files', 'root/sub', 'outside', 'root-beside'])
    await mkdir(at(name), { recursive: true });
  await writeFile(at('root/a.txt'), 'a');
  await writeFile(at('outside/b.txt'), 'b');
  await writeFile(at('root-beside/c.txt'), 'c');
  await writeFile(at('root/line\nbreak.txt'), 'd');
  await symlink(at('outside/b.txt'), at('root/escape'));
  await symlink(at('root/sub'), at('root/inner-link'));
  await symlink(at('root/line\nbreak.txt'), at('root/innocent'));
  const config = loadConfig(
    {
      CLAWDFORGE_DATA_DIR: directory.path,
      // One root is not there; one holds the uploads of all apps.
      CLAWDFORGE_FILE_ROOTS: [at('missing'), at('root'), at('files')].join(','),
    },
    directory.path,
  );
  ledger = await openLedger(config.dbPath, [FileEntity]);
  const files = new FilesService(ledger, new Clock(), config);
  const keep = async (app: string) => {
    const received = { path: at('files', `incoming-${app}`), name: 'u.txt', size: 1, sha256: 'ab' };
    await writeFile(received.path, 'u');
    return (await files.keep(app, received)).id;
  };
  mine = await keep('mine');
  foreign = await keep('foreign');
  references = new FileReferences(config, files);
});
afterEach(() => ledger.close());

async function refusalOf(entries: string[]): Promise<GatewayError> {
  const error: unknown = await references.resolve('mine', entries).catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(GatewayError);
  return error as GatewayError;
}

it('resolves uploads and paths below a root in their order, symbolic links followed', async () => {
  const entries = [
    at('root/a.txt'),
    mine,
    at('root/sub'),
    at('root/inner-link'),
    at('root/sub/../a.txt'),
    mine,
  ];
  const upload = at('files', `${mine}.txt`);
  await expect(references.resolve('mine', entries)).resolves.toEqual([
    at('root/a.txt'),
    upload,
    at('root/sub'),
    at('root/sub'),
    at('root/a.txt'),
    upload,
  ]);
});

it('resolves nothing to nothing', () => expect(references.resolve('mine', [])).resolves.toEqual([]));

it('refuses everything else with one and the same text, all wrong entries at once', async () => {
  const socket = createServer();
  await new Promise<void>((resolve) => socket.listen(at('root/socket'), resolve));
  const wrong = [
    foreign,
    '0'.repeat(32),
    mine.toUpperCase(),
    at('outside/b.txt'),
    at('outside/nothing'),
    at('root/nothing'),
    at('root/escape'),
    at('root-beside/c.txt'),
    at('root/../outside/b.txt'),
    at('root/line\nbreak.txt'),
    at('root/innocent'),
    at('root/socket'),
    at('files', `${foreign}.txt`),
    at('root/a.txt\0'),
    at('root', 'x'.repeat(5000)),
    'root/a.txt',
    'a.txt',
    '',
    '/',
  ];
  const { code, errors } = await refusalOf([mine, ...wrong]);
  socket.close();
  expect(code).toBe('validation_failed');
  expect(errors!.map(({ field }) => field)).toEqual(wrong.map((_, index) => `files[${index + 1}]`));
  expect(new Set(errors!.map(({ message }) => message)).size).toBe(1);
});

it('refuses an upload whose bytes are gone', async () => {
  await rm(at('files', `${mine}.txt`));
  expect((await refusalOf([mine])).errors).toHaveLength(1);
});
