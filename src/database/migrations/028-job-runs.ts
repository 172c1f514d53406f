/** When each job ran last and how that went; and since when the clocks of the servers go steadily. */
import { type Kysely, sql } from 'kysely';
import type { Dialect } from '../database.ts';

export async function up(db: Kysely<unknown>, dialect: Dialect): Promise<void> {
  const text = dialect === 'postgres' ? 'text COLLATE "C"' : 'text';
  const clustered = dialect === 'postgres' ? '' : 'WITHOUT ROWID';
  for (const statement of [
    `CREATE TABLE job_runs (
      name ${text} PRIMARY KEY,
      started_at bigint NOT NULL,
      ended_at bigint NOT NULL,
      outcome text NOT NULL,
      failure text NOT NULL,
      failures integer NOT NULL,
      done bigint NOT NULL,
      holder text NOT NULL,
      requested_at bigint NOT NULL
    ) ${clustered}`,
    `CREATE TABLE steady_clock (
      id integer PRIMARY KEY CHECK (id = 1),
      since bigint NOT NULL,
      seen_at bigint NOT NULL
    )`,
  ]) {
    await sql.raw(statement).execute(db);
  }
}
