/** Revocations of messages in SQL, for both dialects; they are read with the messages, by sql-message-store.ts. */
import type { Database } from '../database/database.ts';
import type { Transaction } from '../kernel/unit-of-work.ts';
import type { MessageRef, Revocation } from '../log/message-store.ts';
import type { RevocationStore } from '../log/revocation-store.ts';
import { inChunksWithin } from './sql-lists.ts';

export class SqlRevocationStore implements RevocationStore {
  readonly #db: Database;

  constructor(db: Database) {
    this.#db = db;
  }

  async revoke(tx: Transaction, { logID, seq }: MessageRef, revocation: Revocation): Promise<boolean> {
    const inserted = await this.#db
      .executor(tx)
      .insertInto('message_revocations')
      .values({
        conversation_id: logID,
        seq,
        revoker_id: revocation.revokerID,
        revoker_nickname: revocation.revokerNickname,
        revoker_role: revocation.revokerRole,
        revoked_at: revocation.revokedAt,
      })
      .onConflict((conflict) => conflict.columns(['conversation_id', 'seq']).doNothing())
      .returning('seq')
      .executeTakeFirst();
    return inserted !== undefined;
  }

  async forget(tx: Transaction, logID: string, seqs: readonly number[]): Promise<void> {
    const revocations = this.#db.executor(tx).deleteFrom('message_revocations').where('conversation_id', '=', logID);
    await inChunksWithin(seqs, (chunk) => revocations.where('seq', 'in', chunk).execute());
  }
}
