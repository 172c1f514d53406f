/**
 * Appending a batch to SQLite: synchronous statements in one transaction, so that nothing of the process runs between a
 * seq and the commit that stores its message.
 */

import { setImmediate as nextTurn } from 'node:timers/promises';
import type { SqliteDatabase } from '../database/database.ts';
import type { StatementCache } from '../database/statement-cache.ts';
import type { Transaction } from '../kernel/unit-of-work.ts';
import type { Appended, NewMessage } from '../log/message-store.ts';
import { refused, stamped } from './append-stamp.ts';
import { addDeliveriesInSqlite } from './sql-delivery-store.ts';
import { raiseSenderInSqlite } from './sql-read-position-store.ts';
import { isOpenGroup } from './sql-sending-facts.ts';

export function appendInSqlite(db: SqliteDatabase, batch: readonly NewMessage[]): Promise<Appended[]> {
  return db.sqlite.write((connection) => batch.map((message) => appendOne(connection, message)));
}

export async function appendInSqliteWithin(
  db: SqliteDatabase,
  tx: Transaction,
  batch: readonly NewMessage[],
): Promise<Appended[]> {
  const connection = db.sqlite.within(tx);
  const appended: Appended[] = [];
  for (const [index, message] of batch.entries()) {
    // The transaction keeps other writers out; who only reads has a turn in between.
    if (index > 0 && index % messagesPerTurn === 0) await nextTurn();
    appended.push(appendOne(connection, message));
  }
  return appended;
}

const messagesPerTurn = 200;

function appendOne(connection: StatementCache, message: NewMessage): Appended {
  const earlier = connection.prepare(findRepeat).get(message.sendID, message.clientMsgID, message.logID);
  if (earlier !== undefined) {
    const { seq, server_msg_id, sent_at } = earlier as { seq: number; server_msg_id: string; sent_at: number };
    return {
      seq,
      serverMsgID: server_msg_id,
      sentAt: sent_at,
      isDuplicate: true,
      isRefused: false,
      body: Buffer.alloc(0),
    };
  }
  if (!holds(connection, message)) return refused(message);
  const { max_seq: seq, last_sent_at: lastSentAt } = connection
    .prepare(nextSeq)
    .get(message.logID, message.acceptedAt, message.hasChosenTime ? 0 : message.sentAt) as {
    max_seq: number;
    last_sent_at: number;
  };
  const sentAt = message.hasChosenTime ? message.sentAt : lastSentAt;
  const body = stamped(message, seq, sentAt);
  connection
    .prepare(insertMessage)
    .run(
      message.logID,
      seq,
      message.sendID,
      message.clientMsgID,
      message.serverMsgID,
      sentAt,
      message.sessionType,
      message.contentType,
      body,
    );
  if (message.raisesSenderReadSeq) connection.prepare(raiseSenderInSqlite).run(message.sendID, message.logID, seq);
  if (message.deliveries !== undefined) {
    addDeliveriesInSqlite(connection, message.deliveries({ seq, sentAt }), message.acceptedAt);
  }
  return { seq, serverMsgID: message.serverMsgID, sentAt, isDuplicate: false, isRefused: false, body };
}

function holds(connection: StatementCache, { condition, sendID }: NewMessage): boolean {
  if (condition === undefined) return true;
  const { groupID, isForMembersOnly } = condition;
  const group = connection.prepare(findGroup).get(sendID, groupID) as { status: number; is_member: number } | undefined;
  return group !== undefined && isOpenGroup(group.status) && (!isForMembersOnly || group.is_member === 1);
}

const findGroup = `SELECT status, EXISTS (SELECT 1 FROM group_members WHERE group_id = groups.group_id AND user_id = ?) AS is_member
  FROM groups WHERE group_id = ?`;

const findRepeat =
  'SELECT seq, server_msg_id, sent_at FROM messages WHERE send_id = ? AND client_msg_id = ? AND conversation_id = ?';

/** With it the send time: the later of the message's own and that of the message before. */
const nextSeq = `INSERT INTO conversation_seqs (conversation_id, max_seq, max_seq_at, last_sent_at) VALUES (?, 1, ?, ?)
  ON CONFLICT (conversation_id) DO UPDATE SET max_seq = max_seq + 1, max_seq_at = max(max_seq_at, excluded.max_seq_at),
    last_sent_at = max(last_sent_at, excluded.last_sent_at)
  RETURNING max_seq, last_sent_at`;

const insertMessage = `INSERT INTO messages
  (conversation_id, seq, send_id, client_msg_id, server_msg_id, sent_at, session_type, content_type, body)
  VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`;
