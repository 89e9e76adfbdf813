import type { CompletionEnd, Told } from '../completions/told.js';
import type { ApiFault } from './api-fault.js';

/** What an answer is told about itself. */
export interface AnswerContext {
  /** Hex, unique. */
  readonly id: string;
  readonly createdSecs: number;
  /** As asked for; what claude names counts more. */
  readonly model: string;
  readonly requestId: string;
  readonly includeUsage: boolean;
}

/** Writes one streamed answer as frames of server-sent events; pure, so that a test can read it. */
export interface FrameWriter {
  /** The first frames: before any other, once. */
  open(begin: Extract<Told, { kind: 'begin' }> | null): string;
  take(step: Exclude<Told, { kind: 'begin' }>): string;
  /** Says that the answer is still coming. */
  alive(): string;
  /** Ends the stream with an error. */
  fail(fault: ApiFault): string;
}

/** How an API puts its answers. */
export interface Dialect {
  readonly route: string;
  answer(context: AnswerContext, text: string, end: CompletionEnd): object;
  frames(context: AnswerContext): FrameWriter;
  errorBody(fault: ApiFault, requestId: string): object;
}
