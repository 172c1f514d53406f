/** What one user has under way, and has sent of late, is asked at every upload: by indexes that have just these rows. */
import { type Kysely, sql } from 'kysely';

export async function up(db: Kysely<unknown>): Promise<void> {
  const run = (statement: string) => sql.raw(statement).execute(db);
  await run('DROP INDEX IF EXISTS uploads_by_user');
  await run('CREATE INDEX IF NOT EXISTS uploads_of_late ON uploads (user_id, created_at, size)');
  await run(`CREATE INDEX IF NOT EXISTS uploads_open ON uploads (user_id, expires_at, size) WHERE completed_as = ''`);
}
