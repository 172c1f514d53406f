/**
 * Which programs may run on the schema besides the one that made it: those that know at least the schema of this number,
 * so that nodes of two versions serve side by side while one takes the place of the other.
 */
import { type Kysely, sql } from 'kysely';

export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`ALTER TABLE schema_version ADD COLUMN oldest integer NOT NULL DEFAULT 0`.execute(db);
}
