import { addSpent } from '../../core/claude/backend-event.js';
import type { ChatMessage } from '../../core/claude/chat-message.js';
import { finalTextOf } from '../../core/claude/turn-synthesis.js';
import type { OutputCheck } from './output-format.js';
import { echoOfText, type CompletionEnd, type Told } from './told.js';

export const MAX_REPAIRS = 2;

/** The answer never came in the form that was asked for. */
export class OutputFormError extends Error {
  constructor(faults: string) {
    super(`the reply did not have the requested form after ${MAX_REPAIRS} repair turns: ${faults}`);
    this.name = 'OutputFormError';
  }
}

/** Asks for a turn over a history; `echoOf` is what the client will be shown of it. */
export type AskTurn = (
  messages: readonly ChatMessage[],
  echoOf: (turn: readonly ChatMessage[]) => readonly ChatMessage[],
) => AsyncGenerator<Told, void, undefined>;

/**
 * A turn whose final text must pass a check, and up to two more in which the agent is told what is wrong with it. The
 * text is told once it is valid, tools as they run; the end has what all turns used up.
 * @throws OutputFormError, or what `ask` throws.
 */
export async function* answeredInForm(
  messages: readonly ChatMessage[],
  output: OutputCheck,
  ask: AskTurn,
): AsyncGenerator<Told, void, undefined> {
  let history = messages;
  let spent: CompletionEnd | undefined;
  for (let repairs = 0; ; repairs += 1) {
    let last: CompletionEnd | undefined;
    for await (const step of ask(history, (turn) => echoOfText(formed(turn, output)))) {
      if (step.kind === 'end') last = step;
      else if (step.kind !== 'text' && !(step.kind === 'begin' && repairs > 0)) yield step;
    }
    if (last === undefined) return;
    const end = spent === undefined ? last : joined(spent, last);
    if (last.wasCancelled) return yield end;
    const text = finalText(last.messages);
    const checked = output.check(text);
    if (checked.isValid) {
      yield { kind: 'text', text: checked.json };
      return yield end;
    }
    if (repairs === MAX_REPAIRS) throw new OutputFormError(checked.faults);
    spent = end;
    history = [...history, ...last.messages, { role: 'user', content: repairPrompt(checked.faults) }];
  }
}

function formed(turn: readonly ChatMessage[], output: OutputCheck): string {
  const text = finalText(turn);
  const checked = output.check(text);
  return checked.isValid ? checked.json : text;
}

function finalText(turn: readonly ChatMessage[]): string {
  const [message] = finalTextOf(turn);
  const [block] = message?.content ?? [];
  return typeof block === 'object' && block.type === 'text' ? block.text : '';
}

function repairPrompt(faults: string): string {
  return `Your last reply did not have the form that was asked for: ${faults}. Reply again, with the corrected JSON only.`;
}

function joined(before: CompletionEnd, after: CompletionEnd): CompletionEnd {
  return {
    ...after,
    ...addSpent(before, after),
    durationMs: before.durationMs + after.durationMs,
    messages: [...before.messages, ...after.messages],
  };
}
