/** What ends a user's tokens by their age, all but one: as token_end_cutoffs, for tokens that Redis has lost. */
import { type Kysely, sql } from 'kysely';
import type { Dialect } from '../database.ts';

export async function up(db: Kysely<unknown>, dialect: Dialect): Promise<void> {
  const text = dialect === 'postgres' ? 'text COLLATE "C"' : 'text';
  const clustered = dialect === 'postgres' ? '' : 'WITHOUT ROWID';
  await sql
    .raw(
      `CREATE TABLE token_end_cutoffs_but_one (
        user_id ${text} NOT NULL,
        platform_id integer NOT NULL,
        not_before bigint NOT NULL,
        keep_until bigint NOT NULL,
        spares ${text} NOT NULL,
        PRIMARY KEY (user_id, platform_id)
      ) ${clustered}`,
    )
    .execute(db);
}
