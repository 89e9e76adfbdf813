import { type AgentMessage, parseMessage } from '../../core/json-rpc.js';

const FIRST_MESSAGE = '{"jsonrpc"';

/** Reads an agent's lines; what is no JSON object is noise, counted and skipped. */
export class MessageReader {
  noiseLines = 0;
  private hasBegun = false;

  read(line: string): AgentMessage | undefined {
    const message = parseMessage(line) ?? (this.hasBegun ? undefined : this.readBehindBanner(line));
    if (message === undefined) this.noiseLines += 1;
    else this.hasBegun = true;
    return message;
  }

  /** A banner that was printed without a newline sits on the line of the first message. */
  private readBehindBanner(line: string): AgentMessage | undefined {
    const start = line.indexOf(FIRST_MESSAGE);
    return start === -1 ? undefined : parseMessage(line.slice(start));
  }
}
