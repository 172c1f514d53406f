/** What edited messages said before each edit. */
import { type Kysely, sql } from 'kysely';
import type { Dialect } from '../database.ts';

export async function up(db: Kysely<unknown>, dialect: Dialect): Promise<void> {
  const text = dialect === 'postgres' ? 'text COLLATE "C"' : 'text';
  const clustered = dialect === 'postgres' ? '' : 'WITHOUT ROWID';
  await sql
    .raw(`CREATE TABLE message_edits (
      conversation_id ${text} NOT NULL,
      seq bigint NOT NULL,
      version integer NOT NULL,
      earlier_text text NOT NULL,
      edited_at bigint NOT NULL,
      PRIMARY KEY (conversation_id, seq, version)
    ) ${clustered}`)
    .execute(db);
}
