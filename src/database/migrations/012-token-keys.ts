/** Which key signed a token; and an end knows as much as a token of the login and of what has taken its place. */
import { type Kysely, sql } from 'kysely';

export async function up(db: Kysely<unknown>): Promise<void> {
  for (const statement of [
    `ALTER TABLE tokens ADD COLUMN key_mark text NOT NULL DEFAULT ''`,
    `ALTER TABLE token_ends ADD COLUMN key_mark text NOT NULL DEFAULT ''`,
    'ALTER TABLE token_ends ADD COLUMN login_at bigint NOT NULL DEFAULT 0',
    `ALTER TABLE token_ends ADD COLUMN successor text NOT NULL DEFAULT ''`,
    'ALTER TABLE token_ends ADD COLUMN successor_expires_at bigint NOT NULL DEFAULT 0',
  ]) {
    await sql.raw(statement).execute(db);
  }
}
