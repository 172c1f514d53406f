/**
 * The read model of sending in SQL: one hot query for each kind of chat. SQLite answers it for each message; of PostgreSQL
 * it is asked for all messages of a turn of the event loop at once.
 */
import type { Database, SqliteDatabase } from '../database/database.ts';
import { AskedTogether } from '../kernel/asked-together.ts';
import type { GroupChatFacts, SendingFacts, SingleChatFacts } from '../messaging/sending-facts.ts';
import { groupStatuses } from '../protocol/numbers/groups.ts';
import { KnownChats } from './known-chats.ts';

export class SqlSendingFacts implements SendingFacts {
  readonly #db: Database;
  /** In SQLite alone: what other nodes write to PostgreSQL is not known here. */
  readonly #known = new KnownChats();
  readonly #chats: AskedTogether<Chat, SingleChatFacts>;
  readonly #groupChats: AskedTogether<readonly [groupID: string, sendID: string], GroupChatFacts>;

  constructor(db: Database) {
    this.#db = db;
    if (db.dialect === 'sqlite') db.sqlite.userChanges.listen(this.#known);
    this.#chats = new AskedTogether(async (chats) =>
      (await this.#ask<FactsRow>(manyFactsQuery, chats, 3)).map((row) => toFacts(row)),
    );
    this.#groupChats = new AskedTogether(async (chats) =>
      (await this.#ask<Partial<GroupFactsRow>>(manyGroupFactsQuery, chats, 2)).map((row) => toGroupFacts(row)),
    );
  }

  singleChat(sendID: string, recvID: string, conversationID: string): SingleChatFacts | Promise<SingleChatFacts> {
    return this.#db.dialect === 'sqlite'
      ? this.#singleChatInSqlite(this.#db, sendID, recvID, conversationID)
      : this.#chats.ask([sendID, recvID, conversationID]);
  }

  /** A row for each, in their order. */
  async #ask<Row extends object>(text: string, questions: readonly (readonly string[])[], width: number) {
    if (this.#db.dialect === 'sqlite') throw new TypeError('SQLite is asked one by one');
    const columns = Array.from({ length: width }, (_, column) => questions.map((question) => question[column]));
    return this.#db.connections.query<Row>(text, columns);
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
    const row = sqlite.read.prepare(factsQuery).get(sendID, recvID, conversationID);
    const facts = toFacts(row as FactsRow | undefined);
    const isUnderWay = facts.senderHasRow && facts.receiverOption !== undefined;
    if (isUnderWay) this.#known.keep(sendID, recvID, conversationID, facts);
    return facts;
  }

  async groupChat(sendID: string, groupID: string): Promise<GroupChatFacts> {
    if (this.#db.dialect === 'postgres') return this.#groupChats.ask([groupID, sendID]);
    return toGroupFacts(
      this.#db.sqlite.read.prepare(groupFactsQuery).get(groupID, sendID) as GroupFactsRow | undefined,
    );
  }
}

type Chat = readonly [sendID: string, recvID: string, conversationID: string];

function toGroupFacts(row: Partial<GroupFactsRow> | undefined): GroupChatFacts {
  return {
    groupStatus: row?.status ?? undefined,
    role: row?.role_level ?? undefined,
    mutedUntil: Number(row?.muted_until ?? 0),
  };
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
  status: number | null;
  role_level: number | null;
  muted_until: number | null;
}

/** @param chat the sender, the receiver and the conversation */
const facts = ([sender, receiver, conversation]: Chat) => `
  (SELECT app_manager_level FROM users WHERE user_id = ${sender}) AS sender_level,
  (SELECT global_recv_msg_opt FROM users WHERE user_id = ${receiver}) AS receiver_global,
  (SELECT recv_msg_opt FROM conversations
    WHERE owner_user_id = ${receiver} AND conversation_id = ${conversation} AND user_id = ${sender}) AS receiver_option,
  (SELECT 1 FROM conversations
    WHERE owner_user_id = ${sender} AND conversation_id = ${conversation} AND user_id = ${receiver}) AS sender_row,
  (SELECT 1 FROM blacks WHERE owner_user_id = ${receiver} AND blocked_user_id = ${sender}) AS is_blocked,
  (SELECT 1 FROM friends WHERE owner_user_id = ${receiver} AND friend_user_id = ${sender}) AS is_friend`;

const factsQuery = `SELECT ${facts(['?1', '?2', '?3'])}`;

const manyFactsQuery = `SELECT ${facts(['a.sender', 'a.receiver', 'a.conversation'])}
  FROM unnest($1::text[], $2::text[], $3::text[]) WITH ORDINALITY AS a (sender, receiver, conversation, n) ORDER BY a.n`;

const groupFactsQuery = `SELECT g.status, m.role_level, m.muted_until FROM groups AS g
  LEFT JOIN group_members AS m ON m.group_id = g.group_id AND m.user_id = ?2
  WHERE g.group_id = ?1`;

const manyGroupFactsQuery = `SELECT g.status, m.role_level, m.muted_until
  FROM unnest($1::text[], $2::text[]) WITH ORDINALITY AS a (group_id, sender, n)
  LEFT JOIN groups AS g ON g.group_id = a.group_id
  LEFT JOIN group_members AS m ON m.group_id = g.group_id AND m.user_id = a.sender
  ORDER BY a.n`;
