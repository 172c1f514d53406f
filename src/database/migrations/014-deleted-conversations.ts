/** Conversations that their owners have deleted, until the next message. */
import { type Kysely, sql } from 'kysely';

export async function up(db: Kysely<unknown>): Promise<void> {
  for (const statement of [
    'ALTER TABLE conversations ADD COLUMN deleted_seq bigint NOT NULL DEFAULT -1',
    'CREATE INDEX conversations_deleted ON conversations (owner_user_id) WHERE deleted_seq >= 0',
  ]) {
    await sql.raw(statement).execute(db);
  }
}
