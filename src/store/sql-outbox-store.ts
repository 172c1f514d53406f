/** The outbox in SQL, for both dialects. Rows go as soon as they are worked off: the table is small but for a backlog. */
import type { Database } from '../database/database.ts';
import type { Transaction } from '../kernel/unit-of-work.ts';
import type { OutboxEntry, OutboxRow, OutboxStore, OutboxTopic } from '../notices/outbox-store.ts';
import { insertPieces, piecesInTurns } from './sql-lists.ts';

export class SqlOutboxStore implements OutboxStore {
  readonly #db: Database;

  constructor(db: Database) {
    this.#db = db;
  }

  async add(tx: Transaction, entries: readonly OutboxEntry[], at: number): Promise<readonly OutboxRow[]> {
    const rows: OutboxRow[] = [];
    for await (const piece of piecesInTurns(entries, {
      weigh: ({ payload }) => payload.length,
      most: maxPieceLength,
    })) {
      const values = piece.map(({ topic, key, payload }) => ({ topic, item_key: key, payload, created_at: at }));
      const written = await this.#db.executor(tx).insertInto('outbox').values(values).returning('id').execute();
      // IDs are given out in the order of the values; that they come back in it is not promised.
      const ids = written.map(({ id }) => id).sort((a, b) => a - b);
      for (const [index, entry] of piece.entries()) rows.push({ ...entry, id: ids[index] ?? 0 });
    }
    return rows;
  }

  async take(tx: Transaction, { id }: Pick<OutboxRow, 'id'>): Promise<boolean> {
    const { numDeletedRows } = await this.#db.executor(tx).deleteFrom('outbox').where('id', '=', id).executeTakeFirst();
    return numDeletedRows > 0n;
  }

  async oldest(limit: number): Promise<readonly OutboxRow[]> {
    const rows = await this.#db.reader
      .selectFrom('outbox')
      .select(['id', 'topic', 'item_key as key', 'payload'])
      .orderBy('id')
      .limit(limit)
      .execute();
    return rows.map(({ topic, ...row }) => ({ ...row, topic: topic as OutboxTopic }));
  }

  async remove(ids: readonly number[]): Promise<void> {
    await this.#db.transaction(async (tx) => {
      for (const piece of insertPieces(ids)) {
        await this.#db.executor(tx).deleteFrom('outbox').where('id', 'in', piece).execute();
      }
    });
  }
}

/** Of the payloads of one INSERT: some milliseconds. */
const maxPieceLength = 1024 * 1024;
