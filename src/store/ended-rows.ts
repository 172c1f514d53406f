/** Deleting what tokens leave behind once it has ended. */
import { sql } from 'kysely';
import type { Database } from '../database/database.ts';

export interface EndedRows {
  readonly table: 'tokens' | 'token_ends' | 'token_cutoffs' | 'token_end_cutoffs' | 'token_end_cutoffs_but_one';
  readonly key: readonly ('user_id' | 'jti' | 'platform_id' | 'expires_at')[];
  /** When a row has ended. */
  readonly end: 'expires_at' | 'keep_until';
}

/** In small transactions, so that a big sweep does not keep logins waiting. @returns how many rows it was */
export async function deleteEnded(db: Database, { table, key, end }: EndedRows, now: number): Promise<number> {
  const [from, names, endsAt] = [sql.table(table), sql.join(key.map((name) => sql.ref(name))), sql.ref(end)];
  const piece = sql`DELETE FROM ${from} WHERE (${names}) IN
    (SELECT ${names} FROM ${from} WHERE ${endsAt} <= ${now} LIMIT ${rowsAtOnce})`;
  for (let deleted = 0; ; ) {
    const { numAffectedRows = 0n } = await db.transaction((tx) => piece.execute(db.executor(tx)));
    deleted += Number(numAffectedRows);
    if (numAffectedRows < rowsAtOnce) return deleted;
  }
}

const rowsAtOnce = 1000;
