/** What applications show on their icons, in SQL, for both dialects. */
import type { Database } from '../database/database.ts';
import type { BadgeStore } from '../push/push-token-store.ts';
import { inChunks, isOneOf } from './sql-lists.ts';

export class SqlBadgeStore implements BadgeStore {
  readonly #db: Database;

  constructor(db: Database) {
    this.#db = db;
  }

  async set(userID: string, count: number): Promise<void> {
    await this.#db.transaction(async (tx) => {
      await this.#db
        .executor(tx)
        .insertInto('app_badges')
        .values({ user_id: userID, count })
        .onConflict((conflict) => conflict.column('user_id').doUpdateSet({ count }))
        .execute();
    });
  }

  async of(userIDs: readonly string[]): Promise<ReadonlyMap<string, number>> {
    const rows = await inChunks(userIDs, (chunk) =>
      this.#db.reader
        .selectFrom('app_badges')
        .selectAll()
        .where(isOneOf(this.#db.dialect, 'user_id', chunk))
        .execute(),
    );
    return new Map(rows.map(({ user_id, count }) => [user_id, count]));
  }
}
