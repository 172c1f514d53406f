/** Who was told to be online in SQL, for both dialects. */
import type { Database } from '../database/database.ts';
import type { Transaction } from '../kernel/unit-of-work.ts';
import type { ToldOnline, ToldOnlineStore } from '../webhooks/told-online-store.ts';
import { isOneOf } from './sql-lists.ts';

export class SqlToldOnlineStore implements ToldOnlineStore {
  readonly #db: Database;

  constructor(db: Database) {
    this.#db = db;
  }

  async of(userIDs: readonly string[]): Promise<readonly ToldOnline[]> {
    return this.#db
      .executor()
      .selectFrom('told_online')
      .select(columns)
      .where(isOneOf(this.#db.dialect, 'user_id', userIDs))
      .execute();
  }

  async add(tx: Transaction, rows: readonly ToldOnline[]): Promise<readonly ToldOnline[]> {
    if (rows.length === 0) return [];
    return this.#db
      .executor(tx)
      .insertInto('told_online')
      .values(
        rows.map(({ userID, platformID, connID }) => ({ user_id: userID, platform_id: platformID, conn_id: connID })),
      )
      .onConflict((conflict) => conflict.doNothing())
      .returning(columns)
      .execute();
  }

  async remove(tx: Transaction, rows: readonly ToldOnline[]): Promise<readonly ToldOnline[]> {
    const removed: ToldOnline[] = [];
    for (const [platformID, ofPlatform] of Map.groupBy(rows, (row) => row.platformID)) {
      const userIDs = ofPlatform.map(({ userID }) => userID);
      removed.push(
        ...(await this.#db
          .executor(tx)
          .deleteFrom('told_online')
          .where('platform_id', '=', platformID)
          .where(isOneOf(this.#db.dialect, 'user_id', userIDs))
          .returning(columns)
          .execute()),
      );
    }
    return removed;
  }

  async userIDs(after: string, limit: number): Promise<readonly string[]> {
    const rows = await this.#db
      .executor()
      .selectFrom('told_online')
      .select('user_id')
      .distinct()
      .where('user_id', '>', after)
      .orderBy('user_id')
      .limit(limit)
      .execute();
    return rows.map(({ user_id }) => user_id);
  }
}

const columns = ['user_id as userID', 'platform_id as platformID', 'conn_id as connID'] as const;
