/** Chat lists: that of the pure-JS SDK, in JSON and in protobuf, and the sorted one: rest-core.md 12, conversations-messages.md 7.6. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import getSortedConversationList from '../../src/http/routes/conversation/get_sorted_conversation_list.ts';
import getActiveConversations from '../../src/http/routes/jssdk/get_active_conversations.ts';
import getConversations from '../../src/http/routes/jssdk/get_conversations.ts';
import {
  GetActiveConversationsReq,
  GetActiveConversationsResp,
  GetConversationsReq,
} from '../../src/protocol/gen/openim.ts';
import { envelopeOf } from './raw-http.ts';
import { testEndpoint } from './scenario.ts';
import { World } from './world.ts';

/** Alice has two unread texts from bob, and has sent one to carol since. */
async function setUp(world: World): Promise<void> {
  await send(world, 'bob', 'alice', 'one');
  await send(world, 'bob', 'alice', 'two');
  await send(world, 'alice', 'carol', 'three');
}

testEndpoint(
  getActiveConversations,
  [
    {
      name: 'the most recently active first, with partner, last message and counts',
      token: 'user',
      body: { ownerUserID: '', count: 20 },
      expect: {
        errCode: 0,
        data: lists(2, [
          ['si_alice_carol', 'carol', 'three', 1, 1],
          ['si_alice_bob', 'bob', 'two', 2, 0],
        ]),
      },
    },
    {
      name: 'count limits the list and not the unread count',
      token: 'user',
      body: { count: 1 },
      expect: { errCode: 0, data: lists(2, [['si_alice_carol', 'carol', 'three', 1, 1]]) },
    },
    {
      name: 'a count out of range is 100',
      token: 'user',
      body: { count: -1 },
      expect: {
        errCode: 0,
        data: lists(2, [
          ['si_alice_carol', 'carol', 'three', 1, 1],
          ['si_alice_bob', 'bob', 'two', 2, 0],
        ]),
      },
    },
    {
      name: 'M5: the caller is meant, whoever is named',
      token: 'other',
      body: { ownerUserID: 'alice', count: 20 },
      expect: { errCode: 0, data: lists(0, [['si_alice_bob', 'alice', 'two', 2, 2]]) },
    },
    {
      name: 'nobody to talk to',
      body: { count: 20 },
      expect: { errCode: 0, data: { unreadCount: 0, conversations: null } },
    },
  ],
  { setUp },
);

testEndpoint(
  getConversations,
  [
    {
      name: 'those asked for, with the unread count of these; unknown ones are left out',
      token: 'user',
      body: { conversationIDs: ['si_alice_bob', 'si_alice_nobody'] },
      expect: { errCode: 0, data: lists(2, [['si_alice_bob', 'bob', 'two', 2, 0]]) },
    },
    {
      name: 'a single chat that nobody has begun, with a registered user, is shown empty',
      token: 'other',
      body: { conversationIDs: ['si_bob_carol', 'si_bob_nobody', 'si_alice_carol', 'sg_bob_carol', 'si_bob_'] },
      expect: {
        errCode: 0,
        data: ({ conversations, ...rest }: { readonly conversations: readonly Listed[] }) => {
          assert.deepEqual(rest, { unreadCount: 0 });
          assert.deepEqual(
            conversations.map((listed) => [
              listed.conversation.conversationID,
              listed.user.userID,
              listed.lastMsg,
              listed.maxSeq,
              listed.readSeq,
            ]),
            [['si_bob_carol', 'carol', null, 0, 0]],
          );
        },
      },
    },
    {
      name: 'M5: a conversation of others is unknown',
      token: 'other',
      body: { conversationIDs: ['si_alice_carol'] },
      expect: { errCode: 0, data: { unreadCount: 0, conversations: null } },
    },
    {
      name: 'none asked for',
      token: 'user',
      body: {},
      expect: { errCode: 0, data: { unreadCount: 0, conversations: null } },
    },
  ],
  { setUp },
);

const onePage = (pageNumber: number, showNumber: number) => ({ pagination: { pageNumber, showNumber } });

