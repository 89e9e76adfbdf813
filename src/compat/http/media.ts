const IMAGE_STARTS: Readonly<Record<string, (bytes: Buffer) => boolean>> = {
  'image/png': (bytes) => bytes.subarray(0, 8).equals(Buffer.from('\x89PNG\r\n\x1a\n', 'latin1')),
  'image/jpeg': (bytes) => bytes.subarray(0, 3).equals(Buffer.from([0xff, 0xd8, 0xff])),
  'image/gif': (bytes) => /^GIF8[79]a$/.test(bytes.toString('latin1', 0, 6)),
  'image/webp': (bytes) => /^RIFF....WEBP$/s.test(bytes.toString('latin1', 0, 12)),
};
const BASE64 = /^[A-Za-z0-9+/]+={0,2}$/;

/** Why base64 text of a media type is no image that claude takes; undefined when it is one. */
export function imageFault(mediaType: unknown, base64: unknown): string | undefined {
  const isStart = typeof mediaType === 'string' ? IMAGE_STARTS[mediaType] : undefined;
  if (isStart === undefined) return `takes ${Object.keys(IMAGE_STARTS).join(', ')}`;
  const bytes = decoded(base64);
  if (bytes === undefined) return 'is not base64';
  return isStart(bytes) ? undefined : `is not an image of type ${String(mediaType)}`;
}

/** Why base64 text is no PDF; undefined when it is one. */
export function pdfFault(base64: unknown): string | undefined {
  const bytes = decoded(base64);
  if (bytes === undefined) return 'is not base64';
  return bytes.toString('latin1', 0, 5) === '%PDF-' ? undefined : 'is not a PDF';
}

/** The parts of a `data:` URL; undefined when it is none, or not base64. */
export function readDataUrl(url: string): { mediaType: string; base64: string } | undefined {
  const comma = url.indexOf(',');
  const match =
    comma < 0 ? null : /^data:([\w.+-]+\/[\w.+-]+)(?:;[\w=.+-]+)*;base64$/i.exec(url.slice(0, comma));
  if (match === null) return undefined;
  return { mediaType: match[1]?.toLowerCase() ?? '', base64: url.slice(comma + 1) };
}

/** The first bytes, when the whole is base64. */
function decoded(base64: unknown): Buffer | undefined {
  if (typeof base64 !== 'string' || base64.length % 4 !== 0 || !BASE64.test(base64)) return undefined;
  return Buffer.from(base64.slice(0, 64), 'base64');
}
