/** Reactions of users to messages. */
import { type Kysely, sql } from 'kysely';
import type { Dialect } from '../database.ts';

export async function up(db: Kysely<unknown>, dialect: Dialect): Promise<void> {
  const text = dialect === 'postgres' ? 'text COLLATE "C"' : 'text';
  const clustered = dialect === 'postgres' ? '' : 'WITHOUT ROWID';
  await sql
    .raw(`CREATE TABLE message_reactions (
      conversation_id ${text} NOT NULL,
      seq bigint NOT NULL,
      user_id ${text} NOT NULL,
      reaction ${text} NOT NULL,
      reacted_at bigint NOT NULL,
      PRIMARY KEY (conversation_id, seq, user_id, reaction)
    ) ${clustered}`)
    .execute(db);
}
