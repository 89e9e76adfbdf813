/**
 * The echo agent: an ACP agent without a model, key or network, for a first session and for tests. It speaks ACP over
 * standard input and output. What it can be asked is in directives.ts, what it keeps in conversation-store.ts.
 */
import { LineSplitter, type SplitLine } from '../core/line-splitter.js';
import { EchoAgent } from './agent.js';
import { Connection } from './connection.js';
import { ConversationStore, stateDirectory } from './conversation-store.js';
import { MessageWriter } from './message-writer.js';

const MAX_LINE_BYTES = 64 * 1024 * 1024;

const connection = new Connection(new MessageWriter(process.stdout));
const agent = new EchoAgent(connection, new ConversationStore(stateDirectory(process.env)));
const splitter = new LineSplitter(MAX_LINE_BYTES);

function take(lines: SplitLine[]): void {
  for (const line of lines) {
    if (line.kind === 'line') connection.accept(line.text, agent);
    else connection.refuseLongLine(MAX_LINE_BYTES);
  }
}

// A client that is gone (EPIPE) has nobody left to be told.
process.stdout.on('error', () => process.exit(0));
process.stdin.on('error', () => agent.cancelAll());
process.stdin.on('data', (chunk: Buffer) => take(splitter.push(chunk)));
// No exit here: the process ends with code 0 once the last answers are written and nothing is waited for.
process.stdin.on('end', () => {
  take(splitter.flush());
  agent.cancelAll();
});
