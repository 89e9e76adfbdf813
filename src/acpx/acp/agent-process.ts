import { mkdir } from 'node:fs/promises';
import type { InitializeRequest } from '@agentclientprotocol/sdk';
import { SERVER_VERSION } from '../../config/server-version.js';
import { messageOf } from '../../core/errors.js';
import { isJsonObject, type AgentMessage } from '../../core/json-rpc.js';
import type { ProcessSupervisor } from '../../processes/process-supervisor.js';
import type { ExitStatus } from '../../processes/process-types.js';
import type { SupervisedProcess } from '../../processes/supervised-process.js';
import type { AcpLimits } from './acp-limits.js';
import { AgentFault } from './agent-fault.js';
import { type AgentFacts, PROTOCOL_VERSION, readFacts } from './agent-facts.js';
import { MessageReader } from './message-reader.js';
import { RpcPeer } from './rpc-peer.js';
import type { TurnStream } from './turn-stream.js';

/** How an agent is started; the same launch means the same processes. */
export interface AgentLaunch {
  readonly agent: string;
  readonly argv: readonly [string, ...string[]];
}

/** What hears an agent's messages in the name of one session. */
export interface SessionEar {
  /** An update, or another notification with the session's id. */
  hear(message: AgentMessage): void;
  /** A request of the agent with the session's id, which it has to answer. */
  hearRequest(message: AgentMessage, method: string): void;
  /** The process is ending, or has ended, by itself or by us. */
  processEnded(fault: AgentFault): void;
}

export interface AgentSurroundings {
  readonly supervisor: ProcessSupervisor;
  readonly limits: AcpLimits;
  /** Where agents are started: a directory of ours, for some read settings from where they start. */
  readonly directory: string;
  /** Cuts and redacts what an agent said. */
  told(text: string): string;
  warn(text: string, about: object): void;
}

/** How long the end of stdout waits for the exit status that explains it, in milliseconds. */
const EXIT_AFTER_OUTPUT_MS = 500;

const INITIALIZE: InitializeRequest = {
  protocolVersion: PROTOCOL_VERSION,
  // Nothing is done for agents in their stead: they read, write and run by themselves.
  clientCapabilities: { fs: { readTextFile: false, writeTextFile: false }, terminal: false },
  clientInfo: { name: 'clawdforge', version: SERVER_VERSION },
};

/** One agent process and the connection to it, from its start to its last trace. */
export class AgentProcess {
  readonly peer: RpcPeer;
  /** Resolves when the agent has answered `initialize`; rejects with an AgentFault. */
  readonly ready: Promise<AgentFacts>;
  /** Resolves when the process has ended and nothing with its marker is alive; never rejects. */
  readonly gone: Promise<void>;
  /** Null until it is known. */
  facts: AgentFacts | null = null;

  /** Sessions that are open at the agent, by its own ids. */
  private readonly ears = new Map<string, SessionEar>();
  private firstEar: SessionEar | undefined;
  /** Whether it has ever had a second session. */
  private isShared = false;
  private readonly reader = new MessageReader();
  private readonly fullStreams = new Set<TurnStream>();
  private child: SupervisedProcess | undefined;
  private fault: AgentFault | undefined;
  private marker: string | undefined;
  private readonly launched: Promise<void>;
  private resolveGone!: () => void;

  constructor(
    readonly launch: AgentLaunch,
    private readonly around: AgentSurroundings,
  ) {
    this.gone = new Promise((resolve) => (this.resolveGone = resolve));
    this.peer = new RpcPeer((line, unsent) => this.write(line, unsent));
    this.launched = this.spawn();
    this.ready = this.start();
    // Whoever waits for it hears of it; nobody has to.
    this.ready.catch(() => undefined);
  }

  /** Whether it is ending or has ended; nothing new may be asked of it. */
  get isEnding(): boolean {
    return this.fault !== undefined;
  }

  /** Whether it ended by itself. */
  get hasDied(): boolean {
    return this.fault?.code === 'agent_died';
  }

  get noiseLines(): number {
    return this.reader.noiseLines;
  }

  /** From now on the messages with this session id are for `ear`. */
  addEar(agentSessionId: string, ear: SessionEar): void {
    this.firstEar ??= ear;
    this.isShared ||= this.firstEar !== ear;
    this.ears.set(agentSessionId, ear);
  }

  removeEar(agentSessionId: string): void {
    this.ears.delete(agentSessionId);
  }

  /**
   * Holds up the reading of this agent until the stream's reader has caught up. All its sessions wait then, for they share
   * one pipe; a turn that is stopped or left holds up nobody.
   */
  holdFor(stream: TurnStream): void {
    this.fullStreams.add(stream);
  }

  /**
   * Ends the process: its turns at once, by `fault`; then stdin is closed, SIGTERM, SIGKILL, and a sweep by its marker.
   * Resolves with `gone`. Repeated calls share the first one's reason.
   */
  async stop(fault: AgentFault): Promise<void> {
    if (this.fault === undefined) {
      this.end(fault);
      void this.takeDown();
    }
    await this.gone;
  }

  private async spawn(): Promise<void> {
    const { supervisor, directory, limits } = this.around;
    const { agent, argv } = this.launch;
    await mkdir(directory, { recursive: true, mode: 0o700 });
    this.marker = await supervisor.newMarker('agent', agent);
    if (this.fault !== undefined) throw this.fault;
    const [command, ...args] = argv;
    this.child = supervisor.spawn({
      label: `agent ${agent}`,
      command,
      args,
      cwd: directory,
      marker: this.marker,
      maxLineBytes: limits.maxLineBytes,
    });
    void this.read(this.child);
  }

