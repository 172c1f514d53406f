/** What tells a commit whose answer was lost from one that was undone; see commit-marks.ts. PostgreSQL only. */
import { type Kysely, sql } from 'kysely';
import type { Dialect } from '../database.ts';

export async function up(db: Kysely<unknown>, dialect: Dialect): Promise<void> {
  if (dialect !== 'postgres') return;
  // Room in the page, so that a mark is changed in place.
  await sql`CREATE TABLE commit_marks (slot text PRIMARY KEY, mark bigint NOT NULL, made_at timestamptz NOT NULL)
    WITH (fillfactor = 50)`.execute(db);
}
