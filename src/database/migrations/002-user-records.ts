/** What back ends and users keep about users: client configuration and user commands. */
import { type Kysely, sql } from 'kysely';
import type { Dialect } from '../database.ts';

export async function up(db: Kysely<unknown>, dialect: Dialect): Promise<void> {
  const text = dialect === 'postgres' ? 'text COLLATE "C"' : 'text';
  const clustered = dialect === 'sqlite' ? 'WITHOUT ROWID' : '';

  for (const statement of [
    // user_id '' is everybody. Lists of all users' entries go by key, a user's own by user.
    `CREATE TABLE client_configs (
      config_key ${text} NOT NULL,
      user_id ${text} NOT NULL,
      value text NOT NULL,
      PRIMARY KEY (config_key, user_id)
    ) ${clustered}`,
    'CREATE INDEX client_configs_by_user ON client_configs (user_id, config_key)',
    `CREATE TABLE user_commands (
      user_id ${text} NOT NULL,
      type integer NOT NULL,
      uuid ${text} NOT NULL,
      value text NOT NULL,
      ex text NOT NULL,
      created_at bigint NOT NULL,
      PRIMARY KEY (user_id, type, uuid)
    ) ${clustered}`,
  ]) {
    await sql.raw(statement).execute(db);
  }
}
