/** Claude wraps one paste of more than 800 characters or 4 lines in a tag of its own; these stay safely below. */
const MAX_PASTE_CHARS = 700;
const MAX_PASTE_NEWLINES = 2;

/**
 * A terminal holds at most 4,095 bytes that were not read. What is more is cut anywhere, and of an escape sequence that was
 * cut claude, when it is slow, takes the second half for text. Three batches fit: claude draws for other reasons, too, than
 * having read the last one.
 */
const MAX_BATCH_BYTES = 1300;

const PASTE_START = '\u001b[200~';
const PASTE_END = '\u001b[201~';
const MAX_PASTE_BYTES = MAX_BATCH_BYTES - PASTE_START.length - PASTE_END.length;
/** What is left of them without the escape character. */
const HALF_KEYS = /\[20[01]~/g;
export const ENTER = '\r';

/** Control characters other than newline and tab; an escape among them could end the paste and press keys. */
const CONTROLS = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/g;
/** Prompts that, alone, end claude. */
const QUITS = new Set(['exit', 'quit', ':q', ':q!', ':wq', ':wq!']);
/** An at-mention at the very end opens a list of files that takes the Enter. */
const ENDS_IN_MENTION = /(^|\s)@\S*$/;

/** Whether half a key of a paste is in what arrived of a prompt, so that it is not the one that was typed. */
export function isBrokenPaste(prompt: string, arrived: string): boolean {
  const count = (text: string): number => text.match(HALF_KEYS)?.length ?? 0;
  return count(arrived) > count(prompt);
}

/** A leading slash is taken for a command by either engine; after a blank it is text. */
export function withoutCommand(text: string): string {
  return text.startsWith('/') ? ` ${text}` : text;
}

/**
 * The prompt as it is typed into a terminal, so that it arrives as text and runs nothing: line ends become LF, control
 * characters go, and the few forms that claude would act on get a blank or a full stop. Claude itself trims both ends.
 */
export function typedPrompt(prompt: string): string {
  const text = prompt.replace(/\r\n?/g, '\n').replace(CONTROLS, '').trim();
  if (QUITS.has(text.toLowerCase())) return `${text}.`;
  const first = /^[/!]/.test(text) ? ' ' : '';
  const last = text.endsWith('\\') || ENDS_IN_MENTION.test(text) ? ' ' : '';
  return `${first}${text}${last}`;
}

/**
 * What puts a prompt of `typedPrompt` into claude's input box: bracketed pastes, each small enough to arrive exactly. They
 * come in batches of at most 1,300 bytes, to be written one after the other once claude has drawn the one before.
 */
export function pasteBatches(typed: string): string[] {
  const batches: string[] = [];
  for (const chunk of chunksOf(typed)) {
    const paste = `${PASTE_START}${chunk}${PASTE_END}`;
    const batch = `${batches.at(-1) ?? ''}${paste}`;
    if (batches.length > 0 && Buffer.byteLength(batch) <= MAX_BATCH_BYTES)
      batches[batches.length - 1] = batch;
    else batches.push(paste);
  }
  return batches;
}

function chunksOf(text: string): string[] {
  const chunks: string[] = [];
  let chunk = '';
  let bytes = 0;
  let newlines = 0;
  // By code points, so that no pair of surrogates is cut.
  for (const char of text) {
    const isNewline = char === '\n';
    const charBytes = Buffer.byteLength(char);
    const isLong = chunk.length + char.length > MAX_PASTE_CHARS || bytes + charBytes > MAX_PASTE_BYTES;
    if (isLong || (isNewline && newlines === MAX_PASTE_NEWLINES)) {
      chunks.push(chunk);
      chunk = '';
      bytes = 0;
      newlines = 0;
    }
    chunk += char;
    bytes += charBytes;
    if (isNewline) newlines += 1;
  }
  return chunk === '' ? chunks : [...chunks, chunk];
}