  private async start(): Promise<AgentFacts> {
    const { agent } = this.launch;
    const { initializeMs: timeoutMs } = this.around.limits;
    try {
      await this.launched;
      const answer = await this.peer.call('initialize', INITIALIZE, { timeoutMs });
      if (answer.protocolVersion !== PROTOCOL_VERSION) {
        throw new Error(`it speaks version ${JSON.stringify(answer.protocolVersion)} of ACP, not 1`);
      }
      this.facts = readFacts(answer);
      return this.facts;
    } catch (error) {
      const fault =
        error instanceof AgentFault
          ? error
          : new AgentFault(
              'agent_start_failed',
              `agent ${agent} could not be started: ${this.around.told(messageOf(error))}`,
              { stderr: this.stderr(), cause: error },
            );
      void this.stop(fault);
      throw fault;
    }
  }

  private async read(child: SupervisedProcess): Promise<void> {
    for await (const batch of child.lineBatches) {
      for (const line of batch) {
        if (line.kind === 'overflow') {
          const text = `stdout line exceeded ${this.around.limits.maxLineBytes} bytes`;
          void this.stop(new AgentFault('output_too_large', `agent ${this.launch.agent}: ${text}`));
          return;
        }
        const message = this.reader.read(line.text);
        if (message !== undefined) this.take(message);
      }
      if (this.fullStreams.size > 0) await this.catchUp();
    }
    await this.outputEnded(child);
  }

  private async catchUp(): Promise<void> {
    for (const stream of this.fullStreams) {
      await stream.drained();
      this.fullStreams.delete(stream);
    }
  }

  private take(message: AgentMessage): void {
    const { method, params, id } = message.value;
    if (typeof method !== 'string') {
      this.peer.takeReply(message);
      return;
    }
    const sessionId = isJsonObject(params) ? params.sessionId : undefined;
    const ear = typeof sessionId === 'string' ? this.ears.get(sessionId) : undefined;
    if (id === undefined) ear?.hear(message);
    else if (ear === undefined) this.peer.refuse(id, method);
    else ear.hearRequest(message, method);
  }

  private write(line: string, unsent?: () => void): void {
    const { child } = this;
    if (child === undefined) return;
    void child.write(line).then((isWritten) => {
      if (isWritten) return;
      unsent?.();
      // Closed by the agent, or its end is about to be noticed; either way it can hear nothing more.
      void this.outputEnded(child);
    });
  }

  private async outputEnded(child: SupervisedProcess): Promise<void> {
    if (this.fault !== undefined) return;
    const exit = await exitWithin(child, EXIT_AFTER_OUTPUT_MS);
    void this.stop(this.faultOf(exit));
  }

  private faultOf(exit: ExitStatus | undefined): AgentFault {
    const { agent } = this.launch;
    const stderr = this.stderr();
    if (exit === undefined) {
      return new AgentFault('agent_died', `agent ${agent} closed its connection`, { stderr });
    }
    if (exit.spawnError !== null) {
      const { code = 'unknown error' } = exit.spawnError;
      const text = `agent ${agent} could not be started (${code})`;
      const isMissing = code === 'ENOENT' || code === 'EACCES';
      return new AgentFault(isMissing ? 'agent_not_installed' : 'agent_start_failed', text);
    }
    const how =
      exit.code === null ? `was ended by ${exit.signal ?? 'a signal'}` : `ended with exit code ${exit.code}`;
    return new AgentFault('agent_died', `agent ${agent} ${how}`, { stderr });
  }

  /** Tells everybody who waits for this agent, at once. */
  private end(fault: AgentFault): void {
    this.fault = fault;
    this.peer.end(fault);
    const ears = [...this.ears.values()];
    this.ears.clear();
    for (const ear of ears) ear.processEnded(fault);
    if (this.noiseLines > 0) {
      this.around.warn('an agent printed lines that are no JSON objects', {
        agent: this.launch.agent,
        lines: this.noiseLines,
      });
    }
  }

  private async takeDown(): Promise<void> {
    const { endInputMs, killGraceMs } = this.around.limits;
    await this.launched.catch(() => undefined);
    const { child, marker } = this;
    if (child !== undefined) {
      child.drainOutput();
      child.endInput();
      if ((await exitWithin(child, endInputMs)) === undefined) await child.stop(killGraceMs);
    }
    if (marker !== undefined) await this.around.supervisor.forget(marker);
    this.resolveGone();
  }

  /** Nothing where sessions have shared the process: it may speak of another app's session. The log has it. */
  private stderr(): string {
    const stderr = this.around.told(this.child?.stderrTail() ?? '');
    if (!this.isShared || stderr === '') return stderr;
    this.around.warn('an agent process of several sessions wrote this before it ended', {
      agent: this.launch.agent,
      stderr,
    });
    return '';
  }
}

/** How the process ended; undefined when it did not within `withinMs` milliseconds. */
function exitWithin(child: SupervisedProcess, withinMs: number): Promise<ExitStatus | undefined> {
  return new Promise((resolve) => {
    const timer = setTimeout(() => resolve(undefined), withinMs);
    void child.exited.then((exit) => {
      clearTimeout(timer);
      resolve(exit);
    });
  });
}
