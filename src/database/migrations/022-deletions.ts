/**
 * Messages that users have deleted for themselves; and the newest seq that is gone, of a log for everybody, of a user's row
 * for its owner: where that is the newest of all, what is shown as the newest is an older one.
 */
import { type Kysely, sql } from 'kysely';
import type { Dialect } from '../database.ts';

export async function up(db: Kysely<unknown>, dialect: Dialect): Promise<void> {
  const text = dialect === 'postgres' ? 'text COLLATE "C"' : 'text';
  const clustered = dialect === 'postgres' ? '' : 'WITHOUT ROWID';
  for (const statement of [
    `CREATE TABLE message_deletions (
      conversation_id ${text} NOT NULL,
      seq bigint NOT NULL,
      user_id ${text} NOT NULL,
      PRIMARY KEY (conversation_id, seq, user_id)
    ) ${clustered}`,
    'ALTER TABLE conversation_seqs ADD COLUMN erased_seq bigint NOT NULL DEFAULT 0',
    'ALTER TABLE conversations ADD COLUMN hidden_seq bigint NOT NULL DEFAULT 0',
  ]) {
    await sql.raw(statement).execute(db);
  }
}
