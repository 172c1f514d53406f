/** Which version of the program brought the schema to where it is, for one that is too old for it to name. */
import { type Kysely, sql } from 'kysely';

export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`CREATE TABLE schema_version (id smallint PRIMARY KEY CHECK (id = 1), program text NOT NULL)`.execute(db);
  await sql`INSERT INTO schema_version (id, program) VALUES (1, '')`.execute(db);
}
