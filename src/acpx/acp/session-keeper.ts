import type { AppConfig } from '../../config/app-config.js';
import { messageOf } from '../../core/errors.js';
import type { RunnerStats, SessionChange } from '../acpx-runner.js';
import type { AgentCatalogue } from '../agent-catalogue.js';
import type { AcpLimits } from './acp-limits.js';
import type { AgentFacts } from './agent-facts.js';
import { AgentFault } from './agent-fault.js';
import type { AgentLaunch, AgentProcess, AgentSurroundings } from './agent-process.js';
import { AgentPool } from './agent-pool.js';
import type { LiveSession, SessionHost } from './live-session.js';
import { isUnanswered, SessionOpener } from './session-opener.js';

const MAX_PREWARM_RETRY_MS = 60_000;

/** Brings sessions into agent processes and out again; what it does to one session happens in order. */
export class SessionKeeper implements SessionHost {
  private readonly pool: AgentPool;
  private readonly opener: SessionOpener;
  private readonly knownFacts = new Map<string, AgentFacts>();
  private readonly retries = new Map<string, NodeJS.Timeout>();

  constructor(
    private readonly config: Pick<AppConfig, 'sessionsPerAgent' | 'maxLiveAgents' | 'prewarm'>,
    private readonly catalogue: AgentCatalogue,
    private readonly limits: AcpLimits,
    private readonly around: AgentSurroundings,
  ) {
    this.pool = new AgentPool(config, limits, around, ({ agent }) => config.prewarm.get(agent) ?? 0);
    this.opener = new SessionOpener({ ...limits, told: (text) => around.told(text) });
  }

  /** What an agent told when it was last started; undefined when it was not. */
  factsOf(agent: string): AgentFacts | undefined {
    return this.knownFacts.get(agent);
  }

  /**
   * Opens the session at an agent, unless it is open. `signal` calls it off while it waits for an agent.
   * @returns whether its context was lost.
   * @throws GatewayError `agent_not_installed`, `validation_failed`, `pool_full`, `draining`; AgentFault.
   */
  wake(session: LiveSession, signal: AbortSignal): Promise<boolean> {
    return session.inOrder(() => this.open(session, signal));
  }

  /** Opens the session and changes it. @throws as `wake`. */
  configure(session: LiveSession, change: SessionChange, signal: AbortSignal): Promise<void> {
    return session.inOrder(async () => {
      await this.open(session, signal);
      if (session.agent !== null) await this.opener.set(session, session.agent, change);
    });
  }

  /** Closes the session at its agent, where its conversation stays; resolves when a process not needed by others is gone. */
  hibernate(session: LiveSession): Promise<void> {
    return session.inOrder(async () => {
      if (session.turn !== null) return;
      if (session.agent !== null) await this.opener.close(session, session.agent);
      await this.leave(session);
    });
  }

  /**
   * Makes the agent let go of a turn that it does not cancel: the session is closed, which spares the others in the
   * process; where that fails too, the process is stopped.
   */
  giveUp(session: LiveSession): Promise<void> {
    return session.inOrder(async () => {
      const { agent } = session;
      if (agent === null) return;
      if (!(await this.opener.close(session, agent))) await agent.stop(couldNotCancel(agent));
      await this.leave(session);
    });
  }

  /** To be called when a session is used no longer. */
  serve(): void {
    this.pool.serve();
  }

  /** Starts what is to be kept ready; from then on it is refilled by itself. */
  prewarm(): void {
    for (const [agent, count] of this.config.prewarm) if (count > 0) this.keepReady(agent, 0);
  }

  stats(): Pick<RunnerStats, 'liveAgents' | 'busyAgents' | 'idleAgents' | 'waiting' | 'noiseLines'> {
    const { size, busy, waiting, noiseLines } = this.pool;
    return { liveAgents: size, busyAgents: busy, idleAgents: size - busy, waiting, noiseLines };
  }

  async shutdown(refusal: Error): Promise<void> {
    for (const timer of this.retries.values()) clearTimeout(timer);
    await this.pool.shutdown(refusal);
  }

  private async open(session: LiveSession, signal: AbortSignal): Promise<boolean> {
    if (session.agent !== null && !session.agent.isEnding) return false;
    // One owner at a time: two processes on one conversation would diverge without a word.
    await session.lastGone;
    const agent = await this.placeOf(session, signal);
    const wasReady = agent.facts !== null;
    try {
      return await this.openAt(session, agent);
    } catch (error) {
      // It had died before it was asked, and only its end was not seen yet: another is not to blame for that.
      if (!(wasReady && agent.hasDied)) throw error;
    }
    await session.lastGone;
    return this.openAt(session, await this.placeOf(session, signal));
  }

  private async openAt(session: LiveSession, agent: AgentProcess): Promise<boolean> {
    try {
      const contextLost = await this.opener.open(session, agent);
      if (agent.facts !== null) this.knownFacts.set(agent.launch.agent, agent.facts);
      this.keepReady(agent.launch.agent, 0);
      return contextLost;
    } catch (error) {
      const isStuck = isUnanswered(error) && this.pool.isIdleBut(agent, session);
      if (isStuck) void agent.stop(new AgentFault('agent_stopped', messageOf(error)));
      else if (session.agent !== null) await this.opener.close(session, agent);
      await this.leave(session);
      throw error;
    }
  }

  private async placeOf(session: LiveSession, signal: AbortSignal): Promise<AgentProcess> {
    if (session.place !== null && !session.place.isEnding) return session.place;
    const launch = this.launchOf(session.info.agent);
    session.place = await this.pool.acquire(
      launch,
      session,
      AbortSignal.any([signal, session.closing.signal]),
    );
    return session.place;
  }

  private async leave(session: LiveSession): Promise<void> {
    session.shutAtAgent();
    const { place } = session;
    if (place === null) return;
    session.place = null;
    if (place.isEnding) session.lastGone = place.gone;
    await this.pool.leave(place, session);
  }

  private launchOf(agent: string): AgentLaunch {
    return { agent, argv: this.catalogue.launchArgv(agent) };
  }

  private keepReady(agent: string, failures: number): void {
    if ((this.config.prewarm.get(agent) ?? 0) === 0 || this.retries.has(agent)) return;
    let launch: AgentLaunch;
    try {
      launch = this.launchOf(agent);
    } catch (error) {
      this.around.warn(messageOf(error), { agent });
      return;
    }
    for (const started of this.pool.keepReady(launch)) this.watchReady(started, failures);
  }

  private watchReady(started: AgentProcess, failures: number): void {
    const { agent } = started.launch;
    started.ready.then(
      (facts) => {
        this.knownFacts.set(agent, facts);
        void started.gone.then(() => this.keepReady(agent, 0));
      },
      (error: unknown) => {
        this.around.warn(messageOf(error), { agent, failures: failures + 1 });
        const waitMs = Math.min(this.limits.prewarmRetryMs * 2 ** failures, MAX_PREWARM_RETRY_MS);
        const retry = setTimeout(() => {
          this.retries.delete(agent);
          this.keepReady(agent, failures + 1);
        }, waitMs).unref();
        this.retries.set(agent, retry);
      },
    );
  }
}

function couldNotCancel({ launch }: AgentProcess): AgentFault {
  const text = `agent ${launch.agent} was stopped: a turn of one of its sessions could not be cancelled`;
  return new AgentFault('agent_stopped', text);
}
