/** Settings that were changed at run time, who did it, and the order to restart. */
import { type Kysely, sql } from 'kysely';
import type { Dialect } from '../database.ts';

export async function up(db: Kysely<unknown>, dialect: Dialect): Promise<void> {
  const text = dialect === 'postgres' ? 'text COLLATE "C"' : 'text';
  const clustered = dialect === 'postgres' ? '' : 'WITHOUT ROWID';
  for (const statement of [
    `CREATE TABLE settings_state (
      id integer PRIMARY KEY CHECK (id = 1),
      version bigint NOT NULL,
      is_enabled integer NOT NULL,
      restarts bigint NOT NULL
    )`,
    'INSERT INTO settings_state (id, version, is_enabled, restarts) VALUES (1, 0, 1, 0)',
    `CREATE TABLE settings (
      name ${text} PRIMARY KEY,
      value text NOT NULL
    ) ${clustered}`,
    `CREATE TABLE settings_changes (
      version bigint NOT NULL,
      name ${text} NOT NULL,
      before text NOT NULL,
      after text NOT NULL,
      at bigint NOT NULL,
      user_id text NOT NULL,
      operation_id text NOT NULL,
      PRIMARY KEY (version, name)
    ) ${clustered}`,
  ]) {
    await sql.raw(statement).execute(db);
  }
}
