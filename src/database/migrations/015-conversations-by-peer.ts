/** Who has a conversation with a user. */
import { type Kysely, sql } from 'kysely';

export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`CREATE INDEX conversations_by_peer ON conversations (user_id, owner_user_id) WHERE user_id <> ''`.execute(
    db,
  );
}
