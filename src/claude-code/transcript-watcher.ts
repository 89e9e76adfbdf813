import { open, readdir, stat, type FileHandle } from 'node:fs/promises';
import path from 'node:path';
import { LineSplitter } from '../core/line-splitter.js';

const MAX_LINE_BYTES = 64 * 1024 * 1024;
const CHUNK_BYTES = 256 * 1024;
/** A file that is not where it should be is looked for elsewhere at every so-manieth read. */
const READS_BETWEEN_SEARCHES = 20;

/**
 * Reads what is appended to a transcript, by byte offset. The file may come late; a line that is not finished waits for
 * its end. When the file shrinks or goes away, `wasLost` says so, and reading starts again at its beginning.
 */
export class TranscriptWatcher {
  wasLost = false;
  private splitter = new LineSplitter(MAX_LINE_BYTES);
  private hasSeenFile = false;
  private misses = 0;

  /** @param offset where to begin, in bytes: the size of what we planted ourselves. */
  constructor(
    private file: string,
    private offset = 0,
  ) {}

  /** The lines finished since the last call, in order; a line over 64 MiB is left out. */
  async read(): Promise<string[]> {
    const size = await this.sizeOfFile();
    if (size === undefined) return [];
    if (size < this.offset) this.startAgain();
    if (size === this.offset) return [];
    const handle = await open(this.file, 'r').catch(() => undefined);
    if (handle === undefined) return [];
    try {
      return await this.readFrom(handle);
    } finally {
      await handle.close();
    }
  }

  private async readFrom(handle: FileHandle): Promise<string[]> {
    const lines: string[] = [];
    for (;;) {
      // A buffer of its own for every chunk: unfinished lines keep what they point to.
      const buffer = Buffer.allocUnsafe(CHUNK_BYTES);
      const { bytesRead } = await handle.read(buffer, 0, CHUNK_BYTES, this.offset);
      if (bytesRead === 0) return lines;
      this.offset += bytesRead;
      for (const line of this.splitter.push(buffer.subarray(0, bytesRead))) {
        if (line.kind === 'line') lines.push(line.text);
      }
    }
  }

  private async sizeOfFile(): Promise<number | undefined> {
    try {
      const { size } = await stat(this.file);
      this.hasSeenFile = true;
      return size;
    } catch {
      if (this.hasSeenFile) this.startAgain();
      else await this.searchNowAndThen();
      return undefined;
    }
  }

  private startAgain(): void {
    this.wasLost = true;
    this.offset = 0;
    this.splitter = new LineSplitter(MAX_LINE_BYTES);
  }

  /** claude's rule for the directory's name is its own: the file may be in a sister of the directory we expect. */
  private async searchNowAndThen(): Promise<void> {
    this.misses += 1;
    if (this.misses % READS_BETWEEN_SEARCHES !== 0) return;
    const projects = path.dirname(path.dirname(this.file));
    const name = path.basename(this.file);
    for (const project of await readdir(projects).catch((): string[] => [])) {
      const candidate = path.join(projects, project, name);
      if ((await stat(candidate).catch(() => undefined))?.isFile() === true) this.file = candidate;
    }
  }
}
