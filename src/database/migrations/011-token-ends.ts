/** What ended tokens before their time, for when Redis, which knows it too, has forgotten. */
import { type Kysely, sql } from 'kysely';
import type { Dialect } from '../database.ts';

export async function up(db: Kysely<unknown>, dialect: Dialect): Promise<void> {
  const text = dialect === 'postgres' ? 'text COLLATE "C"' : 'text';
  const clustered = dialect === 'postgres' ? '' : 'WITHOUT ROWID';
  for (const statement of [
    `CREATE TABLE token_ends (
      user_id ${text} NOT NULL,
      jti ${text} NOT NULL,
      platform_id integer NOT NULL,
      state text NOT NULL,
      reason text NOT NULL,
      issued_at bigint NOT NULL,
      expires_at bigint NOT NULL,
      accepted_until bigint NOT NULL,
      PRIMARY KEY (user_id, jti)
    ) ${clustered}`,
    'CREATE INDEX token_ends_by_expiry ON token_ends (expires_at)',
    `CREATE TABLE token_end_cutoffs (
      user_id ${text} NOT NULL,
      platform_id integer NOT NULL,
      not_before bigint NOT NULL,
      keep_until bigint NOT NULL,
      PRIMARY KEY (user_id, platform_id)
    ) ${clustered}`,
  ]) {
    await sql.raw(statement).execute(db);
  }
}
