/** Data of earlier releases, where pairs of users whose IDs hold `_` shared names with others. */
import assert from 'node:assert/strict';
import { type Kysely, sql } from 'kysely';
import { up } from '../../src/database/migrations/008-log-ids.ts';
import { SqlConversationViewStore } from '../../src/store/sql-conversation-view-store.ts';
import { SqlMessageStore } from '../../src/store/sql-message-store.ts';
import { testOnEveryDatabase } from './every-database.ts';

testOnEveryDatabase('The migration to log IDs', async (t, { db }) => {
  const run = (text: string) => db.transaction((tx) => sql.raw(text).execute(db.executor(tx)));
  await run('ALTER TABLE conversations DROP COLUMN log_id');
  for (const [owner, peer, id] of [
    ['a', 'b', 'si_a_b'],
    ['x_1', 'y', 'si_x_1_y'],
    ['y', 'x_1', 'si_x_1_y'],
    ['u_1', 'u_1', 'si_u_1_u_1'],
    ['u', '1_u_1', 'si_u_1_u_1'],
  ]) {
    await run(`INSERT INTO conversations (owner_user_id, conversation_id, conversation_type, user_id, group_id, created_at)
      VALUES ('${owner}', '${id}', 1, '${peer}', '', 1)`);
  }
  for (const id of ['si_a_b', 'n_a_b', 'si_x_1_y', 'n_x_1_y', 'n_u_1_u_1']) {
    await run(`INSERT INTO conversation_seqs (conversation_id, max_seq, max_seq_at) VALUES ('${id}', 1, 1)`);
    await run(`INSERT INTO read_seqs (user_id, conversation_id, read_seq) VALUES ('y', '${id}', 1)`);
    await run(`INSERT INTO messages
      (conversation_id, seq, send_id, client_msg_id, server_msg_id, sent_at, session_type, content_type, body)
      VALUES ('${id}', 1, 'y', '${id}', 's', 1, 1, 101, ${db.dialect === 'sqlite' ? "x''" : "''"})`);
  }
  await db.transaction((tx) => up(db.executor(tx) as unknown as Kysely<unknown>, db.dialect));

  const store = new SqlMessageStore(db);
  const views = new SqlConversationViewStore(db);
  await t.test('a pair with `_` keeps its messages and positions, under a name of its own', async () => {
    const [view] = await views.views('y');
    assert.partialDeepStrictEqual(view, { conversationID: 'si_x_1_y', logID: 'si/x_1/y', maxSeq: 1, readSeq: 1 });
    for (const logID of ['si/x_1/y', 'n/x_1/y']) assert.equal((await store.range('', logID, 1, 1, 1)).length, 1);
    assert.deepEqual(await store.range('', 'si_x_1_y', 1, 1, 1), []);
  });

  await t.test('all others stay where they are, and so do the notifications of a user', async () => {
    assert.partialDeepStrictEqual((await views.views('a'))[0], { logID: 'si_a_b', maxSeq: 1 });
    for (const logID of ['si_a_b', 'n_a_b', 'n_u_1_u_1'])
      assert.equal((await store.range('', logID, 1, 1, 1)).length, 1);
    assert.equal((await views.views('u_1'))[0]?.logID, 'si_u_1_u_1');
    assert.equal((await views.views('u'))[0]?.logID, 'si/1_u_1/u');
  });
});
