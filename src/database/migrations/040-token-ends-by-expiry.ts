/**
 * Ends of tokens in the embedded database go by when the tokens expire: nearly every login writes one, and with a key
 * that begins with the user, and an index of expiries beside it, it changed two pages out of all that there are. Who
 * looks for one has the token, or only its name: such ends have an index of their own. PostgreSQL keeps its key, on which
 * nodes of the version before insert.
 */
import { type Kysely, sql } from 'kysely';
import type { Dialect } from '../database.ts';

export async function up(db: Kysely<unknown>, dialect: Dialect): Promise<void> {
  if (dialect === 'postgres') return;
  for (const statement of [
    'ALTER TABLE token_ends RENAME TO token_ends_by_user',
    `CREATE TABLE token_ends (
      expires_at bigint NOT NULL,
      user_id text NOT NULL,
      jti text NOT NULL,
      platform_id integer NOT NULL,
      state text NOT NULL,
      reason text NOT NULL,
      issued_at bigint NOT NULL,
      accepted_until bigint NOT NULL,
      key_mark text NOT NULL DEFAULT '',
      login_at bigint NOT NULL DEFAULT 0,
      successor text NOT NULL DEFAULT '',
      successor_expires_at bigint NOT NULL DEFAULT 0,
      PRIMARY KEY (expires_at, user_id, jti)
    ) WITHOUT ROWID`,
    `INSERT INTO token_ends (${columns}) SELECT ${columns} FROM token_ends_by_user ORDER BY expires_at, user_id, jti`,
    'DROP TABLE token_ends_by_user',
    // platform_id 0: known by name alone.
    'CREATE INDEX token_ends_by_name ON token_ends (user_id, jti) WHERE platform_id = 0',
  ]) {
    await sql.raw(statement).execute(db);
  }
}

const columns = `expires_at, user_id, jti, platform_id, state, reason, issued_at, accepted_until,
  key_mark, login_at, successor, successor_expires_at`;
