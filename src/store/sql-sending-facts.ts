/** The read model of sending in SQL: one hot query for each kind of chat, for both dialects. */
import type { Database, SqliteDatabase } from '../database/database.ts';
import { hotQuery, runHot } from '../database/hot-query.ts';
import type { GroupChatFacts, SendingFacts, SingleChatFacts } from '../messaging/sending-facts.ts';
import { groupStatuses } from '../protocol/numbers/groups.ts';
import { KnownChats } from './known-chats.ts';

export class SqlSendingFacts implements SendingFacts {
  readonly #db: Database;
  /** In SQLite alone: what other nodes write to PostgreSQL is not known here. */
  readonly #known = new KnownChats();

  constructor(db: Database) {
    this.#db = db;
    if (db.dialect === 'sqlite') db.sqlite.userChanges.listen(this.#known);
  }

  async singleChat(sendID: string, recvID: string, conversationID: string): Promise<SingleChatFacts> {
    if (this.#db.dialect === 'sqlite') return this.#singleChatInSqlite(this.#db, sendID, recvID, conversationID);
    const [row] = await runHot<FactsRow>(this.#db, factsQuery, [sendID, recvID, conversationID]);
    return toFacts(row);
  }

  #singleChatInSqlite(
    { sqlite }: SqliteDatabase,
    sendID: string,
    recvID: string,
    conversationID: string,
  ): SingleChatFacts {
    sqlite.userChanges.look();
    const known = this.#known.find(sendID, recvID, conversationID);
    if (known !== undefined) return known;
    const row = sqlite.read.prepare(factsQuery.sqliteText).get(sendID, recvID, conversationID);
    const facts = toFacts(row as FactsRow | undefined);
    const isUnderWay = facts.senderHasRow && facts.receiverOption !== undefined;
    if (isUnderWay) this.#known.keep(sendID, recvID, conversationID, facts);
    return facts;
  }

  async groupChat(sendID: string, groupID: string): Promise<GroupChatFacts> {
    const [row] = await runHot<GroupFactsRow>(this.#db, groupFactsQuery, [groupID, sendID]);
    return {
      groupStatus: row?.status,
      role: row?.role_level ?? undefined,
      mutedUntil: Number(row?.muted_until ?? 0),
    };
  }
}

function toFacts(row: FactsRow | undefined): SingleChatFacts {
  return {
    senderLevel: row?.sender_level ?? undefined,
    receiverGlobalOption: row?.receiver_global ?? undefined,
    receiverOption: row?.receiver_option ?? undefined,
    senderHasRow: (row?.sender_row ?? undefined) !== undefined,
    isBlocked: row?.is_blocked === 1,
    isFriend: row?.is_friend === 1,
  };
}

export function isOpenGroup(status: number): boolean {
  return status !== groupStatuses.dismissed;
}

interface FactsRow {
  sender_level: number | null;
  receiver_global: number | null;
  receiver_option: number | null;
  sender_row: number | null;
  is_blocked: number | null;
  is_friend: number | null;
}

interface GroupFactsRow {
  status: number;
  role_level: number | null;
  muted_until: number | null;
}

const factsQuery = hotQuery(
  `SELECT
    (SELECT app_manager_level FROM users WHERE user_id = $1) AS sender_level,
    (SELECT global_recv_msg_opt FROM users WHERE user_id = $2) AS receiver_global,
    (SELECT recv_msg_opt FROM conversations WHERE owner_user_id = $2 AND conversation_id = $3 AND user_id = $1) AS receiver_option,
    (SELECT 1 FROM conversations WHERE owner_user_id = $1 AND conversation_id = $3 AND user_id = $2) AS sender_row,
    (SELECT 1 FROM blacks WHERE owner_user_id = $2 AND blocked_user_id = $1) AS is_blocked,
    (SELECT 1 FROM friends WHERE owner_user_id = $2 AND friend_user_id = $1) AS is_friend`,
);

const groupFactsQuery = hotQuery(
  `SELECT g.status, m.role_level, m.muted_until FROM groups AS g
  LEFT JOIN group_members AS m ON m.group_id = g.group_id AND m.user_id = $2
  WHERE g.group_id = $1`,
);
