import { GatewayError } from '../../core/errors.js';
import type { AcpLimits } from './acp-limits.js';
import { AgentFault } from './agent-fault.js';
import { AgentProcess, type AgentLaunch, type AgentSurroundings } from './agent-process.js';

/** A session as the pool sees it. */
export interface PoolMember {
  /** Whether a turn or another call is under way in it; such a session keeps its process. */
  readonly isBusy: boolean;
  /** Monotonic milliseconds of its last use. */
  readonly idleSinceMs: number;
  /** Leaves its process, unless it got busy meanwhile; resolves when it has left, or stays. */
  hibernate(): Promise<void>;
}

export interface PoolBounds {
  readonly sessionsPerAgent: number;
  readonly maxLiveAgents: number;
}

interface Waiter {
  readonly launch: AgentLaunch;
  readonly member: PoolMember;
  give(agent: AgentProcess): void;
  refuse(error: Error): void;
}

/**
 * The agent processes: several sessions of one launch share each. A session has a place in one from `acquire` to
 * `leave`. Over the bound on processes the least recently used idle one has to go; when all are busy, sessions wait in
 * the order of their coming, but never behind one that needs a process of another kind.
 */
export class AgentPool {
  private readonly membersOf = new Map<AgentProcess, Set<PoolMember>>();
  private readonly waiters: Waiter[] = [];
  private evictions = 0;
  private noiseOfTheGone = 0;
  private refusal: Error | undefined;

  constructor(
    private readonly bounds: PoolBounds,
    private readonly limits: Pick<AcpLimits, 'maxWaiting' | 'waitForAgentMs'>,
    private readonly around: AgentSurroundings,
    /** How many processes of a launch are to be kept ready with room for a session. */
    private readonly wantedReady: (launch: AgentLaunch) => number,
  ) {}

  get size(): number {
    return this.membersOf.size;
  }

  get waiting(): number {
    return this.waiters.length;
  }

  get busy(): number {
    return [...this.membersOf.values()].filter(hasBusyMember).length;
  }

  get noiseLines(): number {
    let lines = this.noiseOfTheGone;
    for (const agent of this.membersOf.keys()) lines += agent.noiseLines;
    return lines;
  }

  /**
   * Gives a session its place in an agent process, which may still be starting. Each `acquire` needs a `leave`.
   * @throws GatewayError `pool_full`, `draining`; the reason of `signal`.
   */
  acquire(launch: AgentLaunch, member: PoolMember, signal: AbortSignal): Promise<AgentProcess> {
    if (this.refusal !== undefined) return Promise.reject(this.refusal);
    const agent = this.place(launch, member);
    if (agent !== undefined) return Promise.resolve(agent);
    const { maxWaiting, waitForAgentMs } = this.limits;
    if (this.waiters.length >= maxWaiting)
      return Promise.reject(poolFull('too many sessions wait for an agent'));
    return new Promise((resolve, reject) => {
      const leaveLine = (): void => {
        clearTimeout(timer);
        signal.removeEventListener('abort', abort);
        const at = this.waiters.indexOf(waiter);
        if (at !== -1) this.waiters.splice(at, 1);
      };
      const refuse = (error: Error): void => {
        leaveLine();
        reject(error);
      };
      const abort = (): void => refuse(abortReason(signal));
      const timer = setTimeout(() => refuse(poolFull('all agent processes are busy')), waitForAgentMs);
      const waiter: Waiter = {
        launch,
        member,
        refuse,
        give: (given) => {
          leaveLine();
          resolve(given);
        },
      };
      this.waiters.push(waiter);
      signal.addEventListener('abort', abort);
      this.serve();
    });
  }

  /** Takes a session's place back. A process without sessions ends, unless it is to be kept ready; that is waited for. */
  async leave(agent: AgentProcess, member: PoolMember): Promise<void> {
    const members = this.membersOf.get(agent);
    members?.delete(member);
    // Those in line come first: one of them may take the place at once.
    this.serve();
    if (members?.size === 0 && this.readyOf(agent.launch, agent) >= this.wantedReady(agent.launch)) {
      await agent.stop(
        new AgentFault('agent_stopped', `agent ${agent.launch.agent} was stopped: it was not needed`),
      );
    }
  }

  /** Whether all sessions in a process but this one are idle. */
  isIdleBut(agent: AgentProcess, member: PoolMember): boolean {
    return [...(this.membersOf.get(agent) ?? [])].every((other) => other === member || !other.isBusy);
  }

  /** To be called when a session that has a place is no longer busy. */
  serve(): void {
    for (const waiter of [...this.waiters]) {
      const agent = this.place(waiter.launch, waiter.member);
      if (agent !== undefined) waiter.give(agent);
    }
    for (const waiter of this.waiters.slice(this.evictions)) {
      if (!this.makeRoomFor(waiter.launch)) break;
    }
  }

