/** The newest calls of groups in SQL, one row per group, for both dialects. */
import { sql } from 'kysely';
import type { GroupCallStore } from '../conversations/group-calls.ts';
import type { Database } from '../database/database.ts';
import type { Transaction } from '../kernel/unit-of-work.ts';

export class SqlGroupCallStore implements GroupCallStore {
  readonly #db: Database;

  constructor(db: Database) {
    this.#db = db;
  }

  async callEveryone(tx: Transaction, groupID: string, callerID: string): Promise<void> {
    await this.#db
      .executor(tx)
      .insertInto('group_calls')
      .values({ group_id: groupID, calls: 1, everyone_call: 1, everyone_by: callerID })
      .onConflict((conflict) =>
        conflict.column('group_id').doUpdateSet({
          calls: nextCall,
          everyone_call: nextCall,
          everyone_by: callerID,
          everyone_call_by_others: sql<number>`CASE WHEN group_calls.everyone_by = excluded.everyone_by
            THEN group_calls.everyone_call_by_others ELSE group_calls.everyone_call END`,
        }),
      )
      .execute();
  }

  async announce(tx: Transaction, groupID: string): Promise<void> {
    await this.#db
      .executor(tx)
      .insertInto('group_calls')
      .values({ group_id: groupID, calls: 1, announcement_call: 1 })
      .onConflict((conflict) =>
        conflict.column('group_id').doUpdateSet({ calls: nextCall, announcement_call: nextCall }),
      )
      .execute();
  }
}

const nextCall = sql<number>`group_calls.calls + 1`;
