/**
 * Reads server-sent events whose data is JSON. By fetch and not EventSource, which can send no token.
 * @param {ReadableStream<Uint8Array<ArrayBuffer>>} body
 * @returns {AsyncGenerator<{event: string, data: any}, void, undefined>}
 */
export async function* readEvents(body) {
  const reader = body.pipeThrough(new TextDecoderStream()).getReader();
  let pending = '';
  for (;;) {
    const { value, done } = await reader.read();
    if (done) return;
    const frames = (pending + value).split('\n\n');
    pending = frames.pop() ?? '';
    for (const frame of frames) {
      const data = fieldOf(frame, 'data');
      if (data !== '') yield { event: fieldOf(frame, 'event'), data: JSON.parse(data) };
    }
  }
}

/**
 * @param {string} frame
 * @param {string} name
 */
function fieldOf(frame, name) {
  const line = frame.split('\n').find((text) => text.startsWith(`${name}: `));
  return line?.slice(name.length + 2) ?? '';
}
