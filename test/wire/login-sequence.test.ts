/**
 * Every call that the Go core makes from its login to OnSyncServerFinish, in its order, and what it needs of the
 * answers: notifications-sync.md 3.3 and 7.1. The core itself: test/sdk/wasm.
 */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import {
  GetConversationsHasReadAndMaxSeqReq,
  GetConversationsHasReadAndMaxSeqResp,
  GetLastMessageReq,
  GetLastMessageResp,
  GetMaxSeqReq,
  GetMaxSeqResp,
  PullMessageBySeqsReq,
  PullMessageBySeqsResp,
} from '../../src/protocol/gen/openim.ts';
import { connect, type SocketClient } from '../support/socket-client.ts';
import { envelopeOf } from './raw-http.ts';
import { World } from './world.ts';

const userID = 'alice';
const chat = 'si_alice_bob';
const firstPage = (showNumber: number) => ({ pagination: { pageNumber: 1, showNumber } });

/** What an incremental sync leaves to keep. */
interface Head {
  readonly version: number;
  readonly versionID: string;
}
const noHead: Head = { version: 0, versionID: '' };

interface Core {
  readonly world: World;
  readonly client: SocketClient;
  // biome-ignore lint/suspicious/noExplicitAny: tests look into whatever the endpoint answers
  rest(path: string, body: object): Promise<any>;
  socket(reqIdentifier: number, request: Uint8Array): Promise<Buffer>;
}

/** Alice's device, connected; there are two messages from bob. */
async function loggedIn(t: TestContext): Promise<Core> {
  const world = await World.open();
  t.after(() => world[Symbol.asyncDispose]());
  for (const content of ['one', 'two']) {
    const text = { sendID: 'bob', recvID: userID, contentType: 101, sessionType: 1, content: { content } };
    await world.call('/msg/send_msg', text);
  }
  const token = await world.issue(userID, 5);
  const client = await connect({ port: world.wsPort, query: { sendID: userID, token } });
  t.after(() => client.ws.terminate());
  return {
    world,
    client,
    rest: async (path, body) => {
      const { errCode, errDlt, data } = envelopeOf(await world.post(path, body, token));
      assert.equal(errCode, 0, `${path}: ${errDlt}`);
      return data;
    },
    socket: async (reqIdentifier, request) => {
      const { errCode, errMsg, data } = await client.request(reqIdentifier, request);
      assert.equal(errCode, 0, errMsg);
      return Buffer.from(data ?? '', 'base64');
    },
  };
}