  /** Starts processes until as many as wanted are ready for sessions; returns those started. */
  keepReady(launch: AgentLaunch): AgentProcess[] {
    const started: AgentProcess[] = [];
    while (
      this.refusal === undefined &&
      this.size < this.bounds.maxLiveAgents &&
      this.waiters.length === 0 &&
      this.readyOf(launch) < this.wantedReady(launch)
    ) {
      started.push(this.start(launch));
    }
    return started;
  }

  /** Stops all processes; nothing is given out from now on. */
  async shutdown(refusal: Error): Promise<void> {
    this.refusal = refusal;
    for (const waiter of [...this.waiters]) waiter.refuse(refusal);
    const fault = new AgentFault('draining', refusal.message);
    await Promise.all([...this.membersOf.keys()].map((agent) => agent.stop(fault)));
  }

  private place(launch: AgentLaunch, member: PoolMember): AgentProcess | undefined {
    if (this.refusal !== undefined) return undefined;
    let agent = this.processesOf(launch).find((candidate) => this.hasRoom(candidate));
    if (agent === undefined && this.size < this.bounds.maxLiveAgents) agent = this.start(launch);
    if (agent !== undefined) this.membersOf.get(agent)?.add(member);
    return agent;
  }

  private start(launch: AgentLaunch): AgentProcess {
    const agent = new AgentProcess(launch, this.around);
    this.membersOf.set(agent, new Set());
    void agent.gone.then(() => {
      this.membersOf.delete(agent);
      this.noiseOfTheGone += agent.noiseLines;
      this.serve();
    });
    return agent;
  }

  /** Has the session or the process that was not used for longest make room; false when all are busy. */
  private makeRoomFor(launch: AgentLaunch): boolean {
    const idleHere = this.processesOf(launch).flatMap((agent) => this.idleMembers(agent));
    const idleSession = leastRecent(idleHere, (member) => member.idleSinceMs);
    if (idleSession !== undefined) {
      this.evict(() => idleSession.hibernate());
      return true;
    }
    const idle = [...this.membersOf].filter(([agent, members]) => !agent.isEnding && !hasBusyMember(members));
    const agent = leastRecent(idle, ([, members]) => lastUse(members))?.[0];
    if (agent === undefined) return false;
    this.evict(() => this.empty(agent));
    return true;
  }

  private evict(makeRoom: () => Promise<void>): void {
    this.evictions += 1;
    void makeRoom().finally(() => {
      this.evictions -= 1;
      this.serve();
    });
  }

  private async empty(agent: AgentProcess): Promise<void> {
    const members = this.membersOf.get(agent) ?? new Set();
    await Promise.all([...members].map((member) => member.hibernate()));
    if (members.size > 0) return;
    await agent.stop(
      new AgentFault('agent_stopped', `agent ${agent.launch.agent} was stopped: another needed its place`),
    );
  }

  private processesOf(launch: AgentLaunch): AgentProcess[] {
    return [...this.membersOf.keys()].filter((agent) => !agent.isEnding && isSame(agent.launch, launch));
  }

  private hasRoom(agent: AgentProcess): boolean {
    return (this.membersOf.get(agent)?.size ?? 0) < this.bounds.sessionsPerAgent;
  }

  private readyOf(launch: AgentLaunch, except?: AgentProcess): number {
    return this.processesOf(launch).filter((agent) => agent !== except && this.hasRoom(agent)).length;
  }

  private idleMembers(agent: AgentProcess): PoolMember[] {
    return [...(this.membersOf.get(agent) ?? [])].filter((member) => !member.isBusy);
  }
}

function isSame(one: AgentLaunch, other: AgentLaunch): boolean {
  return one.agent === other.agent && JSON.stringify(one.argv) === JSON.stringify(other.argv);
}

function hasBusyMember(members: ReadonlySet<PoolMember>): boolean {
  return [...members].some((member) => member.isBusy);
}

function lastUse(members: ReadonlySet<PoolMember>): number {
  return Math.max(Number.NEGATIVE_INFINITY, ...[...members].map((member) => member.idleSinceMs));
}

function leastRecent<T>(candidates: readonly T[], lastUseOf: (candidate: T) => number): T | undefined {
  return candidates.reduce<T | undefined>(
    (oldest, candidate) =>
      oldest === undefined || lastUseOf(candidate) < lastUseOf(oldest) ? candidate : oldest,
    undefined,
  );
}

function poolFull(why: string): GatewayError {
  return new GatewayError('pool_full', `${why}; try again later`, { retryable: true, retryAfterSecs: 10 });
}

function abortReason(signal: AbortSignal): Error {
  return signal.reason instanceof Error ? signal.reason : new Error('the wait was given up');
}
