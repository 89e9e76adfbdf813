import { setTimeout } from 'node:timers/promises';
import type { AgentMessage } from '../../core/json-rpc.js';
import { sessionUpdateOf } from '../../core/acp-messages.js';
import { PERMISSION_CANCELLED } from '../../core/permissions.js';
import type { RunnerSession } from '../acpx-runner.js';
import type { AgentFault } from './agent-fault.js';
import type { PoolMember } from './agent-pool.js';
import type { AgentProcess, SessionEar } from './agent-process.js';
import type { SessionOffers } from './session-options.js';

/**
 * Updates that tell a state and stay true: the last of each that comes between turns is the next turn's first news. What
 * else comes then (the rest of a cancelled reply) would be taken for a part of that turn, and is dropped.
 */
const LASTING_UPDATES: ReadonlySet<unknown> = new Set([
  'available_commands_update',
  'current_mode_update',
  'config_option_update',
  'session_info_update',
  'usage_update',
]);

/** Whether a message tells a state of the session, and nothing of a turn. */
export function isLastingUpdate(message: AgentMessage): boolean {
  return LASTING_UPDATES.has(sessionUpdateOf(message.value)?.sessionUpdate);
}

/** Who takes sessions out of their processes. */
export interface SessionHost {
  hibernate(session: LiveSession): Promise<void>;
}

/** The turn that runs in a session. The hearers return whether the message was the turn's. */
export interface TurnEar {
  hear(message: AgentMessage): boolean;
  hearRequest(message: AgentMessage, method: string): boolean;
  agentEnded(fault: AgentFault): void;
  /** Cancels the turn; resolves when it is over. */
  cancel(): Promise<void>;
}

/** What the runner keeps of a session: where it is open, if anywhere, and what happens in it. */
export class LiveSession implements SessionEar, PoolMember {
  /** Where it is open; null when it hibernates. */
  agent: AgentProcess | null = null;
  /** The process in which it has its place, open there or not. */
  place: AgentProcess | null = null;
  /** Resolves when the process that it was in before can no longer work on its conversation. */
  lastGone: Promise<void> = Promise.resolve();
  agentSessionId: string | null;
  /** Whether a prompt may have reached the agent, so that there is a context. */
  hasContext: boolean;
  /** Whether the agent refused to go on with the conversation when it was last asked to, for a reason that may pass. */
  hasFailedToReopen = false;
  offers: SessionOffers | null = null;
  turn: TurnEar | null = null;
  /** Monotonic milliseconds. */
  idleSinceMs: number;
  /** Aborts when the session is closed: nobody waits for its agent any more. */
  readonly closing = new AbortController();

  private isMuted = false;
  /** Since it was last asked. */
  private hasSpoken = false;
  private readonly lasting = new Map<unknown, AgentMessage>();
  private order: Promise<unknown> = Promise.resolve();
  private pendingCalls = 0;

  constructor(
    public info: RunnerSession,
    private readonly host: SessionHost,
    nowMs: number,
  ) {
    this.agentSessionId = info.agentSessionId;
    this.hasContext = info.hasHistory;
    this.idleSinceMs = nowMs;
  }

  get isBusy(): boolean {
    return this.turn !== null || this.pendingCalls > 0;
  }

  /** Whether a prompt can be sent at once. */
  get isReady(): boolean {
    return this.agent !== null && !this.agent.isEnding && this.pendingCalls === 0;
  }

  hibernate(): Promise<void> {
    return this.host.hibernate(this);
  }

  /** Runs what opens, changes or closes the session, one after the other. */
  inOrder<T>(act: () => Promise<T>): Promise<T> {
    this.pendingCalls += 1;
    const result = this.order.then(act).finally(() => {
      this.pendingCalls -= 1;
    });
    this.order = result.catch(() => undefined);
    return result;
  }

  /** From now on the agent's messages with this id are the session's. */
  openAt(agent: AgentProcess, agentSessionId: string): void {
    this.agent = agent;
    this.agentSessionId = agentSessionId;
    agent.addEar(agentSessionId, this);
  }

  /** The same, but what the agent says is not heard until it has been quiet; states and requests are. */
  openMutedAt(agent: AgentProcess, agentSessionId: string): void {
    this.isMuted = true;
    this.hasSpoken = true;
    this.openAt(agent, agentSessionId);
  }

  /** Resolves when a muted session is heard again, because nothing has come for `ms` milliseconds or its agent is gone. */
  async quiet(ms: number): Promise<void> {
    while (this.hasSpoken && this.agent !== null) {
      this.hasSpoken = false;
      await setTimeout(ms);
    }
    this.isMuted = false;
  }

  /** The agent's messages are no longer heard. */
  shutAtAgent(): void {
    const { agent, agentSessionId } = this;
    if (agent !== null && agentSessionId !== null) agent.removeEar(agentSessionId);
    this.agent = null;
  }

  /** What was told between turns; each is given out once. */
  takeLasting(): AgentMessage[] {
    if (this.lasting.size === 0) return [];
    const messages = [...this.lasting.values()];
    this.lasting.clear();
    return messages;
  }

  hear(message: AgentMessage): void {
    this.hasSpoken = true;
    if (this.isMuted && !isLastingUpdate(message)) return;
    if (this.turn?.hear(message) === true) return;
    if (isLastingUpdate(message)) this.lasting.set(sessionUpdateOf(message.value)?.sessionUpdate, message);
  }

  hearRequest(message: AgentMessage, method: string): void {
    if (this.turn?.hearRequest(message, method) === true) return;
    if (method === 'session/request_permission') {
      this.agent?.peer.answer(message.value.id, { outcome: PERMISSION_CANCELLED });
    } else {
      this.agent?.peer.refuse(message.value.id, method);
    }
  }

  processEnded(fault: AgentFault): void {
    if (this.place !== null) this.lastGone = this.place.gone;
    this.place = null;
    this.shutAtAgent();
    this.turn?.agentEnded(fault);
  }
}
