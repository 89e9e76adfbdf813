import { appendFile, mkdir, mkdtemp, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { TranscriptWatcher } from './transcript-watcher.js';

describe('TranscriptWatcher', () => {
  let directory: string;
  let file: string;

  beforeEach(async () => {
    directory = await mkdtemp(path.join(tmpdir(), 'transcript-'));
    file = path.join(directory, 'projects', 'slug', 'id.jsonl');
    await mkdir(path.dirname(file), { recursive: true });
  });

  afterEach(() => rm(directory, { recursive: true }));

  it('waits for a file that comes late', async () => {
    const watcher = new TranscriptWatcher(file);
    expect(await watcher.read()).toEqual([]);
    await writeFile(file, 'one\n');
    expect(await watcher.read()).toEqual(['one']);
    expect(watcher.wasLost).toBe(false);
  });

  it('reads only what is new, and lines when they are finished', async () => {
    await writeFile(file, 'one\ntw');
    const watcher = new TranscriptWatcher(file);
    expect(await watcher.read()).toEqual(['one']);
    expect(await watcher.read()).toEqual([]);
    await appendFile(file, 'o\nthree\n');
    expect(await watcher.read()).toEqual(['two', 'three']);
  });

  it('keeps characters whole that are cut between two reads', async () => {
    const bytes = Buffer.from('a 🦀\n');
    const watcher = new TranscriptWatcher(file);
    await writeFile(file, bytes.subarray(0, 4));
    expect(await watcher.read()).toEqual([]);
    await appendFile(file, bytes.subarray(4));
    expect(await watcher.read()).toEqual(['a 🦀']);
  });

  it('begins after what was planted', async () => {
    await writeFile(file, 'planted\n');
    const watcher = new TranscriptWatcher(file, 8);
    await appendFile(file, 'new\n');
    expect(await watcher.read()).toEqual(['new']);
  });

  it('reads a line of a megabyte', async () => {
    await writeFile(file, `${'x'.repeat(1_000_000)}\nend\n`);
    const lines = await new TranscriptWatcher(file).read();
    expect(lines.map(({ length }) => length)).toEqual([1_000_000, 3]);
  });

  it('says when the file was cut short, and starts again', async () => {
    await writeFile(file, 'one\ntwo\n');
    const watcher = new TranscriptWatcher(file);
    await watcher.read();
    await truncate(file, 0);
    await appendFile(file, 'new\n');
    expect(await watcher.read()).toEqual(['new']);
    expect(watcher.wasLost).toBe(true);
  });

  it('says when the file was deleted', async () => {
    await writeFile(file, 'one\n');
    const watcher = new TranscriptWatcher(file);
    await watcher.read();
    await rm(file);
    expect(await watcher.read()).toEqual([]);
    expect(watcher.wasLost).toBe(true);
  });

  it('finds the file in a sister of the directory where it should be', async () => {
    const other = path.join(directory, 'projects', 'another-slug', 'id.jsonl');
    await mkdir(path.dirname(other));
    await writeFile(other, 'found\n');
    const watcher = new TranscriptWatcher(file);
    const lines: string[] = [];
    for (let read = 0; read < 30; read += 1) lines.push(...(await watcher.read()));
    expect(lines).toEqual(['found']);
  });
});
