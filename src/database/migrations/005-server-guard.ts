/** The number that tells the one process which may write from those that were it before; see postgres-guard.ts. */
import { type Kysely, sql } from 'kysely';
import type { Dialect } from '../database.ts';

export async function up(db: Kysely<unknown>, dialect: Dialect): Promise<void> {
  if (dialect === 'sqlite') return;
  await sql`CREATE TABLE server_guard (id smallint PRIMARY KEY CHECK (id = 1), fence bigint NOT NULL)`.execute(db);
  await sql`INSERT INTO server_guard (id, fence) VALUES (1, 0)`.execute(db);
}
