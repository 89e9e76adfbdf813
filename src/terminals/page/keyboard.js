/** As much as one request may carry. */
const MAX_CHARS = 1000;
/** Longer than any key's escape sequence. */
const SEQUENCE_CHARS = 16;

/**
 * What a terminal says by itself: answers to what the program in it asks (attributes, status, modes, colours), focus and
 * mouse. The one who watches has not typed it, and a second answer to the program's question would be a wrong key.
 */
const ANSWERS = [
  /^\x1b\[[?>=][\d;]*c$/,
  /^\x1b\[\??\d+(;\d+)+R$/,
  /^\x1b\[\??\d+n$/,
  /^\x1b\[\??[\d;]*\$y$/,
  /^\x1b\[\?\d+u$/,
  /^\x1b\[[\d;]+t$/,
  /^\x1b[P\]]/,
  /^\x1b\[[IO]$/,
  /^\x1b\[<[\d;]+[Mm]$/,
  /^\x1b\[M/,
];

/**
 * Whether a person typed it.
 * @param {string} input
 */
export function isTyped(input) {
  return !ANSWERS.some((answer) => answer.test(input));
}

/**
 * Cuts long input, such as a paste, into what one request can carry; never through a character or a key's sequence.
 * @param {string} input
 * @returns {string[]}
 */
export function piecesOf(input) {
  const pieces = [];
  let rest = input;
  while (rest.length > MAX_CHARS) {
    let end = MAX_CHARS;
    const escape = rest.lastIndexOf('\x1b', end - 1);
    if (escape > end - SEQUENCE_CHARS) end = escape;
    else if (/[\ud800-\udbff]/.test(rest.charAt(end - 1))) end -= 1;
    pieces.push(rest.slice(0, end));
    rest = rest.slice(end);
  }
  if (rest !== '') pieces.push(rest);
  return pieces;
}

/** Sends input in its order: one request at a time, with all that was typed meanwhile in the next. */
export class InputQueue {
  #waiting = '';
  #isSending = false;

  /**
   * @param {(text: string) => Promise<void>} send
   * @param {(error: unknown) => void} onFailure what was waiting is dropped then.
   */
  constructor(send, onFailure) {
    this.send = send;
    this.onFailure = onFailure;
  }

  /** @param {string} text */
  push(text) {
    this.#waiting += text;
    if (!this.#isSending) void this.#sendAll();
  }

  async #sendAll() {
    this.#isSending = true;
    try {
      while (this.#waiting !== '') {
        const text = this.#waiting;
        this.#waiting = '';
        for (const piece of piecesOf(text)) await this.send(piece);
      }
    } catch (error) {
      this.#waiting = '';
      this.onFailure(error);
    } finally {
      this.#isSending = false;
    }
  }
}
