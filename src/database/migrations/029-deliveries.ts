/** What the world outside is to hear of committed changes, and which process tells it at present. */
import { type Kysely, sql } from 'kysely';
import type { Dialect } from '../database.ts';

export async function up(db: Kysely<unknown>, dialect: Dialect): Promise<void> {
  const serial = dialect === 'postgres' ? 'bigint GENERATED ALWAYS AS IDENTITY' : 'integer';
  // Operators name parked rows by their IDs: none is given out again once its row is gone.
  const neverAgain = dialect === 'postgres' ? '' : 'AUTOINCREMENT';
  const text = dialect === 'postgres' ? 'text COLLATE "C"' : 'text';
  const clustered = dialect === 'postgres' ? '' : 'WITHOUT ROWID';
  for (const statement of [
    `CREATE TABLE deliveries (
      id ${serial} NOT NULL PRIMARY KEY ${neverAgain},
      topic ${text} NOT NULL,
      item_key ${text} NOT NULL,
      delivery_id text NOT NULL,
      payload text NOT NULL,
      created_at bigint NOT NULL,
      attempts bigint NOT NULL DEFAULT 0,
      failure text NOT NULL DEFAULT '',
      parked_at bigint,
      is_replayed smallint NOT NULL DEFAULT 0
    )`,
    'CREATE INDEX deliveries_open ON deliveries (topic, item_key, id) WHERE parked_at IS NULL',
    'CREATE INDEX deliveries_parked ON deliveries (topic, id) WHERE parked_at IS NOT NULL',
    `CREATE TABLE delivery_keys (
      topic ${text} NOT NULL,
      item_key ${text} NOT NULL,
      due_at bigint NOT NULL,
      held_until bigint NOT NULL DEFAULT 0,
      fence text NOT NULL DEFAULT '',
      PRIMARY KEY (topic, item_key)
    ) ${clustered}`,
    'CREATE INDEX delivery_keys_due ON delivery_keys (topic, due_at)',
  ]) {
    await sql.raw(statement).execute(db);
  }
}
