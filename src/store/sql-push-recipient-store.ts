/** Those whom a message is for, as offline push looks at them, in SQL, for both dialects. */
import { type RawBuilder, sql } from 'kysely';
import type { Database } from '../database/database.ts';
import { hotQuery, runHot } from '../database/hot-query.ts';
import type { PushedChat, PushRecipient, PushRecipientStore } from '../push/push-recipient-store.ts';
import { isOneOf } from './sql-lists.ts';

export class SqlPushRecipientStore implements PushRecipientStore {
  readonly #db: Database;

  constructor(db: Database) {
    this.#db = db;
  }

  async recipients(chat: PushedChat, afterUserID: string, limit: number): Promise<readonly PushRecipient[]> {
    if (chat.groupID === '') {
      const { recvID, sendID, conversationID, logID } = chat;
      const values = [recvID, afterUserID, sendID, conversationID, logID];
      return (await runHot<RecipientRow>(this.#db, otherSide, values)).map(toRecipient);
    }
    return this.#find(chat, sql`user_id > ${afterUserID}`, limit);
  }

  among(chat: PushedChat, userIDs: readonly string[]): Promise<readonly PushRecipient[]> {
    return this.#find(chat, isOneOf(this.#db.dialect, 'user_id', userIDs), userIDs.length);
  }

  async #find(
    { logID, conversationID, sendID, recvID, groupID }: PushedChat,
    condition: RawBuilder<unknown>,
    limit: number,
  ): Promise<readonly PushRecipient[]> {
    const users =
      groupID === ''
        ? sql`SELECT user_id FROM users WHERE user_id = ${recvID}`
        : sql`SELECT user_id FROM group_members WHERE group_id = ${groupID}`;
    const { rows } = await sql<RecipientRow>`
      SELECT m.user_id, u.global_recv_msg_opt AS global, c.recv_msg_opt AS opt, r.read_seq
      FROM (${users} AND ${condition} AND user_id <> ${sendID} ORDER BY user_id LIMIT ${limit}) AS m
      JOIN users AS u ON u.user_id = m.user_id
      LEFT JOIN conversations AS c ON c.owner_user_id = m.user_id AND c.conversation_id = ${conversationID}
        AND c.user_id = ${groupID === '' ? sendID : ''}
      LEFT JOIN read_seqs AS r ON r.user_id = m.user_id AND r.conversation_id = ${logID}
      ORDER BY m.user_id`.execute(this.#db.reader);
    return rows.map(toRecipient);
  }

  async unread(userIDs: readonly string[]): Promise<ReadonlyMap<string, number>> {
    const { rows } = await sql<{ user_id: string; unread: number | string }>`
      SELECT user_id, sum(unread) AS unread FROM (
        SELECT c.owner_user_id AS user_id, CASE
          WHEN s.max_seq <= coalesce(r.read_seq, 0) OR s.max_seq < c.min_seq THEN 0
          WHEN c.min_seq - 1 > coalesce(r.read_seq, 0) THEN s.max_seq - c.min_seq + 1
          ELSE s.max_seq - coalesce(r.read_seq, 0) END AS unread
        FROM conversations AS c
        JOIN conversation_seqs AS s
          ON s.conversation_id = CASE WHEN c.log_id = '' THEN c.conversation_id ELSE c.log_id END
        LEFT JOIN read_seqs AS r ON r.user_id = c.owner_user_id AND r.conversation_id = s.conversation_id
        WHERE ${isOneOf(this.#db.dialect, 'c.owner_user_id', userIDs)} AND c.recv_msg_opt < 2) AS each_one
      GROUP BY user_id`.execute(this.#db.reader);
    return new Map(rows.map(({ user_id, unread }) => [user_id, Number(unread)]));
  }
}

/** Of most messages. */
const otherSide = hotQuery(`SELECT u.user_id, u.global_recv_msg_opt AS global, c.recv_msg_opt AS opt, r.read_seq
  FROM users AS u
  LEFT JOIN conversations AS c ON c.owner_user_id = u.user_id AND c.conversation_id = $4 AND c.user_id = $3
  LEFT JOIN read_seqs AS r ON r.user_id = u.user_id AND r.conversation_id = $5
  WHERE u.user_id = $1 AND u.user_id > $2 AND u.user_id <> $3`);

interface RecipientRow {
  readonly user_id: string;
  readonly global: number;
  readonly opt: number | null;
  readonly read_seq: number | null;
}

function toRecipient({ user_id: userID, global, opt, read_seq }: RecipientRow): PushRecipient {
  return { userID, wantsPushes: global === 0 && (opt ?? 0) === 0, readSeq: read_seq ?? 0 };
}
