import type { Conversation } from './conversation.js';
import type { Turn } from './turn.js';

/** Longer texts are echoed in several chunks, so that no line comes near the bound of a client. */
const MAX_CHUNK_LENGTH = 65_536;

/**
 * The reply to a prompt without a directive. In mode `default` a turn is seven messages with the result: a thought,
 * `echo: `, the prompt, the turn's number, session_info_update, usage_update (from the session), the result. A prompt
 * of more than 65,536 characters takes more chunks. In mode `quiet` it is the echo and the result alone.
 */
export async function sayEcho(turn: Turn, prompt: string, conversation: Conversation): Promise<void> {
  const isQuiet = conversation.modeId === 'quiet';
  if (!isQuiet) turn.think(`${prompt.length} characters to echo`);
  turn.say('echo: ');
  for (const chunk of splitText(prompt, MAX_CHUNK_LENGTH)) {
    turn.say(chunk);
    await turn.paced();
  }
  if (isQuiet) return;
  turn.say(`\n(turn ${turn.number} of this conversation)`);
  turn.update({
    sessionUpdate: 'session_info_update',
    title: conversation.title ?? null,
    updatedAt: new Date().toISOString(),
  });
}

/** Cuts a text into pieces of at most `maxLength`, never between the two halves of a surrogate pair. */
export function splitText(text: string, maxLength: number): string[] {
  const pieces: string[] = [];
  for (let start = 0; start < text.length;) {
    let end = Math.min(start + maxLength, text.length);
    if (end < text.length && isHighSurrogate(text.charCodeAt(end - 1))) end -= 1;
    pieces.push(text.slice(start, end));
    start = end;
  }
  return pieces;
}

function isHighSurrogate(unit: number): boolean {
  return unit >= 0xd800 && unit <= 0xdbff;
}
