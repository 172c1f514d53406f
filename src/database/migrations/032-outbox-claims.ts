/** Who works off which of the outbox's keys, where there are several nodes; those have PostgreSQL. */
import { type Kysely, sql } from 'kysely';
import type { Dialect } from '../database.ts';

export async function up(db: Kysely<unknown>, dialect: Dialect): Promise<void> {
  if (dialect !== 'postgres') return;
  await sql
    .raw(`CREATE TABLE outbox_claims (
      item_key text COLLATE "C" NOT NULL PRIMARY KEY,
      fence text COLLATE "C" NOT NULL,
      held_until bigint NOT NULL
    ) WITH (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 2000)`)
    .execute(db);
  await sql.raw('CREATE INDEX outbox_of_key ON outbox (item_key, id)').execute(db);
}
