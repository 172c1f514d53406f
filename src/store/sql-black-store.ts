/** Black lists in SQL, for both dialects. */
import type { Selectable } from 'kysely';
import type { Database } from '../database/database.ts';
import type { Schema } from '../database/schema.ts';
import type { BlackStore } from '../friends/black-store.ts';
import type { Black, PlacedBlack } from '../friends/friend.ts';
import type { Transaction } from '../kernel/unit-of-work.ts';
import { isOneOf } from './sql-lists.ts';

export class SqlBlackStore implements BlackStore {
  readonly #db: Database;

  constructor(db: Database) {
    this.#db = db;
  }

  async add(tx: Transaction, black: PlacedBlack): Promise<boolean> {
    const result = await this.#db
      .executor(tx)
      .insertInto('blacks')
      .values({
        owner_user_id: black.ownerUserID,
        blocked_user_id: black.blockedUserID,
        operator_user_id: black.operatorUserID,
        ex: black.ex,
        created_at: black.createdAt,
        position: black.position,
      })
      .onConflict((conflict) => conflict.columns(['owner_user_id', 'blocked_user_id']).doNothing())
      .executeTakeFirst();
    return (result.numInsertedOrUpdatedRows ?? 0n) > 0n;
  }

  async remove(tx: Transaction, ownerUserID: string, blockedUserID: string): Promise<boolean> {
    const result = await this.#db
      .executor(tx)
      .deleteFrom('blacks')
      .where('owner_user_id', '=', ownerUserID)
      .where('blocked_user_id', '=', blockedUserID)
      .executeTakeFirst();
    return result.numDeletedRows > 0n;
  }

  async find(ownerUserID: string, userIDs: readonly string[]): Promise<readonly Black[]> {
    const rows = await this.#db.reader
      .selectFrom('blacks')
      .selectAll()
      .where('owner_user_id', '=', ownerUserID)
      .where(isOneOf(this.#db.dialect, 'blocked_user_id', userIDs))
      .execute();
    return rows.map(fromRow);
  }

  async list(ownerUserID: string, offset: number, limit: number): Promise<readonly Black[]> {
    const rows = await this.#db.reader
      .selectFrom('blacks')
      .selectAll()
      .where('owner_user_id', '=', ownerUserID)
      .orderBy('position')
      .orderBy('blocked_user_id')
      .offset(offset)
      .limit(limit)
      .execute();
    return rows.map(fromRow);
  }

  async count(ownerUserID: string, tx?: Transaction): Promise<number> {
    const row = await this.#db
      .executor(tx)
      .selectFrom('blacks')
      .select(({ fn }) => fn.countAll<number>().as('total'))
      .where('owner_user_id', '=', ownerUserID)
      .executeTakeFirstOrThrow();
    return Number(row.total);
  }
}

function fromRow(row: Selectable<Schema['blacks']>): Black {
  return {
    ownerUserID: row.owner_user_id,
    blockedUserID: row.blocked_user_id,
    operatorUserID: row.operator_user_id,
    ex: row.ex,
    createdAt: row.created_at,
  };
}
