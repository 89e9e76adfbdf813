import { stopReasonOf } from './acp-messages.js';
import type { JsonObject } from './json-rpc.js';

/**
 * Finds the line that ends a turn in the output of `acpx … prompt` (docs/adr/0005): the reply whose id is that of the
 * echoed `session/prompt` request and that carries a string `result.stopReason`. Until an echo was seen every
 * such reply is only a candidate, and the last object of the output decides.
 */
export class TerminalLineReader {
  private promptId: unknown;
  private hasEcho = false;
  private last: JsonObject | undefined;

  /** Takes the next object; true when it is the terminal line. */
  read(message: JsonObject): boolean {
    this.last = message;
    if (message.method === 'session/prompt' && message.id !== undefined) {
      this.promptId = message.id;
      this.hasEcho = true;
      return false;
    }
    return this.hasEcho && message.id === this.promptId && stopReasonOf(message) !== undefined;
  }

  /** At the end of the output: the last object, when no echo was seen and it carries a stop reason. */
  end(): JsonObject | undefined {
    if (this.hasEcho || this.last === undefined) return undefined;
    return stopReasonOf(this.last) === undefined ? undefined : this.last;
  }
}
