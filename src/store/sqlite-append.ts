/**
 * Appending a batch to SQLite: synchronous statements in one transaction, so that nothing of the process runs between a
 * seq and the commit that stores its message.
 */

import type { SqliteDatabase } from '../database/database.ts';
import type { StatementCache } from '../database/sqlite-database.ts';
import type { Appended, NewMessage } from '../log/message-store.ts';
import { withSeq } from '../protocol/message-bytes.ts';

export function appendInSqlite(db: SqliteDatabase, batch: readonly NewMessage[]): Promise<Appended[]> {
  return db.sqlite.write((connection) => batch.map((message) => appendOne(connection, message)));
}

function appendOne(connection: StatementCache, message: NewMessage): Appended {
  const earlier = connection.prepare(findRepeat).get(message.sendID, message.clientMsgID, message.conversationID);
  if (earlier !== undefined) {
    const { seq, server_msg_id, sent_at } = earlier as { seq: number; server_msg_id: string; sent_at: number };
    return { seq, serverMsgID: server_msg_id, sentAt: sent_at, isDuplicate: true, body: Buffer.alloc(0) };
  }
  const { max_seq: seq } = connection.prepare(nextSeq).get(message.conversationID, message.acceptedAt) as {
    max_seq: number;
  };
  const body = withSeq(message.bodyWithoutSeq, seq);
  connection
    .prepare(insertMessage)
    .run(
      message.conversationID,
      seq,
      message.sendID,
      message.clientMsgID,
      message.serverMsgID,
      message.sentAt,
      message.sessionType,
      message.contentType,
      body,
    );
  if (message.raisesSenderReadSeq) connection.prepare(raiseReadSeq).run(message.sendID, message.conversationID, seq);
  return { seq, serverMsgID: message.serverMsgID, sentAt: message.sentAt, isDuplicate: false, body };
}

const findRepeat =
  'SELECT seq, server_msg_id, sent_at FROM messages WHERE send_id = ? AND client_msg_id = ? AND conversation_id = ?';

const nextSeq = `INSERT INTO conversation_seqs (conversation_id, max_seq, max_seq_at) VALUES (?, 1, ?)
  ON CONFLICT (conversation_id) DO UPDATE SET max_seq = max_seq + 1, max_seq_at = excluded.max_seq_at
  RETURNING max_seq`;

const insertMessage = `INSERT INTO messages
  (conversation_id, seq, send_id, client_msg_id, server_msg_id, sent_at, session_type, content_type, body)
  VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`;

/** A sender's newest message is above whatever it had read before, so there is nothing to compare. */
const raiseReadSeq = `INSERT INTO read_seqs (user_id, conversation_id, read_seq) VALUES (?, ?, ?)
  ON CONFLICT (user_id, conversation_id) DO UPDATE SET read_seq = excluded.read_seq`;
