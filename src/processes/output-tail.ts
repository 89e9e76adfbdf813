import { StringDecoder } from 'node:string_decoder';
import { tailOf } from '../core/redaction.js';

/** The last bytes of a stream, whatever its length. */
export class OutputTail {
  private bytes: Buffer = Buffer.alloc(0);
  private isCut = false;

  constructor(private readonly maxBytes: number) {}

  push(chunk: Buffer): void {
    this.isCut ||= this.bytes.length + chunk.length > this.maxBytes;
    if (chunk.length >= this.maxBytes) {
      // Copied, for a slice would hold on to the whole chunk.
      this.bytes = Buffer.from(chunk.subarray(-this.maxBytes));
    } else {
      this.bytes = Buffer.concat([this.bytes.subarray(-(this.maxBytes - chunk.length)), chunk]);
    }
  }

  /** The tail as text of at most `maxChars` UTF-16 units; characters cut at either end are left out. */
  text(maxChars = this.maxBytes): string {
    let start = 0;
    while (this.isCut && start < 3 && isContinuationByte(this.bytes[start])) start += 1;
    const text = tailOf(new StringDecoder('utf8').write(this.bytes.subarray(start)), maxChars);
    return text.replace(/^[\uDC00-\uDFFF]/, '');
  }
}

function isContinuationByte(byte: number | undefined): boolean {
  return byte !== undefined && (byte & 0b1100_0000) === 0b1000_0000;
}
