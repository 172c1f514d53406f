/** Messages in the order of their times, with what is counted of them: the statistics read nothing but this index. */
import { type Kysely, sql } from 'kysely';

export async function up(db: Kysely<unknown>): Promise<void> {
  await sql.raw('CREATE INDEX messages_by_time ON messages (sent_at, conversation_id, seq, send_id)').execute(db);
}
