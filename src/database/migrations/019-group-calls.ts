/** Who was called in groups: the last @all and announcement of each, and how many of them each member has seen. */
import { type Kysely, sql } from 'kysely';
import type { Dialect } from '../database.ts';

export async function up(db: Kysely<unknown>, dialect: Dialect): Promise<void> {
  const text = dialect === 'postgres' ? 'text COLLATE "C"' : 'text';
  const clustered = dialect === 'postgres' ? '' : 'WITHOUT ROWID';
  for (const statement of [
    `CREATE TABLE group_calls (
      group_id ${text} PRIMARY KEY,
      calls bigint NOT NULL,
      everyone_call bigint NOT NULL DEFAULT 0,
      everyone_by ${text} NOT NULL DEFAULT '',
      everyone_call_by_others bigint NOT NULL DEFAULT 0,
      announcement_call bigint NOT NULL DEFAULT 0
    ) ${clustered}`,
    'ALTER TABLE conversations ADD COLUMN seen_calls bigint NOT NULL DEFAULT 0',
  ]) {
    await sql.raw(statement).execute(db);
  }
}
