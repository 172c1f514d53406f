/** A renewed token knows the login that it goes back to, and what has taken its place. */
import { type Kysely, sql } from 'kysely';

export async function up(db: Kysely<unknown>): Promise<void> {
  for (const statement of [
    'ALTER TABLE tokens ADD COLUMN login_at bigint NOT NULL DEFAULT 0',
    `ALTER TABLE tokens ADD COLUMN successor text NOT NULL DEFAULT ''`,
    'ALTER TABLE tokens ADD COLUMN successor_expires_at bigint NOT NULL DEFAULT 0',
  ]) {
    await sql.raw(statement).execute(db);
  }
}
