import { Injectable } from '@nestjs/common';
import { MoreThan } from 'typeorm';
import { decodeCursor, type Page, pageOf } from '../core/cursor.js';
import { GatewayError } from '../core/errors.js';
import { Ledger } from '../database/ledger.js';
import { TurnEntity } from './turn.entity.js';

const CURSOR_LIST = 'turns';

/** Reads turns from the ledger. Whether their session is the caller's is for the caller of these to know. */
@Injectable()
export class TurnStore {
  constructor(private readonly ledger: Ledger) {}

  /** @throws GatewayError `turn_not_found`. */
  async find(sessionId: string, turnId: string): Promise<TurnEntity> {
    const row = await this.ledger.read((manager) => manager.findOneBy(TurnEntity, { id: turnId, sessionId }));
    if (row === null) throw new GatewayError('turn_not_found', 'this session has no such turn');
    return row;
  }

  /** In the order of their indices. @throws GatewayError `invalid_cursor`. */
  async page(sessionId: string, after: string | undefined, limit: number): Promise<Page<TurnEntity>> {
    const [afterIndex] = after === undefined ? [0] : decodeCursor(CURSOR_LIST, after, ['number'] as const);
    const rows = await this.ledger.read((manager) =>
      manager.find(TurnEntity, {
        where: { sessionId, turnIndex: MoreThan(afterIndex) },
        order: { turnIndex: 'ASC' },
        take: limit + 1,
      }),
    );
    return pageOf(CURSOR_LIST, rows, limit, (row) => row.turnIndex);
  }
}
