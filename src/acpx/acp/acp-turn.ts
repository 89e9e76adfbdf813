import type { PromptRequest } from '@agentclientprotocol/sdk';
import { costUsdOf } from '../../core/acp-messages.js';
import { isJsonObject, type AgentMessage, type JsonObject } from '../../core/json-rpc.js';
import { decidePermission, PERMISSION_CANCELLED } from '../../core/permissions.js';
import type { PromptItem, PromptOptions } from '../acpx-runner.js';
import type { AcpLimits } from './acp-limits.js';
import { AgentFault } from './agent-fault.js';
import { isLastingUpdate, type LiveSession, type TurnEar } from './live-session.js';
import { faultOf, RPC_CODES } from './rpc-peer.js';
import { TurnDeadlineWatch } from './turn-deadlines.js';
import { turnResult, type StopCause } from './turn-result.js';
import { TurnStream } from './turn-stream.js';

/** What a turn needs done around it. */
export interface TurnSurroundings {
  readonly limits: AcpLimits;
  nowMs(): number;
  told(text: string): string;
  /** Why no turn may begin any more; undefined while they may. */
  refusal(): Error | undefined;
  /**
   * Opens the session at an agent; `signal` calls it off while it waits for one.
   * @returns whether the conversation had to begin anew.
   */
  wake(signal: AbortSignal): Promise<boolean>;
  /** Makes the agent let go of a turn that it does not cancel, in bounded time. */
  giveUp(): Promise<void>;
  /** The turn is over, whatever became of it. */
  ended(turn: AcpTurn): void;
}

/** One turn: from the first `next` to its one result. It is its own iterator. */
export class AcpTurn implements TurnEar, AsyncIterator<PromptItem, undefined> {
  /** Resolves when the turn is over; never rejects. */
  readonly over: Promise<void>;

  private readonly stream: TurnStream;
  private readonly calledOff = new AbortController();
  private readonly firstAgentSessionId: string | null;
  private watch: TurnDeadlineWatch | undefined;
  private phase: 'new' | 'starting' | 'in_flight' | 'over' = 'new';
  private cause: StopCause | undefined;
  /** Whether the agent has done something for the prompt. */
  private hasBegun = false;
  private hasRetried = false;
  /** The agent ended before it could read the prompt. */
  private isUnsent = false;
  private hadContext = false;
  private contextLost = false;
  private costUsd: number | null = null;
  private resolveOver!: () => void;

  constructor(
    private readonly session: LiveSession,
    private readonly content: readonly JsonObject[],
    private readonly options: PromptOptions,
    private readonly around: TurnSurroundings,
  ) {
    this.stream = new TurnStream(around.limits);
    this.firstAgentSessionId = session.agentSessionId;
    this.over = new Promise((resolve) => (this.resolveOver = resolve));
  }

  next(): Promise<IteratorResult<PromptItem, undefined>> {
    if (this.phase === 'new') this.begin();
    return this.stream.next();
  }

  /** Cancels the turn; resolves when it is over. */
  async return(): Promise<IteratorResult<PromptItem, undefined>> {
    this.stream.leave();
    if (this.phase !== 'new') await this.cancel();
    return { done: true, value: undefined };
  }

  cancel(): Promise<void> {
    return this.stop({ kind: 'cancelled' });
  }

  hear(message: AgentMessage): boolean {
    if (this.phase !== 'in_flight') return false;
    this.hasBegun ||= !isLastingUpdate(message);
    // What tells a state only is no answer yet.
    if (this.hasBegun) this.watch?.heard();
    this.costUsd = costUsdOf(message.value) ?? this.costUsd;
    this.push(message);
    return true;
  }

  hearRequest(message: AgentMessage, method: string): boolean {
    const { agent } = this.session;
    if (this.phase !== 'in_flight' || agent === null) return false;
    this.hear(message);
    const { id, params } = message.value;
    if (method === 'session/request_permission') {
      const policy = this.session.info.options.permissions;
      const outcome =
        this.cause === undefined && isJsonObject(params)
          ? decidePermission(policy, params)
          : PERMISSION_CANCELLED;
      this.push(agent.peer.answer(id, { outcome }));
    } else {
      this.push(agent.peer.refuse(id, method));
    }
    return true;
  }

  agentEnded(fault: AgentFault): void {
    // Until the prompt is with an agent, the end of one is the matter of who opens the session.
    if (this.phase !== 'in_flight') return;
    if (this.isUnsent && this.mayAskAgain()) this.askAgain();
    else this.finish(undefined, fault);
  }

