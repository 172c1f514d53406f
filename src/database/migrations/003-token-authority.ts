/** Tokens get a device and a last use; cutoffs; the audit trail of tokens. */
import { type Kysely, sql } from 'kysely';
import type { Dialect } from '../database.ts';

export async function up(db: Kysely<unknown>, dialect: Dialect): Promise<void> {
  const text = dialect === 'postgres' ? 'text COLLATE "C"' : 'text';
  const serial = dialect === 'postgres' ? 'bigint GENERATED ALWAYS AS IDENTITY' : 'integer';
  const clustered = dialect === 'sqlite' ? 'WITHOUT ROWID' : '';

  for (const statement of [
    `ALTER TABLE tokens ADD COLUMN device_name text NOT NULL DEFAULT ''`,
    'ALTER TABLE tokens ADD COLUMN last_seen_at bigint NOT NULL DEFAULT 0',
    // user_id '' is everyone, platform_id 0 every platform.
    `CREATE TABLE token_cutoffs (
      user_id ${text} NOT NULL,
      platform_id integer NOT NULL,
      not_before bigint NOT NULL,
      keep_until bigint NOT NULL,
      PRIMARY KEY (user_id, platform_id)
    ) ${clustered}`,
    `CREATE TABLE token_events (
      id ${serial} NOT NULL PRIMARY KEY,
      at bigint NOT NULL,
      kind text NOT NULL,
      user_id ${text} NOT NULL,
      platform_id integer NOT NULL,
      jti text NOT NULL,
      actor text NOT NULL,
      reason text NOT NULL,
      operation_id text NOT NULL
    )`,
    'CREATE INDEX token_events_by_user ON token_events (user_id, id)',
    'CREATE INDEX token_events_by_kind ON token_events (kind, id)',
  ]) {
    await sql.raw(statement).execute(db);
  }
}
