/** Which calls of back ends have sent their message: what check_msg_is_send_success answers from. */
import { type Kysely, sql } from 'kysely';
import type { Dialect } from '../database.ts';

export async function up(db: Kysely<unknown>, dialect: Dialect): Promise<void> {
  const text = dialect === 'postgres' ? 'text COLLATE "C"' : 'text';
  const clustered = dialect === 'postgres' ? '' : 'WITHOUT ROWID';
  for (const statement of [
    `CREATE TABLE sent_operations (operation_id ${text} PRIMARY KEY, sent_at bigint NOT NULL) ${clustered}`,
    'CREATE INDEX sent_operations_by_time ON sent_operations (sent_at)',
  ]) {
    await sql.raw(statement).execute(db);
  }
}
