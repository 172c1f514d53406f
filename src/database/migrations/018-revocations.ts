/** Messages that were taken back. They stay as they are: who reads them is shown the revocation instead. */
import { type Kysely, sql } from 'kysely';
import type { Dialect } from '../database.ts';

export async function up(db: Kysely<unknown>, dialect: Dialect): Promise<void> {
  const text = dialect === 'postgres' ? 'text COLLATE "C"' : 'text';
  const clustered = dialect === 'postgres' ? '' : 'WITHOUT ROWID';
  await sql
    .raw(`CREATE TABLE message_revocations (
      conversation_id ${text} NOT NULL,
      seq bigint NOT NULL,
      revoker_id text NOT NULL,
      revoker_nickname text NOT NULL,
      revoker_role integer NOT NULL,
      revoked_at bigint NOT NULL,
      PRIMARY KEY (conversation_id, seq)
    ) ${clustered}`)
    .execute(db);
}
