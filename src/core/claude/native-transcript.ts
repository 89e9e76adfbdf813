import { blocksOf, type ChatMessage, type ContentBlock } from './chat-message.js';

export interface TranscriptSeed {
  readonly sessionId: string;
  /** The real path of the working directory. */
  readonly cwd: string;
  readonly permissionMode: string;
  /** Names the author of assistant messages; claude does not check it. */
  readonly model: string;
  readonly claudeVersion: string;
  /** Unix milliseconds of the last record; those before it are a millisecond apart. */
  readonly nowMs: number;
  /** A fresh UUID at every call. */
  readonly newId: () => string;
}

/**
 * A history as the transcript of a session that `claude --resume` takes up (internal to claude, measured with 2.1.329).
 * The records form one unbroken chain and every assistant message has an id of its own: claude silently drops or
 * reorders what breaks these rules. Thinking is left out, for its signature belongs to another conversation.
 * @returns lines of JSON, each with its newline.
 */
export function nativeTranscript(history: readonly ChatMessage[], seed: TranscriptSeed): string {
  const { sessionId, cwd, claudeVersion } = seed;
  const messages = beginningWithUser(history.flatMap((message) => withoutThinking(message)));
  const firstMs = seed.nowMs - messages.length;
  const timestampOf = (index: number): string => new Date(firstMs + index).toISOString();
  const snapshotId = seed.newId();
  const records: object[] = [
    { type: 'permission-mode', permissionMode: seed.permissionMode, sessionId },
    {
      type: 'file-history-snapshot',
      messageId: snapshotId,
      snapshot: { messageId: snapshotId, trackedFileBackups: {}, timestamp: timestampOf(0) },
      isSnapshotUpdate: false,
    },
  ];
  let parentUuid: string | null = null;
  for (const [index, message] of messages.entries()) {
    const uuid = seed.newId();
    records.push({
      parentUuid,
      isSidechain: false,
      type: message.role,
      message: message.role === 'user' ? message : assistantMessage(message, seed),
      uuid,
      timestamp: timestampOf(index),
      userType: 'external',
      cwd,
      sessionId,
      version: claudeVersion,
    });
    parentUuid = uuid;
  }
  return records.map((record) => `${JSON.stringify(record)}\n`).join('');
}

function assistantMessage(message: ChatMessage, seed: TranscriptSeed): object {
  const content = blocksOf(message.content);
  const isCall = content.some((block) => block.type === 'tool_use');
  return {
    id: `msg_${seed.newId().replaceAll('-', '')}`,
    type: 'message',
    role: 'assistant',
    model: seed.model,
    content,
    stop_reason: isCall ? 'tool_use' : 'end_turn',
    stop_sequence: null,
    usage: { input_tokens: 0, output_tokens: 0 },
  };
}

/** The model API takes no conversation that begins with the assistant. */
function beginningWithUser(messages: ChatMessage[]): ChatMessage[] {
  if (messages[0]?.role !== 'assistant') return messages;
  return [{ role: 'user', content: '(The assistant speaks first.)' }, ...messages];
}

/** The message without its thinking; none when nothing else was in it, for the API refuses empty messages. */
function withoutThinking(message: ChatMessage): ChatMessage[] {
  const { role, content } = message;
  if (typeof content === 'string') return content === '' ? [] : [{ role, content }];
  const kept: ContentBlock[] = content.filter(
    (block) => block.type !== 'thinking' && !(block.type === 'text' && block.text === ''),
  );
  return kept.length === 0 ? [] : [{ role, content: kept }];
}
