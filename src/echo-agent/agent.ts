import type { JsonObject } from '../core/json-rpc.js';
import type { Connection, MessageHandler } from './connection.js';
import type { ConversationStore } from './conversation-store.js';
import { isModeId, MODE_IDS, type Conversation } from './conversation.js';
import { checkMcpServers, invalidParams, readCwd, readString } from './params.js';
import { readPrompt } from './prompt-content.js';
import { RPC_CODES, RpcError } from './rpc-error.js';
import { Session } from './session.js';

const PROTOCOL_VERSION = 1;
const AGENT_VERSION = '1.0.0';
const LIST_PAGE_SIZE = 50;
const MODES = MODE_IDS.map((id) => ({ id, name: id === 'quiet' ? 'Quiet' : 'Default' }));

/** The ACP methods of the echo agent, over all sessions of one connection. */
export class EchoAgent implements MessageHandler {
  private readonly sessions = new Map<string, Session>();

  constructor(
    private readonly connection: Connection,
    private readonly store: ConversationStore,
  ) {}

  handleRequest(method: string, params: JsonObject): JsonObject | Promise<JsonObject> {
    switch (method) {
      case 'initialize':
        return this.initialize(params);
      case 'authenticate':
        return {};
      case 'session/new':
        return this.create(params);
      case 'session/load':
        return this.load(params);
      case 'session/resume':
        return modesOf(this.reopen(params).conversation);
      case 'session/list':
        return this.list(params);
      case 'session/prompt':
        return this.openSession(params).prompt(readPrompt(params.prompt));
      case 'session/set_mode':
        return this.setMode(params);
      case 'session/close':
        return this.close(params);
      default:
        throw new RpcError(RPC_CODES.methodNotFound, 'Method not found', { method });
    }
  }

  handleNotification(method: string, params: JsonObject): void {
    if (method !== 'session/cancel' || typeof params.sessionId !== 'string') return;
    this.sessions.get(params.sessionId)?.cancel();
  }

  /** Ends every running turn; with nothing left to wait for, the process ends by itself. */
  cancelAll(): void {
    for (const session of this.sessions.values()) session.cancel();
  }

  private initialize(params: JsonObject): JsonObject {
    if (typeof params.protocolVersion !== 'number') throw invalidParams('protocolVersion must be a number');
    return {
      protocolVersion: PROTOCOL_VERSION,
      agentInfo: { name: 'clawdforge-echo', title: 'Echo', version: AGENT_VERSION },
      agentCapabilities: {
        loadSession: true,
        promptCapabilities: { image: true, audio: true, embeddedContext: true },
        mcpCapabilities: { http: false, sse: false },
        sessionCapabilities: { resume: {}, close: {}, list: {} },
      },
      authMethods: [],
    };
  }

  private create(params: JsonObject): JsonObject {
    const cwd = readCwd(params);
    checkMcpServers(params);
    const conversation = this.store.create(cwd);
    this.sessions.set(conversation.id, new Session(conversation, this.store, this.connection));
    return { sessionId: conversation.id, ...modesOf(conversation) };
  }

  private async load(params: JsonObject): Promise<JsonObject> {
    const session = this.reopen(params);
    await session.replay();
    return modesOf(session.conversation);
  }

  /** The session, open already or read from disk. */
  private reopen(params: JsonObject): Session {
    const id = readString(params, 'sessionId');
    const cwd = readCwd(params);
    checkMcpServers(params);
    let session = this.sessions.get(id);
    if (session === undefined) {
      const conversation = this.store.open(id);
      if (conversation === undefined) throw unknownSession(id);
      session = new Session(conversation, this.store, this.connection);
      this.sessions.set(id, session);
    }
    session.setCwd(cwd);
    return session;
  }

  private list(params: JsonObject): JsonObject {
    const cwd = typeof params.cwd === 'string' ? readCwd(params) : undefined;
    const cursor = typeof params.cursor === 'string' ? params.cursor : undefined;
    const page = this.store.list(cursor, LIST_PAGE_SIZE, cwd);
    const last = page.length === LIST_PAGE_SIZE ? page.at(-1) : undefined;
    return {
      sessions: page.map(({ conversation, updatedAt }) => ({
        sessionId: conversation.id,
        cwd: conversation.cwd,
        title: conversation.title ?? null,
        updatedAt,
      })),
      ...(last === undefined ? {} : { nextCursor: last.conversation.id }),
    };
  }

  private setMode(params: JsonObject): JsonObject {
    const session = this.openSession(params);
    const { modeId } = params;
    if (!isModeId(modeId)) throw invalidParams(`modeId must be one of ${MODE_IDS.join(', ')}`);
    session.setMode(modeId);
    return {};
  }

  /** Forgets the session here; its conversation stays on disk and can be resumed. */
  private close(params: JsonObject): JsonObject {
    const session = this.openSession(params);
    session.cancel();
    this.sessions.delete(session.conversation.id);
    return {};
  }

  private openSession(params: JsonObject): Session {
    const id = readString(params, 'sessionId');
    const session = this.sessions.get(id);
    if (session === undefined) throw unknownSession(id);
    return session;
  }
}

function modesOf(conversation: Conversation): JsonObject {
  return { modes: { currentModeId: conversation.modeId, availableModes: MODES } };
}

function unknownSession(sessionId: string): RpcError {
  return new RpcError(RPC_CODES.resourceNotFound, 'Session not found', { sessionId });
}
