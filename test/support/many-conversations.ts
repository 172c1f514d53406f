/** More conversations than a test has time to send messages in: written straight into a server's SQLite file. */
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';

/** Single chats of `owner` with each of `peers`, of one message each, the last one active last. */
export function createConversations(dataDir: string, owner: string, peers: readonly string[]): void {
  using database = new DatabaseSync(join(dataDir, 'tessera.db'));
  const row = database.prepare(
    `INSERT INTO conversations (owner_user_id, conversation_id, conversation_type, user_id, group_id, created_at)
     VALUES (?, ?, 1, ?, '', 1)`,
  );
  const counter = database.prepare(
    'INSERT INTO conversation_seqs (conversation_id, max_seq, max_seq_at) VALUES (?, 1, ?)',
  );
  database.exec('BEGIN');
  for (const [index, peer] of peers.entries()) {
    const id = `si_${owner}_${peer}`;
    row.run(owner, id, peer);
    counter.run(id, index + 1);
  }
  database.exec('COMMIT');
}

/** Texts from `sendID` after those that a conversation has, up to seq `upTo`. */
export function fillConversation(dataDir: string, conversationID: string, sendID: string, upTo: number): void {
  using database = new DatabaseSync(join(dataDir, 'tessera.db'));
  database
    .prepare(
      `WITH RECURSIVE more (seq) AS (
         SELECT max_seq + 1 FROM conversation_seqs WHERE conversation_id = :id
         UNION ALL SELECT seq + 1 FROM more WHERE seq < :upTo
       )
       INSERT INTO messages
         (conversation_id, seq, send_id, client_msg_id, server_msg_id, sent_at, session_type, content_type, body)
       SELECT :id, seq, :sender, seq, seq, 1, 1, 101, x'' FROM more`,
    )
    .run({ id: conversationID, upTo, sender: sendID });
  database.prepare('UPDATE conversation_seqs SET max_seq = ? WHERE conversation_id = ?').run(upTo, conversationID);
}
