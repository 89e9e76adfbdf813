import { Injectable } from '@nestjs/common';
import { In, LessThanOrEqual } from 'typeorm';
import { Clock } from '../common/clock.js';
import { LateWriter } from '../database/late-writer.js';
import { Ledger } from '../database/ledger.js';
import { IdempotencyAnswerEntity, IdempotencyKeyEntity } from './idempotency-key.entity.js';
import type { KeptAnswer } from './kept-answer.js';
import type { KeyedRequest } from './keyed-request.js';

/** How long a key is kept: from the request on while it has no answer, then from the answer on. */
const KEPT_MS = 24 * 3600 * 1000;

const PIECE_BYTES = 1024 * 1024;
const DELETED_AT_ONCE = 100;

/** Writes and reads keys and their answers. */
@Injectable()
export class IdempotencyLedger {
  constructor(
    private readonly ledger: Ledger,
    private readonly lateWriter: LateWriter,
    private readonly clock: Clock,
  ) {}

  /**
   * Takes a key, or finds who has it.
   * @param isRunning whether the request of a row still runs; then the row does not expire.
   * @param onTaken called within the transaction when the key is the caller's, so that nobody finds the row before.
   * @returns null when it was taken, else the row that has it.
   */
  take(
    request: KeyedRequest,
    isRunning: (id: number) => boolean,
    onTaken: (id: number) => void,
  ): Promise<IdempotencyKeyEntity | null> {
    const { appName, method, path, key, bodySha256 } = request;
    return this.ledger.write(async (manager) => {
      const nowMs = this.clock.nowMs();
      const found = await manager.findOneBy(IdempotencyKeyEntity, { appName, method, path, key });
      if (found !== null && (found.keptUntilMs > nowMs || isRunning(found.id))) return found;
      if (found !== null) await manager.delete(IdempotencyKeyEntity, { id: found.id });
      const row = { appName, method, path, key, bodySha256, keptUntilMs: nowMs + KEPT_MS };
      const inserted = await manager.insert(IdempotencyKeyEntity, row);
      onTaken(inserted.identifiers[0]?.id as number);
      return null;
    });
  }

  /**
   * Commits an answer. Its last piece goes with the status, so an answer is there whole or not at all.
   * @param onKept called within the transaction that completes it.
   * @throws GatewayError `storage_unavailable` when it could not be recorded now; it will be later.
   */
  async keep(id: number, answer: KeptAnswer, onKept: () => void): Promise<void> {
    const body = Buffer.from(answer.body);
    const pieces: Buffer[] = [];
    for (let at = 0; at < body.length; at += PIECE_BYTES) pieces.push(body.subarray(at, at + PIECE_BYTES));
    let stored = 0;
    try {
      for (; stored < pieces.length - 1; stored += 1) {
        const row = { keyId: id, piece: stored, bytes: pieces[stored] };
        await this.ledger.write((manager) => manager.insert(IdempotencyAnswerEntity, row));
      }
    } catch {
      // What is missing is written with the last piece, now or later.
    }
    await this.lateWriter.write('the answer to a keyed request', async (manager) => {
      for (const [piece, bytes] of pieces.entries()) {
        if (piece >= stored) await manager.insert(IdempotencyAnswerEntity, { keyId: id, piece, bytes });
      }
      await manager.update(
        IdempotencyKeyEntity,
        { id },
        {
          status: answer.status,
          headers: JSON.stringify(answer.headers),
          keptUntilMs: this.clock.nowMs() + KEPT_MS,
        },
      );
      onKept();
    });
  }

  /**
   * Makes a key free again.
   * @throws GatewayError `storage_unavailable` when it could not be recorded now; it will be later.
   */
  async release(id: number, onReleased: () => void): Promise<void> {
    await this.lateWriter.write('the release of an idempotency key', async (manager) => {
      await manager.delete(IdempotencyKeyEntity, { id });
      onReleased();
    });
  }

  /** The answer of a row; undefined when its request has none. */
  async answerOf(row: IdempotencyKeyEntity): Promise<KeptAnswer | undefined> {
    const { id, status, headers } = row;
    if (status === null) return undefined;
    const pieces = await this.ledger.read((manager) =>
      manager.find(IdempotencyAnswerEntity, { where: { keyId: id }, order: { piece: 'ASC' } }),
    );
    return {
      status,
      headers: JSON.parse(headers ?? '{}') as Record<string, string>,
      body: Buffer.concat(pieces.map(({ bytes }) => bytes)).toString('utf8'),
    };
  }

  /** Deletes the rows that are kept no longer, page by page. @returns how many. */
  async deleteExpired(nowMs: number, isRunning: (id: number) => boolean): Promise<number> {
    let deleted = 0;
    for (;;) {
      const count = await this.ledger.write(async (manager) => {
        const expired = await manager.find(IdempotencyKeyEntity, {
          select: { id: true },
          where: { keptUntilMs: LessThanOrEqual(nowMs) },
          order: { keptUntilMs: 'ASC' },
          take: DELETED_AT_ONCE,
        });
        const ids = expired.map(({ id }) => id).filter((id) => !isRunning(id));
        if (ids.length > 0) await manager.delete(IdempotencyKeyEntity, { id: In(ids) });
        return ids.length;
      });
      deleted += count;
      if (count < DELETED_AT_ONCE) return deleted;
    }
  }
}
