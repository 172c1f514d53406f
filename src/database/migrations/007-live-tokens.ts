/** Indexes of what is live, what is in its grace, and the order of a user's tokens: no login reads what has ended. */
import { type Kysely, sql } from 'kysely';

export async function up(db: Kysely<unknown>): Promise<void> {
  for (const statement of [
    `CREATE INDEX tokens_live ON tokens (user_id, expires_at) WHERE state = 'live'`,
    `CREATE INDEX tokens_superseded ON tokens (user_id, accepted_until) WHERE state = 'superseded'`,
    'CREATE INDEX tokens_by_order ON tokens (user_id, issue_order, jti)',
  ]) {
    await sql.raw(statement).execute(db);
  }
}
