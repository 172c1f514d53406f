/** Read positions in SQL, for both dialects. All that writes them is here: appends raise those of senders. */
import { sql } from 'kysely';
import type { ReadPosition, ReadPositionStore } from '../conversations/view-store.ts';
import type { Database } from '../database/database.ts';
import type { Transaction } from '../kernel/unit-of-work.ts';

export class SqlReadPositionStore implements ReadPositionStore {
  readonly #db: Database;

  constructor(db: Database) {
    this.#db = db;
  }

  async readPosition(tx: Transaction, userID: string, logID: string): Promise<ReadPosition> {
    const row = await this.#db
      .executor(tx)
      .selectFrom('read_seqs')
      .select(['read_seq as readSeq', 'told_seq as toldSeq'])
      .where('user_id', '=', userID)
      .where('conversation_id', '=', logID)
      .executeTakeFirst();
    return { readSeq: row?.readSeq ?? 0, toldSeq: row?.toldSeq ?? 0 };
  }

  async raiseReadPosition(
    tx: Transaction,
    userID: string,
    logID: string,
    { readSeq = 0, toldSeq = 0 }: Partial<ReadPosition>,
  ): Promise<ReadPosition> {
    const row = await this.#db
      .executor(tx)
      .insertInto('read_seqs')
      .values({ user_id: userID, conversation_id: logID, read_seq: readSeq, told_seq: toldSeq })
      .onConflict((conflict) =>
        conflict
          .columns(['user_id', 'conversation_id'])
          .doUpdateSet({ read_seq: greater('read_seq'), told_seq: greater('told_seq') }),
      )
      .returning(['read_seq as readSeq', 'told_seq as toldSeq'])
      .executeTakeFirstOrThrow();
    return { readSeq: row.readSeq, toldSeq: row.toldSeq };
  }
}

/**
 * Raises a sender's position in SQLite: user, log, seq. A sender's newest message is above whatever it had read before,
 * so there is nothing to compare.
 */
export const raiseSenderInSqlite = `INSERT INTO read_seqs (user_id, conversation_id, read_seq) VALUES (?, ?, ?)
  ON CONFLICT (user_id, conversation_id) DO UPDATE SET read_seq = excluded.read_seq`;

/** Raises senders' positions in PostgreSQL, from rows `fresh` (send_id, conversation_id, seq, raises). */
export const raiseSendersInPostgres = `INSERT INTO read_seqs (user_id, conversation_id, read_seq)
  SELECT send_id, conversation_id, max(seq) FROM fresh WHERE raises GROUP BY send_id, conversation_id
  ON CONFLICT (user_id, conversation_id) DO UPDATE SET read_seq = GREATEST(read_seqs.read_seq, excluded.read_seq)`;

/** Of the stored value and the one to be inserted: neither engine's function for it is known to the other. */
function greater(column: 'read_seq' | 'told_seq') {
  const [stored, inserted] = [sql.ref(`read_seqs.${column}`), sql.ref(`excluded.${column}`)];
  return sql<number>`CASE WHEN ${inserted} > ${stored} THEN ${inserted} ELSE ${stored} END`;
}
