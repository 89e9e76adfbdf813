const NEWLINE = 10;

/** What a splitter found: a whole line without its newline, or that a line grew over the bound. */
export type SplitLine = { kind: 'line'; text: string } | { kind: 'overflow'; bytes: number };

/**
 * Splits a byte stream into lines at byte 10, joining partial chunks, so that UTF-8 sequences cut by a chunk stay whole.
 * A line of more than `maxLineBytes` bytes is reported once as `overflow` and skipped up to its newline; memory stays
 * bounded by that many bytes.
 */
export class LineSplitter {
  private parts: Buffer[] = [];
  private pendingBytes = 0;
  private isSkipping = false;

  constructor(private readonly maxLineBytes: number) {}

  /** Takes a chunk; returns the lines that it completes, in order. */
  push(chunk: Buffer): SplitLine[] {
    const lines: SplitLine[] = [];
    let start = 0;
    for (;;) {
      const end = chunk.indexOf(NEWLINE, start);
      if (end === -1) break;
      this.take(chunk.subarray(start, end), lines);
      if (!this.isSkipping) lines.push({ kind: 'line', text: this.join() });
      this.isSkipping = false;
      start = end + 1;
    }
    if (start < chunk.length) this.take(chunk.subarray(start), lines);
    return lines;
  }

  /** The unfinished last line at the end of the stream, if there is one. */
  flush(): SplitLine[] {
    if (this.isSkipping || this.pendingBytes === 0) return [];
    return [{ kind: 'line', text: this.join() }];
  }

  private take(part: Buffer, lines: SplitLine[]): void {
    if (this.isSkipping || part.length === 0) return;
    if (this.pendingBytes + part.length > this.maxLineBytes) {
      lines.push({ kind: 'overflow', bytes: this.pendingBytes + part.length });
      this.parts = [];
      this.pendingBytes = 0;
      this.isSkipping = true;
      return;
    }
    this.parts.push(part);
    this.pendingBytes += part.length;
  }

  private join(): string {
    const only = this.parts.length === 1 ? this.parts[0] : undefined;
    const text = (only ?? Buffer.concat(this.parts, this.pendingBytes)).toString('utf8');
    this.parts = [];
    this.pendingBytes = 0;
    return text;
  }
}
