/** Which process does what runs by the clock; and when a conversation's messages are next looked at that are to end by it. */
import { type Kysely, sql } from 'kysely';
import type { Dialect } from '../database.ts';

export async function up(db: Kysely<unknown>, dialect: Dialect): Promise<void> {
  const text = dialect === 'postgres' ? 'text COLLATE "C"' : 'text';
  const clustered = dialect === 'postgres' ? '' : 'WITHOUT ROWID';
  for (const statement of [
    `CREATE TABLE leases (
      name ${text} PRIMARY KEY,
      holder text NOT NULL,
      fence bigint NOT NULL,
      held_until bigint NOT NULL
    ) ${clustered}`,
    'ALTER TABLE conversations ADD COLUMN destruct_due_at bigint NOT NULL DEFAULT 0',
    `CREATE INDEX conversations_destruct ON conversations (destruct_due_at)
      WHERE is_msg_destruct = 1 AND msg_destruct_time > 0`,
  ]) {
    await sql.raw(statement).execute(db);
  }
}
