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
