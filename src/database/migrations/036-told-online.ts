/** On which platforms users are online as far as the operator's receiver was told. */
import { type Kysely, sql } from 'kysely';
import type { Dialect } from '../database.ts';

export async function up(db: Kysely<unknown>, dialect: Dialect): Promise<void> {
  const text = dialect === 'postgres' ? 'text COLLATE "C"' : 'text';
  const clustered = dialect === 'postgres' ? '' : 'WITHOUT ROWID';
  await sql
    .raw(
      `CREATE TABLE told_online (
        user_id ${text} NOT NULL,
        platform_id integer NOT NULL,
        conn_id text NOT NULL,
        PRIMARY KEY (user_id, platform_id)
      ) ${clustered}`,
    )
    .execute(db);
}
