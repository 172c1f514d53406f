/** To many at once, answers of bots, notifications of back ends, the clock: conversations-messages.md 9.3 to 9.6. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import batchSendMsg from '../../src/http/routes/msg/batch_send_msg.ts';
import checkMsgIsSendSuccess from '../../src/http/routes/msg/check_msg_is_send_success.ts';
import getServerTime from '../../src/http/routes/msg/get_server_time.ts';
import sendBusinessNotification from '../../src/http/routes/msg/send_business_notification.ts';
import sendSimpleMsg from '../../src/http/routes/msg/send_simple_msg.ts';
import { Listener } from './listener.ts';
import { envelopeOf } from './raw-http.ts';
import { testEndpoint } from './scenario.ts';
import { World } from './world.ts';

const text = { sendID: 'alice', content: { content: 'hello' }, contentType: 101, sessionType: 1 };

interface Batch {
  readonly results: readonly { recvID: string; clientMsgID: string; serverMsgID: string; sendTime: number }[] | null;
  readonly failedUserIDs: readonly string[] | null;
}

testEndpoint(batchSendMsg, [
  {
    name: '9.3: one message for each, all with one clientMsgID; who cannot be sent to fails alone',
    body: { ...text, recvIDs: ['bob', 'nobody', 'carol', 'bob'] },
    expect: {
      errCode: 0,
      data: async ({ results, failedUserIDs }: Batch, world: World) => {
        assert.deepEqual(
          results?.map(({ recvID }) => recvID),
          ['bob', 'carol'],
        );
        assert.equal(new Set(results?.map(({ clientMsgID }) => clientMsgID)).size, 1);
        assert.equal(new Set(results?.map(({ serverMsgID }) => serverMsgID)).size, 2);
        assert.deepEqual(failedUserIDs, ['nobody']);
        const { maxSeqs } = await world.call('/msg/newest_seq', { userID: 'alice' });
        assert.deepEqual(maxSeqs, { si_alice_bob: 1, si_alice_carol: 1 });
      },
    },
  },
  {
    name: '9.3: isSendAll reaches every registered user, whatever recvIDs has',
    body: { ...text, recvIDs: [], isSendAll: true },
    expect: {
      errCode: 0,
      data: async ({ results, failedUserIDs }: Batch, world: World) => {
        const { userIDs } = await world.call('/user/get_all_users_uid', {
          pagination: { pageNumber: 1, showNumber: 99 },
        });
        assert.deepEqual(results?.map(({ recvID }) => recvID).sort(), userIDs.sort());
        assert.equal(failedUserIDs, null);
      },
    },
  },
  {
    name: '9.3: nobody to send to: null and null',
    body: { ...text, recvIDs: [] },
    expect: { errCode: 0, data: { results: null, failedUserIDs: null } },
  },
  {
    name: '9.3: ill-formed content is 1001 for all, and not a failure of each',
    body: { ...text, content: {}, recvIDs: ['bob'] },
    expect: { errCode: 1001, errDlt: 'content.content is empty' },
  },
  {
    name: '9.3: without recvIDs it does not bind, isSendAll or not',
    body: { ...text, isSendAll: true },
    expect: { httpStatus: 400, errCode: 1001, errDlt: 'recvIDs is empty' },
  },
  {
    name: '9.3: groups have no batch',
    body: { ...text, sessionType: 3, groupID: 'g', recvIDs: ['bob'] },
    expect: { errCode: 1001 },
  },
  {
    name: '9.3: a notification of an account needs the account first: 1101',
    body: { ...text, sendID: 'nobody', contentType: 1400, recvIDs: ['bob'] },
    expect: { errCode: 1101 },
  },
]);

testEndpoint(
  batchSendMsg,
  [
    {
      name: '9.3: of more receivers than a list may hold the answer names so many, and all get it',
      body: { ...text, recvIDs: [], isSendAll: true },
      expect: {
        errCode: 0,
        data: async ({ results }: Batch, world: World) => {
          assert.equal(results?.length, 100);
          for (const userID of ['u10', 'u99']) {
            const { maxSeqs } = await world.call('/msg/newest_seq', { userID });
            assert.deepEqual(Object.values(maxSeqs), [1]);
          }
        },
      },
    },
  ],
  {
    settings: { TESSERA_MAX_LIST_ITEMS: '100' },
    setUp: async (world) => {
      for (const first of [10, 60]) {
        await world.register(...Array.from({ length: 50 }, (_, index) => `u${first + index}`));
      }
    },
  },
);

const keyOf = (names: object) => Buffer.from(JSON.stringify(names)).toString('base64');

testEndpoint(sendSimpleMsg, [
  {
    name: '9.4: in a single chat who got the message answers, with name and face of its own',
    token: 'user',
    given: (world) => world.call('/user/update_user_info_ex', { userInfo: { userID: 'alice', nickname: 'Alice' } }),
    body: { key: keyOf({ sendID: 'bob', recvID: 'alice', groupID: '' }), content: '**yes**', ex: 'e' },
    expect: {
      errCode: 0,
      data: async ({ serverMsgID }: { serverMsgID: string }, world: World) => {
        const seqRanges = [{ conversationID: 'si_alice_bob', begin: 1, end: 1, num: 1 }];
        const { msgs } = await world.call('/msg/pull_msg_by_seq', { userID: 'bob', seqRanges, order: 0 });
        const [message] = msgs.si_alice_bob.Msgs;
        assert.equal(Buffer.from(message.content, 'base64').toString(), '{"Content":"**yes**"}');
        assert.ok(message.createTime > 0);
        assert.partialDeepStrictEqual(message, {
          serverMsgID,
          sendID: 'alice',
          recvID: 'bob',
          senderNickname: 'Alice',
          senderPlatformID: 10,
          msgFrom: 100,
          contentType: 118,
          sessionType: 1,
          ex: 'e',
        });
      },
    },
  },
  {
    name: '9.4: in a group body.sendID answers',
    token: 'user',
    given: (world) =>
      world.call('/group/create_group', {
        ownerUserID: 'alice',
        memberUserIDs: ['bob'],
        groupInfo: { groupID: 'simple', groupName: 'g', groupType: 2 },
      }),
    body: { key: keyOf({ sendID: 'bob', recvID: '', groupID: 'simple' }), sendID: 'alice', content: 'yes' },
    expect: { errCode: 0, data: ({ serverMsgID }: { serverMsgID: string }) => assert.notEqual(serverMsgID, '') },
  },
  {
    name: '9.4: M5: not for who is not the sender that results',
    token: 'user',
    body: { key: keyOf({ sendID: 'alice', recvID: 'bob' }), sendID: 'alice', content: 'yes' },
    expect: { errCode: 1002 },
  },
  {
    name: '9.4: a sender who is not registered is 1004',
    body: { key: keyOf({ sendID: 'alice', recvID: 'nobody' }), content: 'yes' },
    expect: { errCode: 1004 },
  },
  ...[
    ['no JSON', 'AAAA'],
    ['no object', keyOf([])],
    ['null', Buffer.from('null').toString('base64')],
    ['no sender', keyOf({ recvID: 'alice' })],
    ['nobody who could answer', keyOf({ sendID: 'bob' })],
    ['a number', keyOf({ sendID: 5, recvID: 'alice' })],
  ].map(([what, key]) => ({
    name: `9.4: a key that holds ${what} is 1001`,
    body: { key, content: 'yes' },
    expect: { errCode: 1001 },
  })),
  {
    name: '9.4: the key is in the URL, where plus signs may not be escaped',
    body: async (world: World) => {
      // Characters whose base64 has a plus sign.
      const key = keyOf({ sendID: 'bob', recvID: 'alice', more: '>>>~~~>>>~~' });
      assert.match(key, /\+/);
      const path = `/msg/send_simple_msg?key=${key}`;
      assert.equal(envelopeOf(await world.post(path, { content: 'yes' }, world.token('admin'))).errCode, 0);
      return { key, content: 'yes' };
    },
    expect: { errCode: 0, data: () => {} },
  },
]);

const business = { key: 'order', data: '{"id":1}', sendUserID: 'shop', recvUserID: 'bob' };
const detail = JSON.stringify({ detail: JSON.stringify({ key: 'order', data: '{"id":1}' }) });

testEndpoint(sendBusinessNotification, [
  {
    name: '9.5: level 1 reaches who is online, and is not stored; the sender need not be registered',
    body: async (world: World) => {
      await using bob = await Listener.open(world, 'bob');
      await world.call('/msg/send_business_notification', business);
      const { message, conversationID } = await bob.hear(2001);
      assert.equal(conversationID, 'n_bob_shop');
      assert.equal(Buffer.from(message.content).toString(), detail);
      assert.deepEqual([message.seq, message.msgFrom, message.sessionType], [0, 200, 1]);
      return business;
    },
    expect: { errCode: 0, data: ({ clientMsgID }: { clientMsgID: string }) => assert.notEqual(clientMsgID, '') },
  },
  {
    name: '9.5: level 2 is stored, and sendMsg shows it in the chat as well',
    body: async (world: World) => {
      await using bob = await Listener.open(world, 'bob');
      const body = { ...business, sendUserID: 'alice', reliabilityLevel: 2, sendMsg: true };
      await world.call('/msg/send_business_notification', body);
      assert.equal((await bob.hear(2001)).message.seq, 1);
      const shown = await bob.hear(2001, { inChat: true });
      assert.deepEqual([shown.conversationID, shown.message.seq], ['si_alice_bob', 1]);
      assert.equal(shown.message.options.get('unreadCount'), true);
      const { maxSeqs } = await world.call('/msg/newest_seq', { userID: 'bob' });
      assert.deepEqual([maxSeqs.si_alice_bob, maxSeqs.n_alice_bob], [1, 1]);
      return body;
    },
    expect: { errCode: 0, data: () => {} },
  },
  {
    name: '9.5: to a group, whose members all hear it',
    body: async (world: World) => {
      await world.call('/group/create_group', {
        ownerUserID: 'alice',
        memberUserIDs: ['bob'],
        groupInfo: { groupID: 'shop', groupName: 'g', groupType: 2 },
      });
      await using alice = await Listener.open(world, 'alice');
      await using bob = await Listener.open(world, 'bob');
      const body = { ...business, recvUserID: '', recvGroupID: 'shop', reliabilityLevel: 2, sendMsg: true };
      await world.call('/msg/send_business_notification', body);
      for (const member of [alice, bob]) {
        assert.equal((await member.hear(2001)).conversationID, 'n_shop');
        assert.equal((await member.hear(2001, { inChat: true })).conversationID, 'sg_shop');
      }
      return body;
    },
    expect: { errCode: 0, data: () => {} },
  },
  {
    name: '9.5: both receivers, or none, are 1001 before 1002',
    token: 'user',
    body: { ...business, recvGroupID: 'g' },
    expect: { errCode: 1001 },
  },
  { name: '9.5: an unknown receiver is 1004', body: { ...business, recvUserID: 'nobody' }, expect: { errCode: 1004 } },
  {
    name: '9.5: a group that is not there is 1004',
    body: { ...business, recvUserID: '', recvGroupID: 'none' },
    expect: { errCode: 1004 },
  },
  {
    name: '9.5: a group that is dismissed is 1204',
    given: async (world) => {
      const groupInfo = { groupID: 'gone', groupName: 'g', groupType: 2 };
      await world.call('/group/create_group', { ownerUserID: 'alice', memberUserIDs: ['bob'], groupInfo });
      await world.call('/group/dismiss_group', { groupID: 'gone' });
    },
    body: { ...business, recvUserID: '', recvGroupID: 'gone' },
    expect: { errCode: 1204 },
  },
  { name: '9.5: another level is 1001', body: { ...business, reliabilityLevel: 3 }, expect: { errCode: 1001 } },
]);

testEndpoint(getServerTime, [
  {
    name: "9.6: the server's clock, which stamps messages",
    token: 'user',
    body: {},
    expect: {
      errCode: 0,
      data: async ({ serverTime }: { serverTime: number }, world: World) => {
        const { sendTime } = await world.call('/msg/send_msg', { ...text, recvID: 'bob' });
        assert.ok(serverTime > 1_600_000_000_000 && serverTime <= sendTime);
      },
    },
  },
]);

testEndpoint(checkMsgIsSendSuccess, [
  { name: '9.6: of what is not known the status is 0', body: {}, expect: { errCode: 0, data: { status: 0 } } },
]);

test('9.6: 2 for a day after send_msg and send_simple_msg, and not after one that was refused', async () => {
  await using world = await World.open();
  const statusOf = async (operationID: string, token: string) => {
    const headers = { operationID, token };
    const reply = await world.send({ path: '/msg/check_msg_is_send_success', headers, body: '{}' });
    return (envelopeOf(reply).data as { status: number }).status;
  };
  const key = keyOf({ sendID: 'bob', recvID: 'alice' });
  for (const [operationID, path, body, status] of [
    ['sent', '/msg/send_msg', { ...text, recvID: 'bob' }, 2],
    ['answered', '/msg/send_simple_msg', { key, content: 'yes' }, 2],
    ['refused', '/msg/send_msg', { ...text, recvID: 'nobody' }, 0],
    ['batch', '/msg/batch_send_msg', { ...text, recvIDs: ['bob'] }, 0],
  ] as const) {
    await world.send({ path, headers: { operationID, token: world.token('admin') }, body: JSON.stringify(body) });
    assert.equal(await statusOf(operationID, world.token('user')), status, operationID);
  }
  world.passTime(24 * 60 * 60 * 1000 - 60_000);
  assert.equal(await statusOf('sent', await world.issueAdmin()), 2);
  world.passTime(60_001);
  assert.equal(await statusOf('sent', await world.issueAdmin()), 0);
});