testEndpoint(
  getSortedConversationList,
  [
    {
      name: '7.6 pinned first, then by the newest message, then by age, with what each kind shows',
      token: 'user',
      body: { userID: 'alice', ...onePage(1, 20) },
      expect: {
        errCode: 0,
        data: ({ conversationElems, ...totals }: { conversationElems: readonly Sorted[] }) => {
          assert.deepEqual(totals, { conversationTotal: 3, unreadTotal: 4 });
          assert.deepEqual(
            conversationElems.map(({ conversationID, IsPinned, unreadCount, recvMsgOpt, msgInfo }) => [
              ...[conversationID, IsPinned, unreadCount, recvMsgOpt],
              msgInfo && [msgInfo.senderName, msgInfo.groupName, msgInfo.groupMemberCount, msgInfo.content],
            ]),
            [
              ['si_alice_bob', true, 2, 2, ['bob', '', 0, '{"content":"two"}']],
              ['sg_team', false, 2, 0, ['Bobby', 'Team', 2, '{"content":"of the team"}']],
              ['si_alice_dora', false, 0, 0, null],
              ['si_alice_carol', false, 0, 0, ['carol', '', 0, '{"content":"three"}']],
            ],
          );
          const [{ msgInfo }] = conversationElems as [Sorted];
          assert.partialDeepStrictEqual(msgInfo, { sendID: 'bob', recvID: 'alice', msgFrom: 200, contentType: 101 });
          assert.ok((msgInfo?.LatestMsgRecvTime ?? 0) > 0);
        },
      },
    },
    ...(
      [
        [onePage(2, 1), ['sg_team']],
        [onePage(9, 9), []],
        [onePage(1, 0), []],
        [{ conversationIDs: ['si_alice_carol', 'x'], ...onePage(1, 9) }, ['si_alice_carol']],
      ] as const
    ).map(([body, ids]) => ({
      name: `${JSON.stringify(body)} gives ${ids.length}`,
      token: 'user' as const,
      body: { userID: 'alice', ...body },
      expect: {
        errCode: 0,
        data: ({ conversationElems }: { conversationElems: readonly Sorted[] | null }) =>
          assert.deepEqual(
            (conversationElems ?? []).map(({ conversationID }) => conversationID),
            ids,
          ),
      },
    })),
    { name: 'none: 1004', body: { userID: 'imAdmin', ...onePage(1, 9) }, expect: { errCode: 1004 } },
    { name: 'page 0: 1001', token: 'user', body: { userID: 'alice', ...onePage(0, 9) }, expect: { errCode: 1001 } },
    {
      name: "M5 another user's: 1002",
      token: 'other',
      body: { userID: 'alice', ...onePage(1, 9) },
      expect: { errCode: 1002 },
    },
  ],
  {
    setUp: async (world) => {
      await setUp(world);
      await world.register('dora');
      const set = (conversationID: string, userID: string, fields: object) =>
        world.call('/conversation/set_conversations', {
          userIDs: ['alice'],
          conversation: { conversationID, userID, conversationType: 1, ...fields },
        });
      await set('si_alice_bob', 'bob', { isPinned: true, recvMsgOpt: 2 });
      world.passTime(1000);
      await set('si_alice_dora', 'dora', { burnDuration: 9 });
      world.passTime(1000);
      await world.call('/group/create_group', {
        groupInfo: { groupID: 'team', groupName: 'Team', groupType: 2 },
        ownerUserID: 'bob',
        memberUserIDs: ['alice'],
      });
      const text = { contentType: 101, sessionType: 3, content: { content: 'of the team' } };
      await world.call('/msg/send_msg', { sendID: 'bob', groupID: 'team', senderNickname: 'Bobby', ...text });
    },
  },
);

interface Sorted {
  readonly conversationID: string;
  readonly IsPinned: boolean;
  readonly unreadCount: number;
  readonly recvMsgOpt: number;
  readonly msgInfo: {
    readonly senderName: string;
    readonly groupName: string;
    readonly groupMemberCount: number;
    readonly content: string;
    readonly LatestMsgRecvTime: number;
  } | null;
}

/** What a chat list says of the partner. */
interface Partner {
  readonly user: { readonly userID: string } | null;
  readonly friend: object | null;
  readonly group: object | null;
}

