/** The contract of PushRecipientStore, on every database. */
import assert from 'node:assert/strict';
import { SqlPushRecipientStore } from '../../src/store/sql-push-recipient-store.ts';
import { testOnEveryDatabase } from './every-database.ts';

testOnEveryDatabase('PushRecipientStore', async (t, { db }) => {
  const store = new SqlPushRecipientStore(db);
  const single = { logID: 'si_a_b', conversationID: 'si_a_b', sendID: 'a', recvID: 'b', groupID: '' };
  const group = { logID: 'sg_g', conversationID: 'sg_g', sendID: 'a', recvID: '', groupID: 'g' };
  const user = (user_id: string, global_recv_msg_opt = 0) => ({
    ...{ user_id, global_recv_msg_opt, nickname: '', face_url: '', ex: '', created_at: 1, app_manager_level: 0 },
  });
  const member = (user_id: string) => ({
    ...{
      group_id: 'g',
      user_id,
      role_level: 20,
      joined_at: 1,
      join_source: 3,
      operator_user_id: '',
      inviter_user_id: '',
    },
  });
  const chat = (owner_user_id: string, conversation_id: string, fields: object) => ({
    ...{ owner_user_id, conversation_id, conversation_type: 1, user_id: '', group_id: '', created_at: 1 },
    ...{ recv_msg_opt: 0, min_seq: 0 },
    ...fields,
  });
  await db.transaction(async (tx) => {
    const executor = db.executor(tx);
    await executor
      .insertInto('users')
      .values([user('a'), user('b'), user('c', 2), user('d'), user('e')])
      .execute();
    await executor.insertInto('group_members').values(['a', 'b', 'c', 'd'].map(member)).execute();
    const seqs = ['si_a_b', 'sg_g', 'si_b_e'].map((conversation_id) => ({
      conversation_id,
      max_seq: 5,
      max_seq_at: 1,
    }));
    await executor.insertInto('conversation_seqs').values(seqs).execute();
    const chats = [
      chat('b', 'si_a_b', { user_id: 'a' }),
      chat('b', 'sg_g', { group_id: 'g', min_seq: 3 }),
      chat('b', 'si_b_e', { user_id: 'e', recv_msg_opt: 2 }),
      chat('d', 'sg_g', { group_id: 'g', recv_msg_opt: 2 }),
    ];
    await executor.insertInto('conversations').values(chats).execute();
    const read = { user_id: 'b', conversation_id: 'si_a_b', read_seq: 4 };
    await executor.insertInto('read_seqs').values(read).execute();
  });
  const [b, c, d] = [
    { userID: 'b', wantsPushes: true, readSeq: 0 },
    { userID: 'c', wantsPushes: false, readSeq: 0 },
    { userID: 'd', wantsPushes: false, readSeq: 0 },
  ];

  await t.test('the other side of a chat, and what it has read', async () => {
    assert.deepEqual(await store.recipients(single, '', 10), [{ ...b, readSeq: 4 }]);
    assert.deepEqual(await store.recipients(single, 'b', 10), []);
    const spelledAlike = { ...single, sendID: 'x' };
    assert.deepEqual(await store.recipients({ ...spelledAlike, recvID: 'nobody' }, '', 10), []);
  });

  await t.test(
    'members of a group but for the sender, page by page, and who does not want to be disturbed',
    async () => {
      assert.deepEqual(await store.recipients(group, '', 2), [b, c]);
      assert.deepEqual(await store.recipients(group, 'c', 2), [d]);
      assert.deepEqual(await store.recipients({ ...group, groupID: 'none' }, '', 2), []);
    },
  );

  await t.test('among some: those who still get it', async () => {
    assert.deepEqual(await store.among(group, ['d', 'b', 'a', 'e']), [b, d]);
    assert.deepEqual(await store.among(single, ['b', 'c']), [{ ...b, readSeq: 4 }]);
    assert.deepEqual(await store.among(group, []), []);
  });

  await t.test('unread: of all conversations that are not muted, from where each begins', async () => {
    assert.deepEqual(await store.unread(['b', 'd', 'e']), new Map([['b', 1 + 3]]));
  });
});
