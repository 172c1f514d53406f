/** Requests to become friends in SQL, for both dialects. */
import type { Selectable } from 'kysely';
import type { Database } from '../database/database.ts';
import type { Schema } from '../database/schema.ts';
import type { FriendRequest, RequestResult } from '../friends/friend.ts';
import type { FriendRequestFilter, FriendRequestStore } from '../friends/friend-request-store.ts';
import type { Transaction } from '../kernel/unit-of-work.ts';
import { handleResults } from '../protocol/numbers/groups.ts';

export class SqlFriendRequestStore implements FriendRequestStore {
  readonly #db: Database;

  constructor(db: Database) {
    this.#db = db;
  }

  async put(tx: Transaction, request: FriendRequest): Promise<void> {
    const { from_user_id: _from, to_user_id: _to, ...values } = toRow(request);
    await this.#db
      .executor(tx)
      .insertInto('friend_requests')
      .values(toRow(request))
      .onConflict((conflict) => conflict.columns(['from_user_id', 'to_user_id']).doUpdateSet(values))
      .execute();
  }

  async find(tx: Transaction, fromUserID: string, toUserID: string): Promise<FriendRequest | undefined> {
    const row = await this.#db
      .executor(tx)
      .selectFrom('friend_requests')
      .selectAll()
      .where('from_user_id', '=', fromUserID)
      .where('to_user_id', '=', toUserID)
      .executeTakeFirst();
    return row === undefined ? undefined : fromRow(row);
  }

  async between(userA: string, userB: string): Promise<readonly FriendRequest[]> {
    const rows = await this.#db.reader
      .selectFrom('friend_requests')
      .selectAll()
      .where(({ or, and, eb }) =>
        or([
          and([eb('from_user_id', '=', userA), eb('to_user_id', '=', userB)]),
          and([eb('from_user_id', '=', userB), eb('to_user_id', '=', userA)]),
        ]),
      )
      .execute();
    return rows.map(fromRow);
  }

  async list(filter: FriendRequestFilter, offset: number, limit: number): Promise<readonly FriendRequest[]> {
    const rows = await this.#matching(filter)
      .selectAll()
      .orderBy('created_at', 'desc')
      .orderBy(filter.side === 'received' ? 'from_user_id' : 'to_user_id')
      .offset(offset)
      .limit(limit)
      .execute();
    return rows.map(fromRow);
  }

  async count(filter: FriendRequestFilter): Promise<number> {
    const counted = this.#matching(filter).select(({ fn }) => fn.countAll<number>().as('total'));
    return Number((await counted.executeTakeFirstOrThrow()).total);
  }

  #matching({ userID, side, results, after }: FriendRequestFilter) {
    const ofUser = this.#db.reader
      .selectFrom('friend_requests')
      .where(side === 'received' ? 'to_user_id' : 'from_user_id', '=', userID);
    const withResult = results.length === 0 ? ofUser : ofUser.where('handle_result', 'in', [...new Set(results)]);
    return after === undefined ? withResult : withResult.where('created_at', '>', after);
  }
}

type RequestRow = Selectable<Schema['friend_requests']>;

function toRow(request: FriendRequest): RequestRow {
  return {
    from_user_id: request.fromUserID,
    to_user_id: request.toUserID,
    handle_result: request.result,
    req_msg: request.reqMsg,
    ex: request.ex,
    created_at: request.createdAt,
    handler_user_id: request.handlerUserID,
    handle_msg: request.handleMsg,
    handled_at: request.handledAt,
  };
}

function fromRow(row: RequestRow): FriendRequest {
  return {
    fromUserID: row.from_user_id,
    toUserID: row.to_user_id,
    result: resultOf(row.handle_result),
    reqMsg: row.req_msg,
    ex: row.ex,
    createdAt: row.created_at,
    handlerUserID: row.handler_user_id,
    handleMsg: row.handle_msg,
    handledAt: row.handled_at,
  };
}

function resultOf(stored: number): RequestResult {
  const known = Object.values(handleResults).find((result) => result === stored);
  if (known === undefined) throw new RangeError(`friend request with unknown state ${stored}`);
  return known;
}
