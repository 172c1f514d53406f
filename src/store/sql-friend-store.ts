/** Friends in SQL, for both dialects. */
import { type Selectable, sql } from 'kysely';
import type { Database } from '../database/database.ts';
import type { Schema } from '../database/schema.ts';
import type { Friend, FriendChanges, PlacedFriend } from '../friends/friend.ts';
import type { FriendStore } from '../friends/friend-store.ts';
import type { Transaction } from '../kernel/unit-of-work.ts';
import { friendSources } from '../protocol/numbers/groups.ts';
import { isOneOf, piecesInTurns } from './sql-lists.ts';

export class SqlFriendStore implements FriendStore {
  readonly #db: Database;

  constructor(db: Database) {
    this.#db = db;
  }

  async add(tx: Transaction, friends: readonly PlacedFriend[]): Promise<void> {
    for await (const piece of piecesInTurns(friends.map(toRow))) {
      await this.#db.executor(tx).insertInto('friends').values(piece).execute();
    }
  }

  async remove(tx: Transaction, ownerUserID: string, friendUserID: string): Promise<boolean> {
    const result = await this.#db
      .executor(tx)
      .deleteFrom('friends')
      .where('owner_user_id', '=', ownerUserID)
      .where('friend_user_id', '=', friendUserID)
      .executeTakeFirst();
    return result.numDeletedRows > 0n;
  }

  async update(
    tx: Transaction,
    ownerUserID: string,
    friendUserIDs: readonly string[],
    { remark, ex, isPinned }: FriendChanges,
  ): Promise<readonly string[]> {
    const updated = await this.#db
      .executor(tx)
      .updateTable('friends')
      .set({
        ...(remark === null ? {} : { remark }),
        ...(ex === null ? {} : { ex }),
        ...(isPinned === null ? {} : { is_pinned: isPinned ? 1 : 0 }),
      })
      .where('owner_user_id', '=', ownerUserID)
      .where(isOneOf(this.#db.dialect, 'friend_user_id', friendUserIDs))
      .returning('friend_user_id')
      .execute();
    return updated.map(({ friend_user_id }) => friend_user_id);
  }

  async friendsAmong(ownerUserID: string, friendUserIDs: readonly string[], tx?: Transaction) {
    const rows = await this.#db
      .executor(tx)
      .selectFrom('friends')
      .select('friend_user_id')
      .where('owner_user_id', '=', ownerUserID)
      .where(isOneOf(this.#db.dialect, 'friend_user_id', friendUserIDs))
      .execute();
    return new Set(rows.map(({ friend_user_id }) => friend_user_id));
  }

  async ownersAmong(friendUserID: string, ownerUserIDs: readonly string[], tx?: Transaction) {
    const rows = await this.#db
      .executor(tx)
      .selectFrom('friends')
      .select('owner_user_id')
      .where('friend_user_id', '=', friendUserID)
      .where(isOneOf(this.#db.dialect, 'owner_user_id', ownerUserIDs))
      .execute();
    return new Set(rows.map(({ owner_user_id }) => owner_user_id));
  }

  async ownersAfter(tx: Transaction, friendUserID: string, after: string, limit: number): Promise<readonly string[]> {
    const rows = await this.#db
      .executor(tx)
      .selectFrom('friends')
      .select('owner_user_id')
      .where('friend_user_id', '=', friendUserID)
      .where('owner_user_id', '>', after)
      .orderBy('owner_user_id')
      .limit(limit)
      .execute();
    return rows.map(({ owner_user_id }) => owner_user_id);
  }

  async find(ownerUserID: string, friendUserIDs: readonly string[]): Promise<readonly Friend[]> {
    const rows = await this.#db.reader
      .selectFrom('friends')
      .selectAll()
      .where('owner_user_id', '=', ownerUserID)
      .where(isOneOf(this.#db.dialect, 'friend_user_id', friendUserIDs))
      .execute();
    return rows.map(fromRow);
  }

  async list(ownerUserID: string, offset: number, limit: number): Promise<readonly Friend[]> {
    const rows = await this.#inOrder(ownerUserID).selectAll().offset(offset).limit(limit).execute();
    return rows.map(fromRow);
  }

  async ids(ownerUserID: string): Promise<readonly string[]> {
    const rows = await this.#inOrder(ownerUserID).select('friend_user_id').execute();
    return rows.map(({ friend_user_id }) => friend_user_id);
  }

  async count(ownerUserID: string): Promise<number> {
    const row = await this.#db.reader
      .selectFrom('friends')
      .select(({ fn }) => fn.countAll<number>().as('total'))
      .where('owner_user_id', '=', ownerUserID)
      .executeTakeFirstOrThrow();
    return Number(row.total);
  }

  async counts(tx: Transaction, ownerUserIDs: readonly string[]): Promise<ReadonlyMap<string, number>> {
    const rows = await this.#db
      .executor(tx)
      .selectFrom('friends')
      .select(['owner_user_id', sql<number>`count(*)`.as('total')])
      .where(isOneOf(this.#db.dialect, 'owner_user_id', ownerUserIDs))
      .groupBy('owner_user_id')
      .execute();
    return new Map(rows.map(({ owner_user_id, total }) => [owner_user_id, Number(total)]));
  }

  #inOrder(ownerUserID: string) {
    return this.#db.reader
      .selectFrom('friends')
      .where('owner_user_id', '=', ownerUserID)
      .orderBy('is_pinned', 'desc')
      .orderBy('position')
      .orderBy('friend_user_id');
  }
}

type FriendRow = Selectable<Schema['friends']>;

function toRow(friend: PlacedFriend): FriendRow {
  return {
    owner_user_id: friend.ownerUserID,
    friend_user_id: friend.friendUserID,
    remark: friend.remark,
    ex: friend.ex,
    is_pinned: friend.isPinned ? 1 : 0,
    add_source: friend.addSource,
    operator_user_id: friend.operatorUserID,
    created_at: friend.createdAt,
    position: friend.position,
  };
}

function fromRow(row: FriendRow): Friend {
  return {
    ownerUserID: row.owner_user_id,
    friendUserID: row.friend_user_id,
    remark: row.remark,
    ex: row.ex,
    isPinned: row.is_pinned === 1,
    addSource: row.add_source === friendSources.imported ? friendSources.imported : friendSources.application,
    operatorUserID: row.operator_user_id,
    createdAt: row.created_at,
  };
}
