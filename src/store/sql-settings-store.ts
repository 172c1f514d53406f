/** Settings that were changed at run time, and the order to restart, in SQL for both dialects. */
import { type Selectable, sql } from 'kysely';
import type { SettingChange, SettingsState, SettingsStore, StoredSettings } from '../config/settings-store.ts';
import type { Database } from '../database/database.ts';
import type { Schema } from '../database/schema.ts';
import type { RestartStore } from '../jobs/rolling-restart.ts';
import type { Transaction } from '../kernel/unit-of-work.ts';

export class SqlSettingsStore implements SettingsStore, RestartStore {
  readonly #db: Database;

  constructor(db: Database) {
    this.#db = db;
  }

  async state(): Promise<SettingsState> {
    const row = await this.#db.reader.selectFrom('settings_state').selectAll().executeTakeFirstOrThrow();
    return { version: row.version, isEnabled: row.is_enabled === 1 };
  }

  async read(): Promise<StoredSettings> {
    // The version first: what is newer than it is read again.
    const state = await this.state();
    const rows = await this.#db.reader.selectFrom('settings').selectAll().execute();
    return { ...state, values: new Map(rows.map(({ name, value }) => [name, value])) };
  }

  async advance(tx: Transaction, version: number): Promise<StoredSettings | undefined> {
    const executor = this.#db.executor(tx);
    const advanced = await executor
      .updateTable('settings_state')
      .set({ version: version + 1 })
      .where('version', '=', version)
      .returning('is_enabled')
      .executeTakeFirst();
    if (advanced === undefined) return undefined;
    const rows = await executor.selectFrom('settings').selectAll().execute();
    const values = new Map(rows.map(({ name, value }) => [name, value]));
    return { version, isEnabled: advanced.is_enabled === 1, values };
  }

  async put(tx: Transaction, values: ReadonlyMap<string, string | undefined>): Promise<void> {
    const executor = this.#db.executor(tx);
    for (const [name, value] of values) {
      if (value === undefined) await executor.deleteFrom('settings').where('name', '=', name).execute();
      else {
        await executor
          .insertInto('settings')
          .values({ name, value })
          .onConflict((conflict) => conflict.column('name').doUpdateSet({ value }))
          .execute();
      }
    }
  }

  async enable(tx: Transaction, isEnabled: boolean): Promise<void> {
    await this.#db
      .executor(tx)
      .updateTable('settings_state')
      .set({ is_enabled: Number(isEnabled) })
      .execute();
  }

  async note(tx: Transaction, changes: readonly SettingChange[], keep: number): Promise<void> {
    const executor = this.#db.executor(tx);
    for (const { key, userID, operationID, ...change } of changes) {
      const row = { ...change, name: key, user_id: userID, operation_id: operationID };
      await executor.insertInto('settings_changes').values(row).execute();
    }
    const newest = executor
      .selectFrom('settings_changes')
      .select('version')
      .orderBy('version', 'desc')
      .orderBy('name', 'desc')
      .offset(keep)
      .limit(1);
    await executor
      .deleteFrom('settings_changes')
      .where('version', '<=', (eb) =>
        eb.fn.coalesce(eb.selectFrom(newest.as('old')).select('old.version'), sql.lit(-1)),
      )
      .execute();
  }

  async changes(limit: number): Promise<readonly SettingChange[]> {
    const rows = await this.#db.reader
      .selectFrom('settings_changes')
      .selectAll()
      .orderBy('version', 'desc')
      .orderBy('name', 'desc')
      .limit(limit)
      .execute();
    return rows.map(fromRow);
  }

  async restarts(): Promise<number> {
    const row = await this.#db.reader.selectFrom('settings_state').select('restarts').executeTakeFirstOrThrow();
    return row.restarts;
  }

  async orderRestart(tx: Transaction): Promise<void> {
    await this.#db.executor(tx).updateTable('settings_state').set({ restarts: sql<number>`restarts + 1` }).execute();
  }
}

function fromRow(row: Selectable<Schema['settings_changes']>): SettingChange {
  return {
    version: row.version,
    key: row.name,
    before: row.before,
    after: row.after,
    at: row.at,
    userID: row.user_id,
    operationID: row.operation_id,
  };
}
