/** Requests to join groups in SQL, for both dialects. */
import type { Selectable } from 'kysely';
import type { Database } from '../database/database.ts';
import type { Schema } from '../database/schema.ts';
import type { GroupRequest } from '../groups/group.ts';
import type { GroupRequestStore, RequestFilter } from '../groups/group-request-store.ts';
import type { Transaction } from '../kernel/unit-of-work.ts';
import { insertPieces, isOneOf } from './sql-lists.ts';

export class SqlGroupRequestStore implements GroupRequestStore {
  readonly #db: Database;

  constructor(db: Database) {
    this.#db = db;
  }

  async put(tx: Transaction, requests: readonly GroupRequest[]): Promise<void> {
    for (const piece of insertPieces(requests.toSorted((a, b) => (a.userID < b.userID ? -1 : 1)))) {
      await this.#db
        .executor(tx)
        .insertInto('group_requests')
        .values(piece.map(toRow))
        .onConflict((conflict) =>
          conflict.columns(['group_id', 'user_id']).doUpdateSet((row) => ({
            handle_result: row.ref('excluded.handle_result'),
            req_msg: row.ref('excluded.req_msg'),
            ex: row.ref('excluded.ex'),
            join_source: row.ref('excluded.join_source'),
            inviter_user_id: row.ref('excluded.inviter_user_id'),
            requested_at: row.ref('excluded.requested_at'),
            handler_user_id: row.ref('excluded.handler_user_id'),
            handle_msg: row.ref('excluded.handle_msg'),
            handled_at: row.ref('excluded.handled_at'),
          })),
        )
        .execute();
    }
  }

  async find(groupID: string, userID: string, tx?: Transaction): Promise<GroupRequest | undefined> {
    const row = await this.#db
      .executor(tx)
      .selectFrom('group_requests')
      .selectAll()
      .where('group_id', '=', groupID)
      .where('user_id', '=', userID)
      .executeTakeFirst();
    return row === undefined ? undefined : fromRow(row);
  }

  async findMany(groupID: string, userIDs: readonly string[]): Promise<readonly GroupRequest[]> {
    const rows = await this.#db.reader
      .selectFrom('group_requests')
      .selectAll()
      .where('group_id', '=', groupID)
      .where(isOneOf(this.#db.dialect, 'user_id', userIDs))
      .execute();
    return rows.map(fromRow);
  }

  async list(filter: RequestFilter, offset: number, limit: number): Promise<readonly GroupRequest[]> {
    const rows = await this.#matching(filter)
      .selectAll()
      .orderBy('requested_at', 'desc')
      .orderBy('group_id')
      .orderBy('user_id')
      .offset(offset)
      .limit(limit)
      .execute();
    return rows.map(fromRow);
  }

  async count(filter: RequestFilter): Promise<number> {
    const counted = this.#matching(filter).select(({ fn }) => fn.countAll<number>().as('total'));
    return Number((await counted.executeTakeFirstOrThrow()).total);
  }

  #matching({ groupIDs = [], userID, results = [], after }: RequestFilter) {
    const all = this.#db.reader.selectFrom('group_requests');
    const inGroups = groupIDs.length === 0 ? all : all.where(isOneOf(this.#db.dialect, 'group_id', groupIDs));
    const ofUser = userID === undefined ? inGroups : inGroups.where('user_id', '=', userID);
    const withResult = results.length === 0 ? ofUser : ofUser.where('handle_result', 'in', [...results]);
    return after === undefined ? withResult : withResult.where('requested_at', '>', after);
  }
}

type RequestRow = Selectable<Schema['group_requests']>;

function toRow(request: GroupRequest): RequestRow {
  return {
    group_id: request.groupID,
    user_id: request.userID,
    handle_result: request.result,
    req_msg: request.reqMsg,
    ex: request.ex,
    join_source: request.joinSource,
    inviter_user_id: request.inviterUserID,
    requested_at: request.requestedAt,
    handler_user_id: request.handlerUserID,
    handle_msg: request.handleMsg,
    handled_at: request.handledAt,
  };
}

function fromRow(row: RequestRow): GroupRequest {
  return {
    groupID: row.group_id,
    userID: row.user_id,
    result: row.handle_result,
    reqMsg: row.req_msg,
    ex: row.ex,
    joinSource: row.join_source,
    inviterUserID: row.inviter_user_id,
    requestedAt: row.requested_at,
    handlerUserID: row.handler_user_id,
    handleMsg: row.handle_msg,
    handledAt: row.handled_at,
  };
}
