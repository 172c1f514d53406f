/** What committed changes still have to cause outside their own transactions. */
import { type Kysely, sql } from 'kysely';
import type { Dialect } from '../database.ts';

export async function up(db: Kysely<unknown>, dialect: Dialect): Promise<void> {
  // The outbox knows rows by their IDs: none is given out again once its row is gone, as SQLite otherwise does.
  const serial = dialect === 'postgres' ? 'bigint GENERATED ALWAYS AS IDENTITY' : 'integer';
  const neverAgain = dialect === 'postgres' ? '' : 'AUTOINCREMENT';
  const text = dialect === 'postgres' ? 'text COLLATE "C"' : 'text';
  await sql
    .raw(
      `CREATE TABLE outbox (
        id ${serial} NOT NULL PRIMARY KEY ${neverAgain},
        topic ${text} NOT NULL,
        item_key ${text} NOT NULL,
        payload text NOT NULL,
        created_at bigint NOT NULL
      )`,
    )
    .execute(db);
}