test('first run: lists in full', async (t) => {
  const { rest, socket } = await loggedIn(t);

  await t.test('joined groups, their members and friends: full, and then empty pages and lists', async () => {
    const groups = await rest('/group/get_incremental_join_groups', { userID, ...noHead });
    assert.deepEqual([groups.full, groups.insert, groups.update, groups.delete], [true, null, null, null]);
    assert.deepEqual(await rest('/group/get_joined_group_list', { fromUserID: userID, ...firstPage(100) }), {
      total: 0,
      groups: null,
    });
    const groupIDs = await rest('/group/get_full_join_group_ids', { userID, idHash: 0 });
    assert.partialDeepStrictEqual(groupIDs, { versionID: groups.versionID, equal: true, groupIDs: null });
    const members = await rest('/group/get_incremental_group_members_batch', { userID, reqList: [] });
    assert.deepEqual(members, { respList: {} });

    const friends = await rest('/friend/get_incremental_friends', { userID, ...noHead });
    assert.equal(friends.full, true);
    const list = await rest('/friend/get_friend_list', { userID, ...firstPage(100) });
    assert.deepEqual(list, { friendsInfo: null, total: 0 });
    const friendIDs = await rest('/friend/get_full_friend_user_ids', { userID, idHash: 0 });
    assert.partialDeepStrictEqual(friendIDs, { versionID: friends.versionID, equal: true, userIDs: null });
  });

  await t.test('conversations: full, the page with the row, names, and the list of IDs', async () => {
    const changes = await rest('/conversation/get_incremental_conversations', { userID, ...noHead });
    assert.equal(changes.full, true);
    const page = await rest('/conversation/get_owner_conversation', { userID, ...firstPage(300) });
    assert.equal(page.total, 1);
    assert.partialDeepStrictEqual(page.conversations[0], { conversationID: chat, conversationType: 1, userID: 'bob' });
    const names = await rest('/user/get_users_info', { userIDs: ['bob'] });
    assert.equal(names.usersInfo[0].nickname, 'bob');
    assert.deepEqual(await rest('/group/get_groups_info', { groupIDs: ['none of its groups'] }), { groupInfos: null });
    const ids = await rest('/conversation/get_full_conversation_ids', { userID, idHash: 0 });
    assert.partialDeepStrictEqual(ids, { equal: false, conversationIDs: [chat] });
  });

  await t.test('unread counts of all conversations, and the rows that were missing', async () => {
    const request = { userID, conversationIDs: [], returnPinned: false };
    const reply = await socket(1006, GetConversationsHasReadAndMaxSeqReq.encode(request).finish());
    const { seqs } = GetConversationsHasReadAndMaxSeqResp.decode(reply);
    assert.deepEqual([...seqs.keys()], [chat]);
    assert.partialDeepStrictEqual(seqs.get(chat), { maxSeq: 2, hasReadSeq: 0 });
    const rows = await rest('/conversation/get_conversations', { ownerUserID: userID, conversationIDs: [chat] });
    assert.equal(rows.conversations[0].conversationID, chat);
  });

  await t.test('oneself, the black list, and what newer and older cores ask for besides', async () => {
    const self = await rest('/user/get_users_info', { userIDs: [userID] });
    assert.equal(self.usersInfo[0].userID, userID);
    assert.deepEqual(await rest('/friend/get_black_list', { userID, ...firstPage(200) }), { blacks: null, total: 0 });
    assert.deepEqual(await rest('/user/get_user_client_config', { userID: '' }), {});
    const active = await rest('/jssdk/get_active_conversations', { ownerUserID: userID, count: 50 });
    assert.deepEqual([active.unreadCount, active.conversations.length], [2, 1]);
    assert.deepEqual(await rest('/user/process_user_command_get_all', { userID }), { CommandResp: null });
  });

  await t.test('messages: the newest of each conversation', async () => {
    const { maxSeqs } = GetMaxSeqResp.decode(await socket(1001, GetMaxSeqReq.encode({ userID }).finish()));
    assert.deepEqual([...maxSeqs], [[chat, 2]]);
    const seqRanges = [{ conversationID: chat, begin: 0, end: 2, num: 1 }];
    const pulled = await socket(1002, PullMessageBySeqsReq.encode({ userID, seqRanges, order: 0 }).finish());
    assert.deepEqual(
      PullMessageBySeqsResp.decode(pulled)
        .msgs.get(chat)
        ?.Msgs.map(({ seq }) => seq),
      [2],
    );
    const last = await socket(1007, GetLastMessageReq.encode({ userID, conversationIDs: [chat] }).finish());
    assert.equal(GetLastMessageResp.decode(last).msgs.get(chat)?.seq, 2);
  });
});

test('later runs: nothing but what is new', async (t) => {
  const { world, client, rest, socket } = await loggedIn(t);
  const syncs = [
    '/group/get_incremental_join_groups',
    '/friend/get_incremental_friends',
    '/conversation/get_incremental_conversations',
  ];
  const kept = new Map<string, Head>();
  for (const path of syncs) kept.set(path, await rest(path, { userID, ...noHead }));
  const text = { sendID: 'carol', recvID: userID, contentType: 101, sessionType: 1, content: { content: 'hi' } };
  await world.call('/msg/send_msg', text);
  await client.nextReply();

  for (const path of syncs) {
    await t.test(`${path}: since the version that was kept`, async () => {
      const { version, versionID } = kept.get(path) ?? noHead;
      const changes = await rest(path, { userID, version, versionID });
      assert.deepEqual([changes.full, changes.versionID], [false, versionID]);
      const inserted = changes.insert?.map(({ conversationID }: { conversationID: string }) => conversationID) ?? null;
      const isNew = path.startsWith('/conversation');
      assert.deepEqual([changes.version, inserted], isNew ? [version + 1, ['si_alice_carol']] : [version, null]);
    });
  }

  await t.test('a version that is too old has everything read again, without paging', async () => {
    const path = '/conversation/get_incremental_conversations';
    assert.equal((await rest(path, { userID, version: 1, versionID: 'f'.repeat(24) })).full, true);
    const all = await rest('/conversation/get_all_conversations', { ownerUserID: userID });
    assert.equal(all.conversations.length, 2);
  });

  await t.test('messages since the synced seq, one per conversation, and every notification', async () => {
    const seqRanges = [
      { conversationID: 'si_alice_carol', begin: 0, end: 1, num: 1 },
      { conversationID: 'n_alice_alice', begin: 1, end: 5, num: 1 },
    ];
    const pulled = await socket(1002, PullMessageBySeqsReq.encode({ userID, seqRanges, order: 0 }).finish());
    const { msgs, notificationMsgs } = PullMessageBySeqsResp.decode(pulled);
    assert.deepEqual([[...msgs.keys()], [...notificationMsgs.keys()]], [['si_alice_carol'], []]);
  });
});
