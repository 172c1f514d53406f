/**
 * The audit trail of tokens without indexes in the embedded database: every login writes two entries and in time deletes
 * two, and keeping the indexes cost four times what the entries do. It is of limited length, and walked in windows of its
 * key. PostgreSQL keeps them: several nodes read what all of them have written.
 */
import { type Kysely, sql } from 'kysely';
import type { Dialect } from '../database.ts';

export async function up(db: Kysely<unknown>, dialect: Dialect): Promise<void> {
  if (dialect === 'postgres') return;
  await sql`DROP INDEX token_events_by_user`.execute(db);
  await sql`DROP INDEX token_events_by_kind`.execute(db);
}