  private begin(): void {
    this.phase = 'starting';
    const { signal, deadlines } = this.options;
    if (signal.aborted) this.cause = { kind: 'cancelled' };
    const refusal = this.around.refusal() ?? (this.session.turn === null ? undefined : alreadyRunning());
    if (this.cause !== undefined || refusal !== undefined) {
      this.finish(undefined, refusal);
      return;
    }
    this.session.turn = this;
    signal.addEventListener('abort', this.onAbort);
    this.watch = new TurnDeadlineWatch(
      deadlines,
      () => this.around.nowMs(),
      () => this.stream.isFull,
      (missed) => void this.stop({ kind: 'timed_out', ...missed }),
    );
    if (this.session.isReady) {
      this.send();
      return;
    }
    this.watch.starting();
    void this.wakeAndSend();
  }

  private async wakeAndSend(): Promise<void> {
    try {
      const contextLost = await this.around.wake(this.calledOff.signal);
      this.contextLost ||= contextLost;
    } catch (error) {
      this.finish(undefined, error);
      return;
    }
    if (this.phase === 'starting') this.send();
  }

  private send(): void {
    const { agent, agentSessionId } = this.session;
    if (agent === null || agentSessionId === null) {
      this.finish(undefined, new AgentFault('agent_died', 'the agent ended before it got the prompt'));
      return;
    }
    for (const message of this.session.takeLasting()) this.push(message);
    this.hadContext = this.session.hasContext;
    this.session.hasContext = true;
    this.phase = 'in_flight';
    const params: PromptRequest = {
      sessionId: agentSessionId,
      // Checked where requests are checked; the agent judges what it can read.
      prompt: this.content as unknown as PromptRequest['prompt'],
    };
    const sent = agent.peer.request('session/prompt', params, {
      reply: (reply) => this.takeReply(reply),
      // The session hears of the agent's end, too, and then this turn.
      lost: (error) => {
        if (!this.isUnsent) this.finish(undefined, error);
      },
      unsent: () => (this.isUnsent = true),
    });
    this.push(sent);
    this.watch?.prompted();
  }

  private takeReply(reply: AgentMessage): void {
    if (this.phase !== 'in_flight') return;
    this.stream.push(reply, true);
    // The agent knows the session no more, and has done nothing for the prompt.
    if (faultOf(reply.value)?.code === RPC_CODES.unknownSession && this.mayAskAgain()) this.askAgain();
    else this.finish(reply.value, undefined);
  }

  private mayAskAgain(): boolean {
    return !this.hasRetried && !this.hasBegun && this.cause === undefined;
  }

  /** Opens the session anew and sends the prompt once more. */
  private askAgain(): void {
    this.hasRetried = true;
    this.isUnsent = false;
    this.session.hasContext = this.hadContext;
    this.session.shutAtAgent();
    this.phase = 'starting';
    void this.wakeAndSend();
  }

  private async stop(cause: StopCause): Promise<void> {
    if (this.cause === undefined && this.phase !== 'over') {
      this.cause = cause;
      this.stream.dropWhenFull();
      if (this.phase === 'in_flight') {
        void this.descend();
      } else {
        this.calledOff.abort();
        this.finish(undefined, undefined);
      }
    }
    await this.over;
  }

  private async descend(): Promise<void> {
    const { agent, agentSessionId } = this.session;
    agent?.peer.notify('session/cancel', { sessionId: agentSessionId });
    const patience = setTimeout(() => {
      void this.around.giveUp().finally(() => this.finish(undefined, undefined));
    }, this.around.limits.cancelGraceMs);
    await this.over;
    clearTimeout(patience);
  }

  private push(message: AgentMessage): void {
    this.stream.push(message);
    if (this.stream.isFull) this.session.agent?.holdFor(this.stream);
  }

  private finish(reply: JsonObject | undefined, fault: unknown): void {
    if (this.phase === 'over') return;
    this.phase = 'over';
    this.watch?.stop();
    this.options.signal.removeEventListener('abort', this.onAbort);
    if (this.session.turn === this) this.session.turn = null;
    const { agentSessionId } = this.session;
    this.stream.end({
      ...turnResult({ cause: this.cause, reply, fault }, (text) => this.around.told(text)),
      costUsd: this.costUsd,
      contextLost: this.contextLost,
      agentSessionId: agentSessionId === this.firstAgentSessionId ? null : agentSessionId,
    });
    this.around.ended(this);
    this.resolveOver();
  }

  private readonly onAbort = (): void => void this.cancel();
}

function alreadyRunning(): AgentFault {
  return new AgentFault('agent_error', 'a turn is running in this session already');
}
