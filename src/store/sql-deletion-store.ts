/** Users' deletions of messages in SQL, for both dialects; they are read with the messages, by sql-message-store.ts. */
import type { Database } from '../database/database.ts';
import type { Transaction } from '../kernel/unit-of-work.ts';
import type { DeletionStore } from '../log/deletion-store.ts';
import { inChunksWithin } from './sql-lists.ts';

export class SqlDeletionStore implements DeletionStore {
  readonly #db: Database;

  constructor(db: Database) {
    this.#db = db;
  }

  async delete(tx: Transaction, userID: string, logID: string, seqs: readonly number[]): Promise<readonly number[]> {
    const rows = await inChunksWithin(seqs, (chunk) =>
      this.#db
        .executor(tx)
        .insertInto('message_deletions')
        .columns(['conversation_id', 'seq', 'user_id'])
        .expression((stored) =>
          stored
            .selectFrom('messages')
            .select(['conversation_id', 'seq', ({ val }) => val(userID).as('user_id')])
            .where('conversation_id', '=', logID)
            .where('seq', 'in', chunk),
        )
        .onConflict((conflict) => conflict.columns(['conversation_id', 'seq', 'user_id']).doNothing())
        .returning('seq')
        .execute(),
    );
    return rows.map(({ seq }) => seq);
  }

  async deletedAmong(
    tx: Transaction,
    userID: string,
    logID: string,
    seqs: readonly number[],
  ): Promise<ReadonlySet<number>> {
    const rows = await inChunksWithin(seqs, (chunk) =>
      this.#db
        .executor(tx)
        .selectFrom('message_deletions')
        .select('seq')
        .where('conversation_id', '=', logID)
        .where('user_id', '=', userID)
        .where('seq', 'in', chunk)
        .execute(),
    );
    return new Set(rows.map(({ seq }) => seq));
  }

  async forget(tx: Transaction, logID: string, seqs: readonly number[]): Promise<void> {
    const deletions = this.#db.executor(tx).deleteFrom('message_deletions').where('conversation_id', '=', logID);
    await inChunksWithin(seqs, (chunk) => deletions.where('seq', 'in', chunk).execute());
  }
}
