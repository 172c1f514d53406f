/** What a node has committed and the others may not have heard of yet. Only nodes write it, and those have PostgreSQL. */
import { type Kysely, sql } from 'kysely';
import type { Dialect } from '../database.ts';

export async function up(db: Kysely<unknown>, dialect: Dialect): Promise<void> {
  if (dialect !== 'postgres') return;
  // Everything in it is gone after a minute: by numbers of rows, not by parts of a table that is empty now and then.
  await sql
    .raw(`CREATE TABLE outgoing (
      node text COLLATE "C" NOT NULL,
      id bigint NOT NULL,
      at bigint NOT NULL,
      logs text[] NOT NULL,
      entries text NOT NULL,
      transaction xid8 NOT NULL DEFAULT pg_current_xact_id(),
      PRIMARY KEY (node, id)
    ) WITH (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 2000)`)
    .execute(db);
}
