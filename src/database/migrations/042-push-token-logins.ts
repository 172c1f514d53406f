/** When the login of a device began, by which cutoffs judge it: it may have registered the device long afterwards. */
import { type Kysely, sql } from 'kysely';

export async function up(db: Kysely<unknown>): Promise<void> {
  for (const statement of [
    'ALTER TABLE push_tokens ADD COLUMN login_at bigint NOT NULL DEFAULT 0',
    // What it was for walks over all of them: a cutoff of everybody.
    'DROP INDEX push_tokens_registered',
  ]) {
    await sql.raw(statement).execute(db);
  }
}
