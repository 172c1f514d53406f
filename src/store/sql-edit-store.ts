/** The history of edited messages in SQL, for both dialects. */
import type { Database } from '../database/database.ts';
import type { Transaction } from '../kernel/unit-of-work.ts';
import type { MessageRef } from '../log/message-store.ts';
import type { Edit, EditStore } from '../messaging/edit-store.ts';
import { inChunksWithin } from './sql-lists.ts';

export class SqlEditStore implements EditStore {
  readonly #db: Database;

  constructor(db: Database) {
    this.#db = db;
  }

  async version(tx: Transaction, { logID, seq }: MessageRef): Promise<number> {
    const row = await this.#db
      .executor(tx)
      .selectFrom('message_edits')
      .select('version')
      .where('conversation_id', '=', logID)
      .where('seq', '=', seq)
      .orderBy('version', 'desc')
      .limit(1)
      .executeTakeFirst();
    return row?.version ?? 0;
  }

  async add(tx: Transaction, { logID, seq }: MessageRef, { version, earlierText, editedAt }: Edit): Promise<void> {
    await this.#db
      .executor(tx)
      .insertInto('message_edits')
      .values({ conversation_id: logID, seq, version, earlier_text: earlierText, edited_at: editedAt })
      .execute();
  }

  async list({ logID, seq }: MessageRef): Promise<readonly Edit[]> {
    const rows = await this.#db.reader
      .selectFrom('message_edits')
      .select(['version', 'earlier_text', 'edited_at'])
      .where('conversation_id', '=', logID)
      .where('seq', '=', seq)
      .orderBy('version')
      .execute();
    return rows.map(({ version, earlier_text, edited_at }) => ({
      version,
      earlierText: earlier_text,
      editedAt: edited_at,
    }));
  }

  async forget(tx: Transaction, logID: string, seqs: readonly number[]): Promise<void> {
    const edits = this.#db.executor(tx).deleteFrom('message_edits').where('conversation_id', '=', logID);
    await inChunksWithin(seqs, (chunk) => edits.where('seq', 'in', chunk).execute());
  }
}
