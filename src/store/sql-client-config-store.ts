/** Client configuration in SQL, for both dialects. */

import { sql } from 'kysely';
import type { Database } from '../database/database.ts';
import type { Transaction } from '../kernel/unit-of-work.ts';
import type { ClientConfigEntry, ClientConfigFilter, ClientConfigStore } from '../users/client-config-store.ts';
import type { Usage } from '../users/user-limits.ts';
import { lockOwner } from './owner-lock.ts';
import { insertPieces, isOneOf } from './sql-lists.ts';

export class SqlClientConfigStore implements ClientConfigStore {
  readonly #db: Database;

  constructor(db: Database) {
    this.#db = db;
  }

  async read(userIDs: readonly string[]): Promise<readonly ClientConfigEntry[]> {
    const rows = await this.#db.reader
      .selectFrom('client_configs')
      .select(['config_key as key', 'user_id as userID', 'value'])
      .where(isOneOf(this.#db.dialect, 'user_id', userIDs))
      .execute();
    return rows.map((row) => ({ ...row }));
  }

  async put(tx: Transaction, entries: readonly ClientConfigEntry[]): Promise<void> {
    // In one order everywhere: two transactions that write the same keys then wait for each other in one direction.
    const rows = entries
      .map(({ key, userID, value }) => ({ config_key: key, user_id: userID, value }))
      .sort((a, b) => (a.config_key < b.config_key ? -1 : 1));
    for (const piece of insertPieces(rows)) {
      await this.#db
        .executor(tx)
        .insertInto('client_configs')
        .values(piece)
        .onConflict((conflict) =>
          conflict.columns(['config_key', 'user_id']).doUpdateSet((row) => ({ value: row.ref('excluded.value') })),
        )
        .execute();
    }
  }

  async remove(tx: Transaction, userID: string, keys: readonly string[]): Promise<void> {
    await this.#db
      .executor(tx)
      .deleteFrom('client_configs')
      .where('user_id', '=', userID)
      .where(isOneOf(this.#db.dialect, 'config_key', keys))
      .execute();
  }

  async usage(tx: Transaction, userID: string): Promise<Usage> {
    await lockOwner(this.#db, tx, 'clientConfigs', userID);
    const { count, bytes } = await this.#db
      .executor(tx)
      .selectFrom('client_configs')
      .select([sql<number>`count(*)`.as('count'), sql<number | null>`sum(octet_length(value))`.as('bytes')])
      .where('user_id', '=', userID)
      .executeTakeFirstOrThrow();
    return { count: Number(count), bytes: Number(bytes ?? 0) };
  }

  async page(
    filter: ClientConfigFilter,
    offset: number,
    limit: number,
    maxBytes: number,
  ): Promise<{ readonly total: number; readonly entries: readonly ClientConfigEntry[] }> {
    const matching = this.#matching(filter);
    const { total } = await matching.select((row) => row.fn.countAll<number>().as('total')).executeTakeFirstOrThrow();
    const page = matching
      .select(['config_key', 'user_id', sql<number>`octet_length(value)`.as('size')])
      .orderBy('config_key')
      .orderBy('user_id')
      .offset(offset)
      .limit(limit);
    // The sizes first, without a value: a value is read only if it fits.
    const summed = this.#db.reader
      .selectFrom(page.as('page'))
      .select(['config_key', 'user_id', sql<number>`sum(size) over (order by config_key, user_id)`.as('bytes')]);
    const fitting = this.#db.reader
      .selectFrom(summed.as('fitting'))
      .innerJoin('client_configs as config', (on) =>
        on.onRef('config.config_key', '=', 'fitting.config_key').onRef('config.user_id', '=', 'fitting.user_id'),
      )
      .select(['config.config_key as key', 'config.user_id as userID', 'config.value'])
      .where('fitting.bytes', '<=', maxBytes)
      .orderBy('config.config_key')
      .orderBy('config.user_id');
    const rows = limit === 0 ? [] : await fitting.execute();
    return { total: Number(total), entries: rows.map((row) => ({ ...row })) };
  }

  #matching({ userID, key }: ClientConfigFilter) {
    let query = this.#db.reader.selectFrom('client_configs');
    if (userID !== undefined) query = query.where('user_id', '=', userID);
    if (key !== undefined) query = query.where('config_key', '=', key);
    return query;
  }
}
