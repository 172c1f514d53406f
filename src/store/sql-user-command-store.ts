/** User commands in SQL, for both dialects. */

import { sql } from 'kysely';
import type { Database } from '../database/database.ts';
import type { Transaction } from '../kernel/unit-of-work.ts';
import type { UserCommand, UserCommandChanges, UserCommandKey } from '../users/user-command.ts';
import type { UserCommandStore } from '../users/user-command-store.ts';
import type { Usage } from '../users/user-limits.ts';
import { lockOwner } from './owner-lock.ts';

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

  async usage(tx: Transaction, userID: string): Promise<Usage> {
    await lockOwner(this.#db, tx, 'userCommands', userID);
    const { count, bytes } = await this.#db
      .executor(tx)
      .selectFrom('user_commands')
      .select([sql<number>`count(*)`.as('count'), sql<number | null>`sum(${size})`.as('bytes')])
      .where('user_id', '=', userID)
      .executeTakeFirstOrThrow();
    return { count: Number(count), bytes: Number(bytes ?? 0) };
  }

  async list(userID: string, type: number | undefined, maxBytes: number): Promise<readonly UserCommand[]> {
    const all = this.#db.reader.selectFrom('user_commands').where('user_id', '=', userID);
    const summed = (type === undefined ? all : all.where('type', '=', type)).select([
      'type',
      'uuid',
      sql<number>`sum(${size}) over (order by type, uuid)`.as('bytes'),
    ]);
    // The sizes first, without a value: a value is read only if it fits.
    const rows = await this.#db.reader
      .selectFrom(summed.as('fitting'))
      .innerJoin('user_commands as command', (on) =>
        on.onRef('command.type', '=', 'fitting.type').onRef('command.uuid', '=', 'fitting.uuid'),
      )
      .select([
        'command.user_id as userID',
        'command.type',
        'command.uuid',
        'command.value',
        'command.ex',
        'command.created_at as createdAt',
      ])
      .where('command.user_id', '=', userID)
      .where('fitting.bytes', '<=', maxBytes)
      .orderBy('command.type')
      .orderBy('command.uuid')
      .execute();
    return rows.map((row) => ({ ...row }));
  }
}

/** Of one record; neither engine reads a text to know its length. */
const size = sql`octet_length(value) + octet_length(ex)`;
