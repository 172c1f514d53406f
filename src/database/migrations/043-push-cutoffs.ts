/** Cutoffs of everybody whose devices are still to be deleted: nobody is woken there meanwhile. */
import { type Kysely, sql } from 'kysely';
import type { Dialect } from '../database.ts';

export async function up(db: Kysely<unknown>, dialect: Dialect): Promise<void> {
  const text = dialect === 'postgres' ? 'text COLLATE "C"' : 'text';
  const clustered = dialect === 'postgres' ? '' : 'WITHOUT ROWID';
  await sql
    .raw(
      `CREATE TABLE push_cutoffs (
        platform_id integer NOT NULL,
        not_before bigint NOT NULL,
        done_user_id ${text} NOT NULL DEFAULT '',
        done_platform_id integer NOT NULL DEFAULT 0,
        PRIMARY KEY (platform_id, not_before)
      ) ${clustered}`,
    )
    .execute(db);
}
