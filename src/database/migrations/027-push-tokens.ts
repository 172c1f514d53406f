/** Where a user's devices are woken, and what their applications show on their icons. */
import { type Kysely, sql } from 'kysely';
import type { Dialect } from '../database.ts';

export async function up(db: Kysely<unknown>, dialect: Dialect): Promise<void> {
  const text = dialect === 'postgres' ? 'text COLLATE "C"' : 'text';
  const clustered = dialect === 'postgres' ? '' : 'WITHOUT ROWID';
  for (const statement of [
    `CREATE TABLE push_tokens (
      user_id ${text} NOT NULL,
      platform_id integer NOT NULL,
      provider text NOT NULL,
      token ${text} NOT NULL,
      topic text NOT NULL,
      environment text NOT NULL,
      jti ${text} NOT NULL,
      registered_at bigint NOT NULL,
      expires_at bigint NOT NULL,
      PRIMARY KEY (user_id, platform_id)
    ) ${clustered}`,
    'CREATE INDEX push_tokens_token ON push_tokens (token)',
    'CREATE INDEX push_tokens_registered ON push_tokens (registered_at)',
    `CREATE TABLE app_badges (
      user_id ${text} PRIMARY KEY,
      count integer NOT NULL
    ) ${clustered}`,
  ]) {
    await sql.raw(statement).execute(db);
  }
}