test('12: a single chat has its user, and the friend if it is one; a group chat has its group', async () => {
  await using world = await World.open();
  await setUp(world);
  const group = { groupID: 'team', groupName: 'Team', groupType: 2 };
  const { groupInfo } = await world.call('/group/create_group', {
    groupInfo: group,
    ownerUserID: 'bob',
    memberUserIDs: ['alice'],
  });
  await world.call('/friend/import_friend', { ownerUserID: 'alice', friendUserIDs: ['bob'] });
  const friends = { ownerUserID: 'alice', friendUserIDs: ['bob'], remark: 'Bobby', isPinned: true, ex: 'e' };
  await world.call('/friend/update_friends', friends);
  const partnersIn = async (path: string, body: object) => {
    const { conversations } = envelopeOf(await world.post(path, body, world.token('user'))).data as {
      conversations: readonly (Partner & Listed)[];
    };
    return new Map(
      conversations.map(({ conversation, user, friend, group: shown }) => [
        conversation.conversationID,
        { userID: user?.userID, friend, group: shown },
      ]),
    );
  };
  const ids = ['si_alice_bob', 'si_alice_carol', 'sg_team'];
  for (const [path, body] of [
    [getActiveConversations.path, { count: 20 }],
    [getConversations.path, { conversationIDs: ids }],
  ] as const) {
    const partners = await partnersIn(path, body);
    assert.deepEqual([...partners.keys()].toSorted(), ids.toSorted());
    assert.deepEqual(partners.get('sg_team'), { userID: undefined, friend: null, group: groupInfo });
    assert.deepEqual(partners.get('si_alice_carol'), { userID: 'carol', friend: null, group: null });
    const { friend, ...bob } = partners.get('si_alice_bob') ?? {};
    assert.deepEqual(bob, { userID: 'bob', group: null });
    assert.partialDeepStrictEqual(friend, {
      ownerUserID: 'alice',
      friendUserID: 'bob',
      remark: 'Bobby',
      addSource: 1,
      operatorUserID: 'imAdmin',
      ex: 'e',
      isPinned: true,
    });
  }
  await world.call('/group/dismiss_group', { groupID: 'team' });
  const left = await partnersIn(getConversations.path, { conversationIDs: ids });
  assert.partialDeepStrictEqual(left.get('sg_team')?.group, { groupID: 'team', status: 2, ownerUserID: '' });
});

test('protobuf in, base64 of protobuf out', async (t) => {
  const world = await World.open();
  t.after(() => world[Symbol.asyncDispose]());
  await setUp(world);
  const post = async (path: string, body: Uint8Array, headers: Readonly<Record<string, string>> = {}) =>
    envelopeOf(
      await world.send({
        path,
        headers: {
          operationID: 'op',
          token: world.token('user'),
          'content-type': 'application/x-protobuf',
          ...headers,
        },
        body,
      }),
    );
  const active = GetActiveConversationsReq.encode({ ownerUserID: 'alice', count: 20 }).finish();

  await t.test('the same answer as in JSON', async () => {
    const { data } = await post('/jssdk/get_active_conversations', active);
    const list = GetActiveConversationsResp.decode(Buffer.from(String(data), 'base64'));
    assert.equal(list.unreadCount, 2);
    assert.deepEqual(
      list.conversations.map(({ conversation, user }) => [conversation?.conversationID, user?.nickname]),
      [
        ['si_alice_carol', 'carol'],
        ['si_alice_bob', 'bob'],
      ],
    );
  });

  await t.test('an empty operationID is let pass where the SDK has none, and nowhere else', async () => {
    const request = GetConversationsReq.encode({ ownerUserID: 'alice', conversationIDs: ['si_alice_bob'] }).finish();
    assert.equal((await post('/jssdk/get_conversations', request, { operationID: '' })).errCode, 0);
    assert.equal((await post('/jssdk/get_active_conversations', active, { operationID: '' })).errCode, 1001);
  });

  await t.test('an empty answer is not empty bytes, which the SDK could not read', async () => {
    const request = GetConversationsReq.encode({ ownerUserID: 'alice', conversationIDs: ['si_none'] }).finish();
    assert.equal((await post('/jssdk/get_conversations', request)).data, 'CAA=');
  });

  await t.test('what is not such a message is 500', async () => {
    assert.equal((await post('/jssdk/get_active_conversations', Buffer.from([0x0a, 0xff]))).errCode, 500);
  });

  await t.test('another content type is 1001', async () => {
    const { errCode, errDlt } = await post('/jssdk/get_active_conversations', active, { 'content-type': 'text/plain' });
    assert.deepEqual([errCode, errDlt], [1001, 'unsupported content type']);
  });
});

function send(world: World, sendID: string, recvID: string, content: string): Promise<unknown> {
  return world.call('/msg/send_msg', { sendID, recvID, content: { content }, contentType: 101, sessionType: 1 });
}

type Expected = readonly [conversationID: string, partner: string, lastText: string, maxSeq: number, readSeq: number];

interface Listed {
  readonly conversation: { readonly conversationID: string };
  readonly user: { readonly userID: string };
  readonly friend: null;
  readonly group: null;
  readonly lastMsg: { readonly content: string };
  readonly maxSeq: number;
  readonly readSeq: number;
}

function lists(unreadCount: number, expected: readonly Expected[]) {
  return (data: { unreadCount: number; conversations: readonly Listed[] }) => {
    assert.equal(data.unreadCount, unreadCount);
    assert.deepEqual(
      data.conversations.map(({ conversation, user, lastMsg, maxSeq, readSeq }) => [
        conversation.conversationID,
        user.userID,
        JSON.parse(Buffer.from(lastMsg.content, 'base64').toString()).content,
        maxSeq,
        readSeq,
      ]),
      expected,
    );
    for (const { friend, group } of data.conversations) assert.deepEqual([friend, group], [null, null]);
  };
}
