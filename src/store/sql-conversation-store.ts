/** Conversation rows in SQL, for both dialects. */
import { type Selectable, type SqlBool, sql } from 'kysely';
import type { Conversation, ConversationChanges, NewConversation } from '../conversations/conversation.ts';
import type {
  ConversationKey,
  ConversationStore,
  DestructionStore,
  DueConversation,
} from '../conversations/conversation-store.ts';
import { groupAtTypeFor, groupAtTypes } from '../conversations/group-calls.ts';
import type { Database } from '../database/database.ts';
import { hotQuery, runHot } from '../database/hot-query.ts';
import type { Schema } from '../database/schema.ts';
import { mapInSlices, sortedInSlices } from '../kernel/time-slices.ts';
import type { Transaction } from '../kernel/unit-of-work.ts';
import { chatLogID } from '../protocol/log-id.ts';
import { inPages, isOneOf, piecesInTurns, textTable } from './sql-lists.ts';

export class SqlConversationStore implements ConversationStore, DestructionStore {
  readonly #db: Database;

  constructor(db: Database) {
    this.#db = db;
  }

  async find(ownerUserID: string, conversationID: string): Promise<Conversation | undefined> {
    const row = await this.#rowsOf(ownerUserID).where('conversation_id', '=', conversationID).executeTakeFirst();
    return row === undefined ? undefined : fromRow(row);
  }

