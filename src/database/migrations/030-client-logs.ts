/** Where clients have put their logs. */
import { type Kysely, sql } from 'kysely';
import type { Dialect } from '../database.ts';

export async function up(db: Kysely<unknown>, dialect: Dialect): Promise<void> {
  const text = dialect === 'postgres' ? 'text COLLATE "C"' : 'text';
  const clustered = dialect === 'postgres' ? '' : 'WITHOUT ROWID';
  for (const statement of [
    `CREATE TABLE client_logs (
      log_id ${text} PRIMARY KEY,
      user_id ${text} NOT NULL,
      created_at bigint NOT NULL,
      platform text NOT NULL,
      url text NOT NULL,
      filename text NOT NULL,
      app_framework text NOT NULL,
      version text NOT NULL,
      ex text NOT NULL
    ) ${clustered}`,
    'CREATE INDEX client_logs_by_time ON client_logs (created_at, log_id)',
    'CREATE INDEX client_logs_by_user ON client_logs (user_id, created_at, log_id)',
  ]) {
    await sql.raw(statement).execute(db);
  }
}
