/** What committed changes still have to cause outside their own transactions. */
import { type Kysely, sql } from 'kysely';
import type { Dialect } from '../database.ts';

export async function up(db: Kysely<unknown>, dialect: Dialect): Promise<void> {
  const serial = dialect === 'postgres' ? 'bigint GENERATED ALWAYS AS IDENTITY' : 'integer';
  const text = dialect === 'postgres' ? 'text COLLATE "C"' : 'text';
  await sql
    .raw(
      `CREATE TABLE outbox (
        id ${serial} NOT NULL PRIMARY KEY,
        topic ${text} NOT NULL,
        item_key ${text} NOT NULL,
        payload text NOT NULL,
        created_at bigint NOT NULL
      )`,
    )
    .execute(db);
}
