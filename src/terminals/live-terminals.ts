import { Injectable } from '@nestjs/common';
import { AuditTrail, type AuditRecord } from '../audit/audit-trail.js';
import { ClaudeCodeBackend } from '../claude-code/claude-code-backend.js';
import type { LiveSessionView } from '../claude-code/live-session.js';
import type { WatchedTerminal } from '../claude-code/terminal/watched-terminal.js';
import { GatewayError } from '../core/errors.js';
import { Ledger } from '../database/ledger.js';

/** A live session that has a terminal. */
export interface LiveTerminal extends LiveSessionView {
  readonly terminal: WatchedTerminal;
}

/** The terminals that live now. What an admin does in one is in the audit trail before it is done. */
@Injectable()
export class LiveTerminals {
  constructor(
    private readonly backend: ClaudeCodeBackend,
    private readonly ledger: Ledger,
    private readonly trail: AuditTrail,
  ) {}

  /** Oldest first. */
  list(): LiveTerminal[] {
    return this.backend.liveSessions.filter(hasTerminal);
  }

  /** @throws GatewayError `terminal_not_found`. */
  get(id: string): LiveTerminal {
    const live = this.list().find((known) => known.id === id);
    if (live === undefined) {
      throw new GatewayError('terminal_not_found', 'there is no live terminal of this id');
    }
    return live;
  }

  /**
   * Presses keys: `input` as a terminal sends them, `detail` as they are told in the audit trail.
   * @throws GatewayError `terminal_not_found`, `storage_unavailable`.
   */
  async type(id: string, input: string, detail: Record<string, unknown>): Promise<void> {
    const live = this.get(id);
    await this.record({ event: 'terminal_keys', appName: live.app, sessionId: id, detail });
    this.get(id).terminal.type(input);
  }

  /** @throws GatewayError `terminal_not_found`, `storage_unavailable`. */
  async resize(id: string, columns: number, rows: number): Promise<void> {
    const live = this.get(id);
    const detail = { cols: columns, rows };
    await this.record({ event: 'terminal_resize', appName: live.app, sessionId: id, detail });
    this.get(id).terminal.resize(columns, rows);
  }

  private record(record: AuditRecord): Promise<void> {
    return this.ledger.write((manager) => this.trail.record(manager, record));
  }
}

function hasTerminal(live: LiveSessionView): live is LiveTerminal {
  return live.terminal !== null;
}