  async findMany(ownerUserID: string, conversationIDs: readonly string[]): Promise<readonly Conversation[]> {
    const rows = await this.#rowsOf(ownerUserID)
      .where(isOneOf(this.#db.dialect, 'conversation_id', conversationIDs))
      .execute();
    return rows.map(fromRow);
  }

  async listByOwner(ownerUserID: string, offset: number, limit: number): Promise<readonly Conversation[]> {
    if (limit > shortPage) return mapInSlices((await this.#all(ownerUserID)).slice(offset, offset + limit), fromRow);
    const rows = await this.#rowsOf(ownerUserID)
      .orderBy('created_at')
      .orderBy('conversation_id')
      .offset(offset)
      .limit(limit)
      .execute();
    return rows.map(fromRow);
  }

  async count(ownerUserID: string): Promise<number> {
    const counted = this.#ownedBy(ownerUserID).select(({ fn }) => fn.countAll<number>().as('total'));
    return Number((await counted.executeTakeFirstOrThrow()).total);
  }

  async ids(ownerUserID: string): Promise<readonly string[]> {
    const rows = this.#ownedBy(ownerUserID).select(['conversation_id', 'created_at']);
    return idsOf(
      await inOrderOfCreation(
        await inPages((after, limit) =>
          rows.where('conversation_id', '>', after).orderBy('conversation_id').limit(limit).execute(),
        ),
      ),
    );
  }

  async notNotifyIDs(ownerUserID: string): Promise<readonly string[]> {
    const rows = this.#inOrderOfCreation(ownerUserID)
      .select('conversation_id')
      .where('recv_msg_opt', '=', receiveSilently);
    return idsOf(await rows.execute());
  }

  async pinnedIDs(ownerUserID: string): Promise<readonly string[]> {
    const rows = this.#inOrderOfCreation(ownerUserID).select('conversation_id').where('is_pinned', '=', 1);
    return idsOf(await rows.execute());
  }

  async createMissing(
    tx: Transaction,
    rows: readonly NewConversation[],
    createdAt: number,
  ): Promise<readonly NewConversation[]> {
    const byKey = new Map(rows.map((row) => [keyOf(row), row]));
    // In one order everywhere: two transactions that create the same rows then wait for each other in one direction.
    const sorted = [...byKey].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, row]) => row);
    const created: NewConversation[] = [];
    for await (const piece of piecesInTurns(sorted)) {
      const inserted = await this.#db
        .executor(tx)
        .insertInto('conversations')
        .values(piece.map((row) => toNewRow(row, createdAt)))
        .onConflict((conflict) =>
          conflict
            .columns(['owner_user_id', 'conversation_id'])
            .doUpdateSet({ deleted_seq: notDeleted })
            .where('conversations.deleted_seq', '<>', notDeleted)
            .whereRef('conversations.user_id', '=', 'excluded.user_id'),
        )
        .returning(['owner_user_id as ownerUserID', 'conversation_id as conversationID'])
        .execute();
      created.push(...inserted.flatMap((key) => byKey.get(keyOf(key)) ?? []));
    }
    return created;
  }

  async peersOf(tx: Transaction, keys: readonly ConversationKey[]): Promise<readonly (string | undefined)[]> {
    const peers = new Map<string, string>();
    for await (const piece of piecesInTurns(keys)) {
      const pairs = piece.map(({ ownerUserID, conversationID }) => [ownerUserID, conversationID]);
      const asked = textTable(this.#db.dialect, ['owner_user_id', 'conversation_id'], pairs);
      const found = await sql<PeerRow>`
        SELECT c.owner_user_id, c.conversation_id, c.user_id FROM ${asked}
        JOIN conversations AS c ON c.owner_user_id = k.owner_user_id AND c.conversation_id = k.conversation_id
      `.execute(this.#db.executor(tx));
      for (const { owner_user_id: ownerUserID, conversation_id: conversationID, user_id } of found.rows) {
        peers.set(keyOf({ ownerUserID, conversationID }), user_id);
      }
    }
    return keys.map((key) => peers.get(keyOf(key)));
  }

  async setWindow(
    tx: Transaction,
    conversationID: string,
    ownerUserIDs: readonly string[],
    { minSeq, maxSeq }: { readonly minSeq?: number; readonly maxSeq?: number },
  ): Promise<readonly string[]> {
    const columns = {
      ...(minSeq === undefined ? {} : { min_seq: minSeq }),
      ...(maxSeq === undefined ? {} : { max_seq: maxSeq }),
    };
    return this.#set(tx, conversationID, ownerUserIDs, columns, maxSeq === 0);
  }

  async update(
    tx: Transaction,
    conversationID: string,
    ownerUserIDs: readonly string[],
    changes: ConversationChanges,
  ): Promise<readonly string[]> {
    return this.#set(tx, conversationID, ownerUserIDs, toColumns(changes), changes.groupAtType !== undefined);
  }

  async markMentioned(tx: Transaction, conversationID: string, userIDs: readonly string[]): Promise<readonly string[]> {
    const marked = await this.#db
      .executor(tx)
      .updateTable('conversations')
      .set({ group_at_type: sql<number>`CASE WHEN group_at_type = ${groupAtTypes.everyone} THEN 3 ELSE 1 END` })
      .where('conversation_id', '=', conversationID)
      .where(isOneOf(this.#db.dialect, 'owner_user_id', userIDs))
      .where('max_seq', '=', 0)
      .where('group_at_type', 'not in', [groupAtTypes.me, groupAtTypes.everyoneAndMe])
      .returning('owner_user_id')
      .execute();
    return marked.map(({ owner_user_id }) => owner_user_id);
  }

  async withUnseenCalls(ownerUserID: string): Promise<readonly Conversation[]> {
    const rows = await this.#rowsOf(ownerUserID)
      // Conversations of groups, by the primary key.
      .where('conversation_id', '>=', 'sg_')
      .where('conversation_id', '<', 'sg`')
      .where('max_seq', '=', 0)
      .where(hasUnseenCalls)
      .execute();
    return rows.map(fromRow);
  }

  /** @param seesCalls all calls of the group so far. @returns the owners whose row is there and had other values */
  async #set(
    tx: Transaction,
    conversationID: string,
    ownerUserIDs: readonly string[],
    columns: Partial<ConversationRow>,
    seesCalls: boolean,
  ): Promise<readonly string[]> {
    const others = Object.entries(columns) as [keyof ConversationRow, string | number][];
    if (others.length === 0 || ownerUserIDs.length === 0) return [];
    const changed = await this.#db
      .executor(tx)
      .updateTable('conversations')
      .set({ ...columns, ...(seesCalls ? { seen_calls: newestCall } : {}) })
      .where('conversation_id', '=', conversationID)
      .where(isOneOf(this.#db.dialect, 'owner_user_id', ownerUserIDs))
      .where((row) =>
        row.or([
          ...others.map(([column, value]) => row(column, '<>', value)),
          ...(seesCalls ? [sql<SqlBool>`seen_calls < ${newestCall}`] : []),
        ]),
      )
      .returning(['owner_user_id', 'deleted_seq'])
      .execute();
    return changed.flatMap(({ owner_user_id, deleted_seq }) => (deleted_seq === notDeleted ? [owner_user_id] : []));
  }

  async raiseMinSeqs(
    tx: Transaction,
    ownerUserID: string,
    minSeqs: ReadonlyMap<string, number>,
  ): Promise<readonly string[]> {
    const raised: string[] = [];
    for await (const piece of piecesInTurns([...minSeqs])) {
      const asked = textTable(
        this.#db.dialect,
        ['conversation_id', 'min_seq'],
        piece.map(([conversationID, minSeq]) => [conversationID, `${minSeq}`]),
      );
      const { rows } = await sql<Pick<ConversationRow, 'conversation_id' | 'deleted_seq'>>`
        UPDATE conversations SET min_seq = CAST(k.min_seq AS bigint) FROM ${asked}
        WHERE conversations.owner_user_id = ${ownerUserID} AND conversations.conversation_id = k.conversation_id
          AND conversations.min_seq < CAST(k.min_seq AS bigint)
        RETURNING conversations.conversation_id, conversations.deleted_seq
      `.execute(this.#db.executor(tx));
      raised.push(...idsOf(rows.filter(({ deleted_seq }) => deleted_seq === notDeleted)));
    }
    return raised;
  }

  async dueForDestruction(now: number, limit: number): Promise<readonly DueConversation[]> {
    const rows = await runHot<DueRow>(this.#db, dueQuery, [now, limit]);
    return rows.map((row) => ({
      ownerUserID: row.owner_user_id,
      conversationID: row.conversation_id,
      logID: row.log_id,
      msgDestructSeconds: row.msg_destruct_time,
      lower: Math.max(1, row.min_seq, row.log_min_seq ?? 0),
      upper: row.max_seq > 0 ? row.max_seq : row.max_seq < 0 ? 0 : Number.MAX_SAFE_INTEGER,
    }));
  }

  async destruct(
    tx: Transaction,
    { ownerUserID, conversationID, msgDestructSeconds }: DueConversation,
    { minSeq, at, dueAt }: { readonly minSeq: number; readonly at: number; readonly dueAt: number },
  ): Promise<boolean> {
    const due = this.#db
      .executor(tx)
      .updateTable('conversations')
      .where('owner_user_id', '=', ownerUserID)
      .where('conversation_id', '=', conversationID)
      .where('is_msg_destruct', '=', 1)
      .where('msg_destruct_time', '=', msgDestructSeconds);
    const moved = await due
      .set({ destruct_due_at: dueAt, min_seq: minSeq, latest_msg_destruct_time: at })
      .where('min_seq', '<', minSeq)
      .returning('min_seq')
      .executeTakeFirst();
    if (moved === undefined) await due.set({ destruct_due_at: dueAt }).execute();
    return moved !== undefined;
  }

  async noteHidden(tx: Transaction, ownerUserID: string, conversationID: string, seq: number): Promise<void> {
    await this.#db
      .executor(tx)
      .updateTable('conversations')
      .set({ hidden_seq: seq })
      .where('owner_user_id', '=', ownerUserID)
      .where('conversation_id', '=', conversationID)
      .where('hidden_seq', '<', seq)
      .execute();
  }

  async ownersWith(peerUserID: string, afterOwnerUserID: string, limit: number): Promise<readonly string[]> {
    const rows = await this.#db.reader
      .selectFrom('conversations')
      .select('owner_user_id')
      .distinct()
      .where('user_id', '=', peerUserID)
      // So that the index, which is of these only, is known to hold them.
      .where('user_id', '<>', '')
      .where('owner_user_id', '>', afterOwnerUserID)
      .where('owner_user_id', '<>', peerUserID)
      .orderBy('owner_user_id')
      .limit(limit)
      .execute();
    return rows.map(({ owner_user_id }) => owner_user_id);
  }

  async setExWith(
    tx: Transaction,
    peerUserID: string,
    ownerUserIDs: readonly string[],
    ex: string,
  ): Promise<readonly ConversationKey[]> {
    return this.#db
      .executor(tx)
      .updateTable('conversations')
      .set({ ex })
      .where('user_id', '=', peerUserID)
      .where('user_id', '<>', '')
      .where(isOneOf(this.#db.dialect, 'owner_user_id', ownerUserIDs))
      .where('ex', '<>', ex)
      .where(isThere)
      .returning(['owner_user_id as ownerUserID', 'conversation_id as conversationID'])
      .execute();
  }

  async delete(tx: Transaction, ownerUserID: string, conversationIDs: readonly string[]): Promise<readonly string[]> {
    const deleted: string[] = [];
    for await (const piece of piecesInTurns(conversationIDs)) {
      const rows = await this.#db
        .executor(tx)
        .updateTable('conversations')
        .set({ ...toColumns(noSettings), latest_msg_destruct_time: 0, deleted_seq: newestSeq, seen_calls: newestCall })
        .where('owner_user_id', '=', ownerUserID)
        .where(isOneOf(this.#db.dialect, 'conversation_id', piece))
        .where(isThere)
        .returning('conversation_id')
        .execute();
      deleted.push(...idsOf(rows));
    }
    return deleted;
  }

  async hasReborn(ownerUserID: string): Promise<boolean> {
    const [row] = await runHot<{ conversation_id: string }>(this.#db, rebornQuery, [ownerUserID]);
    return row !== undefined;
  }

  async restoreReborn(tx: Transaction, ownerUserID: string): Promise<readonly string[]> {
    const restored = await this.#db
      .executor(tx)
      .updateTable('conversations')
      .set({ deleted_seq: notDeleted })
      .where('owner_user_id', '=', ownerUserID)
      .where('deleted_seq', '>=', 0)
      .where(isThere)
      .returning('conversation_id')
      .execute();
    return idsOf(restored);
  }

  #ownedBy(ownerUserID: string) {
    return this.#db.reader.selectFrom('conversations').where('owner_user_id', '=', ownerUserID).where(isThere);
  }

  /** Whole rows, with the calls of their groups. */
  #rowsOf(ownerUserID: string) {
    return this.#ownedBy(ownerUserID)
      .leftJoin('group_calls as g', 'g.group_id', 'conversations.group_id')
      .selectAll('conversations')
      .select(['g.everyone_call', 'g.everyone_by', 'g.everyone_call_by_others', 'g.announcement_call']);
  }

  async #all(ownerUserID: string): Promise<WholeRow[]> {
    const rows = this.#rowsOf(ownerUserID);
    return inOrderOfCreation(
      await inPages((after, limit) =>
        rows.where('conversation_id', '>', after).orderBy('conversation_id').limit(limit).execute(),
      ),
    );
  }

  /** Read by the primary key and sorted: an owner has hundreds, and few lists are asked for in this order. */
  #inOrderOfCreation(ownerUserID: string) {
    return this.#ownedBy(ownerUserID).orderBy('created_at').orderBy('conversation_id');
  }
}

const notDeleted = -1;

interface DueRow extends Pick<ConversationRow, 'owner_user_id' | 'conversation_id' | 'log_id'> {
  msg_destruct_time: number;
  min_seq: number;
  max_seq: number;
  log_min_seq: number | null;
}

const dueQuery = hotQuery(`SELECT c.owner_user_id, c.conversation_id, c.msg_destruct_time, c.min_seq, c.max_seq,
    CASE WHEN c.log_id = '' THEN c.conversation_id ELSE c.log_id END AS log_id, s.min_seq AS log_min_seq
  FROM conversations AS c LEFT JOIN conversation_seqs AS s
    ON s.conversation_id = CASE WHEN c.log_id = '' THEN c.conversation_id ELSE c.log_id END
  WHERE c.is_msg_destruct = 1 AND c.msg_destruct_time > 0 AND c.destruct_due_at <= $1
  ORDER BY c.destruct_due_at LIMIT $2`);

const ownLogIDText =
  "CASE WHEN conversations.log_id = '' THEN conversations.conversation_id ELSE conversations.log_id END";

const newestSeq = sql<number>`COALESCE(
  (SELECT s.max_seq FROM conversation_seqs AS s WHERE s.conversation_id = ${sql.raw(ownLogIDText)}), 0)`;

/** Its log has gone on since it was deleted, within what its owner may read. */
const isRebornText = `(conversations.max_seq = 0 OR conversations.max_seq > conversations.deleted_seq) AND EXISTS
  (SELECT 1 FROM conversation_seqs AS s
    WHERE s.conversation_id = ${ownLogIDText} AND s.max_seq > conversations.deleted_seq)`;

/** Of the row's group. */
const newestCall = sql<number>`COALESCE(
  (SELECT calls FROM group_calls WHERE group_calls.group_id = conversations.group_id), 0)`;

const hasUnseenCalls = sql<SqlBool>`(g.announcement_call > conversations.seen_calls
  OR CASE WHEN g.everyone_by = conversations.owner_user_id THEN g.everyone_call_by_others ELSE g.everyone_call END
    > conversations.seen_calls)`;

const isThere = sql<SqlBool>`(conversations.deleted_seq < 0 OR ${sql.raw(isRebornText)})`;

const rebornQuery = hotQuery(`SELECT conversation_id FROM conversations
  WHERE owner_user_id = $1 AND deleted_seq >= 0 AND ${isRebornText} LIMIT 1`);

/** Of a new row. */
const noSettings: Required<ConversationChanges> = {
  recvMsgOpt: 0,
  isPinned: false,
  isPrivateChat: false,
  burnDurationSeconds: 0,
  groupAtType: 0,
  attachedInfo: '',
  ex: '',
  msgDestructSeconds: 0,
  isMsgDestruct: false,
};

/** Rows that are read at once. */
const shortPage = 500;

/** @param rows in order of their IDs, in which those of one moment stay */
function inOrderOfCreation<Row extends Pick<ConversationRow, 'created_at'>>(rows: readonly Row[]): Promise<Row[]> {
  return sortedInSlices(rows, (a, b) => a.created_at - b.created_at);
}

/** The recvMsgOpt that means: without notification. */
const receiveSilently = 2;

type ConversationRow = Selectable<Schema['conversations']>;
/** With the calls of the row's group; null where nobody ever called. */
type WholeRow = ConversationRow & {
  readonly [Column in 'everyone_call' | 'everyone_by' | 'everyone_call_by_others' | 'announcement_call']:
    | Selectable<Schema['group_calls']>[Column]
    | null;
};
type PeerRow = Pick<ConversationRow, 'owner_user_id' | 'conversation_id' | 'user_id'>;

/** NUL separates: no ID in a database holds one. */
function keyOf(row: Pick<NewConversation, 'ownerUserID' | 'conversationID'>): string {
  return `${row.ownerUserID}\0${row.conversationID}`;
}

function idsOf(rows: readonly Pick<ConversationRow, 'conversation_id'>[]): string[] {
  return rows.map(({ conversation_id }) => conversation_id);
}

function toNewRow(row: NewConversation, createdAt: number) {
  const logID = chatLogID(row);
  return {
    owner_user_id: row.ownerUserID,
    conversation_id: row.conversationID,
    conversation_type: row.conversationType,
    user_id: row.userID,
    group_id: row.groupID,
    log_id: logID === row.conversationID ? '' : logID,
    seen_calls:
      row.groupID === ''
        ? 0
        : sql<number>`COALESCE((SELECT calls FROM group_calls WHERE group_id = ${row.groupID}), 0)`,
    created_at: createdAt,
  };
}

function toColumns(changes: ConversationChanges): Partial<ConversationRow> {
  const { recvMsgOpt, isPinned, isPrivateChat, burnDurationSeconds, groupAtType, attachedInfo, ex } = changes;
  const { msgDestructSeconds, isMsgDestruct } = changes;
  const flag = (value: boolean | undefined) => (value === undefined ? undefined : Number(value));
  const columns: { readonly [Column in keyof ConversationRow]?: ConversationRow[Column] | undefined } = {
    recv_msg_opt: recvMsgOpt,
    is_pinned: flag(isPinned),
    is_private_chat: flag(isPrivateChat),
    burn_duration: burnDurationSeconds,
    group_at_type: groupAtType,
    attached_info: attachedInfo,
    ex,
    msg_destruct_time: msgDestructSeconds,
    is_msg_destruct: flag(isMsgDestruct),
  };
  return Object.fromEntries(Object.entries(columns).filter(([, value]) => value !== undefined));
}

function groupAtTypeOf(row: WholeRow): number {
  // Who is in the group no more is called no more.
  if (row.everyone_call === null || row.max_seq !== 0) return row.group_at_type;
  return groupAtTypeFor(row.owner_user_id, row.group_at_type, row.seen_calls, {
    everyoneCall: row.everyone_call,
    everyoneBy: row.everyone_by ?? '',
    everyoneCallByOthers: row.everyone_call_by_others ?? 0,
    announcementCall: row.announcement_call ?? 0,
  });
}

function fromRow(row: WholeRow): Conversation {
  return {
    ownerUserID: row.owner_user_id,
    conversationID: row.conversation_id,
    conversationType: row.conversation_type,
    userID: row.user_id,
    groupID: row.group_id,
    recvMsgOpt: row.recv_msg_opt,
    isPinned: row.is_pinned !== 0,
    isPrivateChat: row.is_private_chat !== 0,
    burnDurationSeconds: row.burn_duration,
    groupAtType: groupAtTypeOf(row),
    attachedInfo: row.attached_info,
    ex: row.ex,
    minSeq: row.min_seq,
    maxSeq: row.max_seq,
    msgDestructSeconds: row.msg_destruct_time,
    isMsgDestruct: row.is_msg_destruct !== 0,
    lastMsgDestructAt: row.latest_msg_destruct_time,
  };
}
