import { Agent, get, type IncomingMessage } from 'node:http';
import { once } from 'node:events';

const FRAME_END = '\n\n';

export interface Frame {
  readonly event: string;
  readonly id: string;
  readonly data: string;
}

/** A chunk of a stream as it came, for what must not cost time while it comes. */
export interface ArrivedChunk {
  readonly bytes: Buffer;
  /** Of the monotonic clock that all processes of the machine share. */
  readonly atNs: bigint;
}

/** An event stream that is only received; it is read afterwards. */
export class ReceivedStream {
  readonly chunks: ArrivedChunk[] = [];
  /** Resolves when the server has ended the stream, or it was left. */
  readonly ended: Promise<void>;

  private constructor(private readonly response: IncomingMessage) {
    response.on('data', (bytes: Buffer) => this.chunks.push({ bytes, atNs: process.hrtime.bigint() }));
    response.on('error', () => undefined);
    this.ended = new Promise((resolve) => response.once('close', resolve));
  }

  static async open(url: string, headers: Readonly<Record<string, string>>): Promise<ReceivedStream> {
    const agent = new Agent({ keepAlive: false, noDelay: true });
    const sent = get(url, { agent, headers: { ...headers, accept: 'text/event-stream' } });
    const [response] = (await once(sent, 'response')) as [IncomingMessage];
    if (response.statusCode !== 200) throw new Error(`${url}: ${response.statusCode}`);
    return new ReceivedStream(response);
  }

  leave(): void {
    this.response.destroy();
  }

  /** The events so far, each with the arrival of the chunk that completed it. */
  frames(): (Frame & { readonly atNs: bigint })[] {
    const frames: (Frame & { readonly atNs: bigint })[] = [];
    let text = '';
    for (const { bytes, atNs } of this.chunks) {
      const parts = (text + bytes.toString('latin1')).split(FRAME_END);
      text = parts.pop() ?? '';
      for (const part of parts) if (!part.startsWith(':')) frames.push({ ...readFrame(part), atNs });
    }
    return frames;
  }
}

function readFrame(text: string): Frame {
  const fields = new Map(
    text.split('\n').map((line): [string, string] => {
      const colon = line.indexOf(': ');
      return [line.slice(0, colon), line.slice(colon + 2)];
    }),
  );
  return { event: fields.get('event') ?? '', id: fields.get('id') ?? '', data: fields.get('data') ?? '' };
}

/** @throws unless the ids are those of the log, each once and in order. */
export function assertSameOrder(got: readonly string[], logged: readonly string[]): void {
  const at = got.findIndex((id, index) => id !== logged[index]);
  if (at !== -1 || got.length !== logged.length) {
    throw new Error(`${got.length} events came instead of ${logged.length}; the first wrong one is at ${at}`);
  }
}
