import { invalidFields } from '../../core/errors.js';
import type { PromptResult, RunnerSession } from '../acpx-runner.js';
import type { CommandOutcome } from './acpx-command.js';
import type { AcpxCommands } from './acpx-commands.js';
import { agentSessionIdOf, createFailure, hasLostConversation } from './session-commands.js';
import { unsupportedOptions } from './unsupported-options.js';

/** Makes sessions at acpx, and remembers in which conversation of the agent each goes on. */
export class AcpxSessions {
  /** The agent's ids, as prompts told them: they win over the ledger's row, which may have been read before the last turn. */
  private readonly agentIds = new Map<string, string>();

  constructor(
    private readonly commands: AcpxCommands,
    private readonly createMs: number,
  ) {}

  /**
   * @returns the agent's id of the session; null when acpx does not tell it.
   * @throws GatewayError `agent_failed`, `agent_not_installed`.
   */
  async create(session: RunnerSession): Promise<string | null> {
    return agentSessionIdOf(this.checked(await this.commands.create(session)));
  }

  /**
   * Makes a session at an acpx that does not know it, because another runner made it or acpx lost its records. It goes on
   * with its conversation where the agent still has that; else a new one begins.
   * @throws GatewayError as `create`; `validation_failed` naming the options that another runner took.
   */
  async adopt(session: RunnerSession): Promise<void> {
    const unsupported = unsupportedOptions(session.options);
    if (unsupported.length > 0) throw invalidFields(unsupported);
    const agentId = session.hasHistory ? this.agentIdOf(session) : null;
    const outcome = await this.commands.create(session, agentId);
    if (agentId !== null && hasLostConversation(outcome)) await this.create(session);
    else this.checked(outcome);
  }

  /**
   * Takes note of the conversation that a prompt was sent to; null where acpx does not tell. Another than before means that
   * the agent could not go on with that.
   */
  sentTo(
    session: RunnerSession,
    agentId: string | null,
  ): Pick<PromptResult, 'agentSessionId' | 'contextLost'> {
    const before = this.agentIdOf(session);
    if (agentId === null || agentId === before) return { agentSessionId: null, contextLost: false };
    this.agentIds.set(session.id, agentId);
    return { agentSessionId: agentId, contextLost: session.hasHistory && before !== null };
  }

  forget(session: RunnerSession): void {
    this.agentIds.delete(session.id);
  }

  private agentIdOf(session: RunnerSession): string | null {
    return this.agentIds.get(session.id) ?? session.agentSessionId;
  }

  private checked(outcome: CommandOutcome): CommandOutcome {
    const failure = createFailure(outcome, this.createMs, (text) => this.commands.told(text));
    if (failure !== undefined) throw failure;
    return outcome;
  }
}
