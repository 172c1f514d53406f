/** User commands in SQL, for both dialects. */

import type { Database } from '../database/database.ts';
import type { Transaction } from '../kernel/unit-of-work.ts';
import type { UserCommand, UserCommandChanges, UserCommandKey } from '../users/user-command.ts';
import type { UserCommandStore } from '../users/user-command-store.ts';

export class SqlUserCommandStore implements UserCommandStore {
  readonly #db: Database;

  constructor(db: Database) {
    this.#db = db;
  }

  async put(tx: Transaction, { userID, type, uuid, value, ex, createdAt }: UserCommand): Promise<void> {
    await this.#db
      .executor(tx)
      .insertInto('user_commands')
      .values({ user_id: userID, type, uuid, value, ex, created_at: createdAt })
      .onConflict((conflict) => conflict.columns(['user_id', 'type', 'uuid']).doUpdateSet({ value, ex }))
      .execute();
  }

  async update(tx: Transaction, key: UserCommandKey, { value, ex }: UserCommandChanges): Promise<boolean> {
    const result = await this.#db
      .executor(tx)
      .updateTable('user_commands')
      .set({ ...(value === null ? {} : { value }), ...(ex === null ? {} : { ex }) })
      .where('user_id', '=', key.userID)
      .where('type', '=', key.type)
      .where('uuid', '=', key.uuid)
      .executeTakeFirst();
    return result.numUpdatedRows > 0n;
  }

  async remove(tx: Transaction, { userID, type, uuid }: UserCommandKey): Promise<boolean> {
    const result = await this.#db
      .executor(tx)
      .deleteFrom('user_commands')
      .where('user_id', '=', userID)
      .where('type', '=', type)
      .where('uuid', '=', uuid)
      .executeTakeFirst();
    return result.numDeletedRows > 0n;
  }

  async list(userID: string, type?: number): Promise<readonly UserCommand[]> {
    const all = this.#db
      .executor()
      .selectFrom('user_commands')
      .select(['user_id as userID', 'type', 'uuid', 'value', 'ex', 'created_at as createdAt'])
      .where('user_id', '=', userID)
      .orderBy('type')
      .orderBy('uuid');
    const rows = await (type === undefined ? all : all.where('type', '=', type)).execute();
    return rows.map((row) => ({ ...row }));
  }
}
