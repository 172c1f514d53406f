/** Up to where a reader has told its peer of its reading, and when the newest message of a conversation was sent. */
import { type Kysely, sql } from 'kysely';

export async function up(db: Kysely<unknown>): Promise<void> {
  for (const statement of [
    // 0: what was passed over without a receipt before there was this column is made up for at the next reading.
    'ALTER TABLE read_seqs ADD COLUMN told_seq bigint NOT NULL DEFAULT 0',
    'ALTER TABLE conversation_seqs ADD COLUMN last_sent_at bigint NOT NULL DEFAULT 0',
    `UPDATE conversation_seqs SET last_sent_at = COALESCE((
      SELECT sent_at FROM messages AS m
      WHERE m.conversation_id = conversation_seqs.conversation_id AND m.seq = conversation_seqs.max_seq
    ), 0)`,
  ]) {
    await sql.raw(statement).execute(db);
  }
}
