import { messageOf, invalidFields } from '../../core/errors.js';
import type { JsonObject } from '../../core/json-rpc.js';
import type { SessionChange } from '../acpx-runner.js';
import { AgentFault } from './agent-fault.js';
import type { AgentProcess } from './agent-process.js';
import type { LiveSession } from './live-session.js';
import { RPC_CODES, RpcFault, RpcTimeout } from './rpc-peer.js';
import { changeOf, readOffers, settingCalls, setupParams, type SettingCall } from './session-options.js';

/** Some agents answer `session/load` before they replay: the replay is over when nothing has come for so long. */
const REPLAY_QUIET_MS = 250;

export interface OpenerSurroundings {
  readonly requestMs: number;
  readonly closeMs: number;
  told(text: string): string;
}

/** Opens, sets and closes sessions at an agent, by the calls of ACP. */
export class SessionOpener {
  constructor(private readonly around: OpenerSurroundings) {}

  /**
   * Opens a session where it has its place: its conversation is resumed, or loaded with the replay unheard; where the
   * agent can do neither, or knows it no more, a new one begins.
   * @returns whether a context was lost by that.
   * @throws GatewayError `validation_failed` (options), AgentFault.
   */
  async open(session: LiveSession, agent: AgentProcess): Promise<boolean> {
    const facts = await unlessAborted(agent.ready, session.closing.signal);
    const params = setupParams(agent.launch.agent, facts, session.info);
    const isReopened = session.hasContext && (await this.reopen(session, agent, params));
    const contextLost = session.hasContext && !isReopened;
    if (!isReopened) {
      await this.begin(session, agent, params);
      session.hasContext = false;
    }
    await this.set(session, agent, changeOf(session.info.options));
    return contextLost;
  }

  /** @throws GatewayError `validation_failed` naming what the agent does not take; AgentFault. */
  async set(session: LiveSession, agent: AgentProcess, change: SessionChange): Promise<void> {
    const calls = settingCalls(session.agentSessionId ?? '', session.offers, change);
    for (const call of calls) {
      const answer = await this.setting(session, agent, call);
      session.offers = readOffers(answer) ?? session.offers;
    }
  }

  /** @returns whether the agent has closed the session; never rejects. */
  async close(session: LiveSession, agent: AgentProcess): Promise<boolean> {
    if (agent.facts?.canClose !== true || agent.isEnding) return false;
    const { closeMs: timeoutMs } = this.around;
    try {
      await agent.peer.call('session/close', { sessionId: session.agentSessionId }, { timeoutMs });
      return true;
    } catch {
      return false;
    }
  }

  private async begin(session: LiveSession, agent: AgentProcess, params: object): Promise<void> {
    const answer = await this.call(session, agent, 'session/new', params, (result) => {
      if (typeof result.sessionId === 'string') session.openAt(agent, result.sessionId);
    });
    if (typeof answer.sessionId !== 'string') {
      throw new AgentFault('agent_error', 'the agent answered session/new without a session id');
    }
    session.offers = readOffers(answer);
  }

  private async reopen(session: LiveSession, agent: AgentProcess, params: object): Promise<boolean> {
    const { agentSessionId: sessionId } = session;
    const { canResume = false, canLoad = false } = agent.facts ?? {};
    if (sessionId === null || (!canResume && !canLoad)) return false;
    const method = canResume ? 'session/resume' : 'session/load';
    try {
      const answer = await this.call(session, agent, method, { ...params, sessionId }, () => {
        // Not before: what a load replays has been told in earlier turns.
        if (canResume) session.openAt(agent, sessionId);
        else session.openMutedAt(agent, sessionId);
      });
      if (!canResume) await session.quiet(REPLAY_QUIET_MS);
      session.offers = readOffers(answer) ?? session.offers;
      session.hasFailedToReopen = false;
      return true;
    } catch (error) {
      const { cause } = error as Error;
      // What fails for another reason may pass; a session that fails so again would be stuck for good.
      if (cause instanceof RpcFault && (isUnknownSession(cause) || session.hasFailedToReopen)) return false;
      session.hasFailedToReopen = cause instanceof RpcFault;
      throw error;
    }
  }

  private async setting(session: LiveSession, agent: AgentProcess, call: SettingCall): Promise<JsonObject> {
    try {
      return await this.call(session, agent, call.method, call.params);
    } catch (error) {
      const { cause } = error as Error;
      if (!(cause instanceof RpcFault) || !isRefusal(cause, call)) throw error;
      throw invalidFields([
        { field: call.field, message: `the agent refused it: ${this.around.told(cause.message)}` },
      ]);
    }
  }

  /** @throws AgentFault, its cause being what went wrong. */
  private async call(
    session: LiveSession,
    agent: AgentProcess,
    method: string,
    params: object,
    onResult?: (result: JsonObject) => void,
  ): Promise<JsonObject> {
    const options = { timeoutMs: this.around.requestMs, signal: session.closing.signal };
    try {
      return await agent.peer.call(
        method,
        params,
        onResult === undefined ? options : { ...options, onResult },
      );
    } catch (error) {
      if (error instanceof AgentFault) throw error;
      const code =
        error instanceof RpcFault && error.code === RPC_CODES.authRequired ? 'auth_required' : 'agent_error';
      const text = error instanceof RpcTimeout ? error.message : `${method} failed: ${messageOf(error)}`;
      throw new AgentFault(code, this.around.told(text), { cause: error });
    }
  }
}

/** By its code, or by the words of agents that call it an internal error (docs/agents.md). */
function isUnknownSession({ code, message }: RpcFault): boolean {
  return (
    code === RPC_CODES.unknownSession || /no previous sessions|invalid session identifier/i.test(message)
  );
}

/** Some agents call a value that they have not an internal error; one that they list may fail for another reason. */
function isRefusal({ code }: RpcFault, { isListed }: SettingCall): boolean {
  if (code === RPC_CODES.invalidParams || code === RPC_CODES.methodNotFound) return true;
  return !isListed && code === RPC_CODES.internalError;
}

/** @throws the signal's reason when it aborts first. */
function unlessAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const abort = (): void => {
      const text = messageOf(signal.reason);
      reject(new AgentFault('agent_error', text));
    };
    if (signal.aborted) abort();
    signal.addEventListener('abort', abort, { once: true });
    promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', abort));
  });
}

/** Whether the agent let a call wait in vain; what it does now is unknown. */
export function isUnanswered(error: unknown): boolean {
  return error instanceof AgentFault && error.cause instanceof RpcTimeout;
}
