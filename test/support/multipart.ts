import { request as httpRequest, type ClientRequest, type IncomingHttpHeaders } from 'node:http';

const BOUNDARY = 'x-boundary-of-the-tests';

export const MULTIPART = `multipart/form-data; boundary=${BOUNDARY}`;

/** One part of a form: its raw Content-Disposition behind `form-data; `, and its bytes. */
export interface Part {
  disposition: string;
  bytes: Buffer | string;
}

/** A form exactly as written here; clients that are libraries would mend hostile names. */
export function formOf(...parts: Part[]): Buffer {
  return Buffer.concat([...parts.map(openPart), Buffer.from(`\r\n--${BOUNDARY}--\r\n`)]);
}

/** A part without what ends it. */
export function openPart({ disposition, bytes }: Part): Buffer {
  const head = `\r\n--${BOUNDARY}\r\nContent-Disposition: form-data; ${disposition}\r\nContent-Type: application/octet-stream\r\n\r\n`;
  return Buffer.concat([Buffer.from(head), Buffer.from(bytes)]);
}

export function filePart(fileName: string, bytes: Buffer | string = 'bytes'): Part {
  return { disposition: `name="file"; filename="${fileName}"`, bytes };
}

export interface RawAnswer {
  status: number;
  headers: IncomingHttpHeaders;
  bytes: Buffer;
}

/** A request to write to by hand, chunked unless `headers` say otherwise, and the promise of its answer. */
export function openPost(
  url: string,
  headers: Record<string, string>,
): { request: ClientRequest; answer: Promise<RawAnswer> } {
  const request = httpRequest(url, { method: 'POST', headers, agent: false });
  const answer = new Promise<RawAnswer>((resolve, reject) => {
    request.on('error', reject);
    request.on('response', (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('error', reject);
      response.on('end', () =>
        resolve({
          status: response.statusCode ?? 0,
          headers: response.headers,
          bytes: Buffer.concat(chunks),
        }),
      );
    });
  });
  return { request, answer };
}
