/** What an earlier release has stored in SQLite, with an index in the place of today's keys. */
import assert from 'node:assert/strict';
import { copyFile, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { test } from 'node:test';
import { openSqlite } from '../../src/database/sqlite-database.ts';
import { SqlMessageStore } from '../../src/store/sql-message-store.ts';
import { message } from './message-store.suite.ts';

test('M3: what is sent again to the version after is known, and an older version is told not to serve', async (t) => {
  const directory = await mkdtemp(join(tmpdir(), 'tessera-message-keys-migration-'));
  t.after(() => rm(directory, { recursive: true }));
  const path = join(directory, 'tessera.db');
  await copyFile(join(import.meta.dirname, '../fixtures/releases/0.1.0/tessera.db'), path);
  {
    using database = new DatabaseSync(path);
    const insert = database.prepare(`INSERT INTO messages
      (conversation_id, seq, send_id, client_msg_id, server_msg_id, sent_at, session_type, content_type, body)
      VALUES (?, ?, ?, ?, 's', 1, 1, 101, x'')`);
    database.exec('BEGIN');
    for (let seq = 1; seq <= 2500; seq += 1) insert.run('si_p_q', seq, seq % 2 === 0 ? 'p' : 'q', `m${seq >> 1}`);
    database.exec(`INSERT INTO conversation_seqs (conversation_id, max_seq, max_seq_at) VALUES ('si_p_q', 2500, 1)`);
    database.exec(`DELETE FROM messages WHERE conversation_id = 'si_p_q' AND seq = 77; COMMIT`);
  }
  await using db = await openSqlite(path, { onEffectFailure: fail, onFailing: fail, onRecovered: () => {} });
  const rows = db.sqlite.read.prepare('SELECT conversation_id, seq, send_id, client_msg_id FROM messages').all();
  const again = (logID: unknown, sendID: unknown, clientMsgID: unknown) =>
    message({ logID: String(logID), sendID: String(sendID), clientMsgID: String(clientMsgID) });
  const messages = rows.map((row) => again(row.conversation_id, row.send_id, row.client_msg_id));
  assert.ok(messages.length > 2499);
  const store = new SqlMessageStore(db);
  const appended = await store.append(messages);
  assert.deepEqual(
    appended.map(({ seq, isDuplicate }) => [seq, isDuplicate]),
    rows.map((row) => [row.seq, true]),
  );
  const [erased, fresh] = await store.append([again('si_p_q', 'q', 'm38'), again('si_p_q', 'q', 'new')]);
  assert.deepEqual([erased?.seq, fresh?.seq], [2501, 2502]);
  assert.deepEqual(db.sqlite.read.prepare('SELECT oldest FROM schema_version').get()?.oldest, 41);
});

function fail(error: unknown): void {
  throw error;
}
