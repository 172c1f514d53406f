/** What clients read at login to be up to date: notifications-sync.md 3.3, 3.5 and 7.3, relations-groups.md 10. */
import assert from 'node:assert/strict';
import { describe, type TestContext, test } from 'node:test';
import getFullConversationIds from '../../src/http/routes/conversation/get_full_conversation_ids.ts';
import getIncrementalConversations from '../../src/http/routes/conversation/get_incremental_conversations.ts';
import getBlackList from '../../src/http/routes/friend/get_black_list.ts';
import getFriendList from '../../src/http/routes/friend/get_friend_list.ts';
import getFullFriendUserIds from '../../src/http/routes/friend/get_full_friend_user_ids.ts';
import getIncrementalFriends from '../../src/http/routes/friend/get_incremental_friends.ts';
import getFullJoinGroupIds from '../../src/http/routes/group/get_full_join_group_ids.ts';
import getGroupsInfo from '../../src/http/routes/group/get_groups_info.ts';
import getIncrementalGroupMembersBatch from '../../src/http/routes/group/get_incremental_group_members_batch.ts';
import getIncrementalJoinGroups from '../../src/http/routes/group/get_incremental_join_groups.ts';
import getJoinedGroupList from '../../src/http/routes/group/get_joined_group_list.ts';
import { idHash } from '../../src/sync/id-hash.ts';
import { envelopeOf } from './raw-http.ts';
import { type Scenario, testEndpoint } from './scenario.ts';
import { World } from './world.ts';

interface Changes {
  readonly version: number;
  readonly versionID: string;
  readonly full: boolean;
  readonly delete: readonly string[] | null;
  readonly insert: readonly { readonly conversationID: string }[] | null;
  readonly update: readonly object[] | null;
}

const noLists = { delete: null, insert: null, update: null };

for (const endpoint of [getIncrementalConversations, getIncrementalFriends, getIncrementalJoinGroups]) {
  let head: { readonly version: number; readonly versionID: string };
  testEndpoint(endpoint, [
    {
      name: 'a first sync is full, without lists, with a head to keep',
      token: 'user',
      body: { userID: 'alice', version: 0, versionID: '' },
      expect: {
        errCode: 0,
        data: (data: Changes) => {
          assert.partialDeepStrictEqual(data, { full: true, ...noLists });
          assert.match(data.versionID, /^[0-9a-f]{24}$/);
          assert.ok(data.version >= 1);
          head = data;
        },
      },
    },
    {
      name: 'a client that is up to date gets nothing and the same head',
      token: 'user',
      body: () => ({ userID: 'alice', version: head.version, versionID: head.versionID }),
      expect: {
        errCode: 0,
        data: ({ version, versionID, full, ...rest }: Changes) => {
          assert.deepEqual([version, versionID, full], [head.version, head.versionID, false]);
          assert.partialDeepStrictEqual(rest, noLists);
        },
      },
    },
    ...[
      ["another server's versionID", () => ({ ...head, versionID: 'f'.repeat(24) })] as const,
      ['a versionID that is none', () => ({ ...head, versionID: 'x' })] as const,
      ['a version that is ahead', () => ({ ...head, version: head.version + 1 })] as const,
      ['a version as large as a number can be', () => ({ ...head, version: Number.MAX_SAFE_INTEGER })] as const,
    ].map(([what, since]) => ({
      name: `${what} is answered with full and the head`,
      token: 'user' as const,
      body: () => ({ userID: 'alice', ...since() }),
      expect: {
        errCode: 0,
        data: (data: Changes) => assert.partialDeepStrictEqual(data, { ...head, full: true, ...noLists }),
      },
    })),
    { name: 'an admin syncs for others', body: { userID: 'alice' }, expect: { errCode: 0, data: isFull } },
    notForOthers({ userID: 'alice' }),
    { name: 'no user is 1002', token: 'user', body: {}, expect: { errCode: 1002 } },
  ]);
}

const idLists = [
  { endpoint: getFullConversationIds, list: 'conversationIDs', incremental: getIncrementalConversations },
  { endpoint: getFullFriendUserIds, list: 'userIDs', incremental: getIncrementalFriends },
  { endpoint: getFullJoinGroupIds, list: 'groupIDs', incremental: getIncrementalJoinGroups },
];
for (const { endpoint, list, incremental } of idLists) {
  /** Asserts the list of nobody's IDs, with the head that the incremental sync gives. */
  const isNothing = (equal: boolean) => async (data: object, world: World) => {
    const { version, versionID } = await world.call(incremental.path, { userID: 'alice' });
    assert.deepEqual(data, { version, versionID, equal, [list]: null });
  };
  testEndpoint(endpoint, [
    {
      name: 'nothing equals the hash 0',
      token: 'user',
      body: { userID: 'alice' },
      expect: { errCode: 0, data: isNothing(true) },
    },
    {
      name: 'nothing equals no other hash, be it 64 bits long',
      token: 'user',
      body: '{"userID":"alice","idHash":18446744073709551615}',
      expect: { errCode: 0, data: isNothing(false) },
    },
    notForOthers({ userID: 'alice' }),
  ]);
}

/** The lists that the Go core pages through after `full`, and the black list, which it always reads. */
const emptyLists = [
  { endpoint: getFriendList, userKey: 'userID', data: { friendsInfo: null, total: 0 } },
  { endpoint: getBlackList, userKey: 'userID', data: { blacks: null, total: 0 } },
  { endpoint: getJoinedGroupList, userKey: 'fromUserID', data: { total: 0, groups: null } },
];
for (const { endpoint, userKey, data } of emptyLists) {
  const asked = (pageNumber: number) => ({ [userKey]: 'alice', pagination: { pageNumber, showNumber: 100 } });
  testEndpoint(endpoint, [
    { name: 'is empty', token: 'user', body: asked(1), expect: { errCode: 0, data } },
    { name: 'is empty beyond its end', token: 'user', body: asked(9), expect: { errCode: 0, data } },
    notForOthers(asked(1)),
    {
      name: 'page 0 is 1001',
      token: 'user',
      body: asked(0),
      expect: { errCode: 1001, errDlt: 'pageNumber is invalid' },
    },
    { name: 'no pagination is 1001', token: 'user', body: { [userKey]: 'alice' }, expect: { errCode: 1001 } },
    { name: 'no user is 1001', token: 'user', body: { pagination: { pageNumber: 1 } }, expect: { errCode: 1001 } },
  ]);
}

testEndpoint(getIncrementalGroupMembersBatch, [
  {
    name: 'defect of OpenIM: groups that do not exist are left out and fail nothing, and respList is there though empty',
    token: 'user',
    body: {
      userID: 'alice',
      reqList: [
        { groupID: 'left', versionID: '', version: 0 },
        { groupID: 'other', versionID: 'a'.repeat(24), version: 7 },
      ],
    },
    expect: { errCode: 0, data: { respList: {} } },
  },
  {
    name: 'asking for nothing is answered',
    token: 'user',
    body: { reqList: [] },
    expect: { errCode: 0, data: { respList: {} } },
  },
  {
    name: 'userID is not looked at',
    token: 'user',
    body: { userID: 'bob' },
    expect: { errCode: 0, data: { respList: {} } },
  },
]);

describe('conversations as they come', () => {
  test('a first message is an insert for both sides, in the order of creation', async (t) => {
    const { world, sync } = await openSynced(t);
    await sendText(world, 'alice', 'bob');
    world.passTime(1000);
    await sendText(world, 'carol', 'alice');
    await sendText(world, 'alice', 'bob');

    const alices = await sync('alice', 'user');
    assert.equal(alices.full, false);
    assert.deepEqual(idsOf(alices), ['si_alice_bob', 'si_alice_carol']);
    assert.deepEqual(idsOf(await sync('bob', 'other')), ['si_alice_bob']);
    assert.equal((await sync('alice', 'user')).insert, null);
  });

  test('the full list is left out for its own 64-bit hash only', async (t) => {
    const { world, heads } = await openSynced(t);
    await sendText(world, 'alice', 'bob');
    const ids = ['si_alice_bob'];
    const version = (heads.get('alice')?.version ?? 0) + 1;
    const head = { version, versionID: heads.get('alice')?.versionID };
    const ask = async (hash: bigint) => {
      const body = `{"userID":"alice","idHash":${hash}}`;
      return envelopeOf(await world.post(getFullConversationIds.path, body, world.token('user'))).data;
    };

    const hash = idHash(ids);
    assert.ok(hash > BigInt(Number.MAX_SAFE_INTEGER), 'a hash that a double would spoil');
    assert.deepEqual(await ask(hash), { ...head, equal: true, conversationIDs: null });
    assert.deepEqual(await ask(hash ^ 1n), { ...head, equal: false, conversationIDs: ids });
    assert.deepEqual(await ask(0n), { ...head, equal: false, conversationIDs: ids });
  });
});

/** A world in which alice and bob have synced once; `sync` goes on from there. */
async function openSynced(t: TestContext) {
  const world = await World.open();
  t.after(() => world[Symbol.asyncDispose]());
  const heads = new Map<string, { version: number; versionID: string }>();
  const sync = async (userID: string, token: 'user' | 'other'): Promise<Changes> => {
    const { version, versionID } = heads.get(userID) ?? { version: 0, versionID: '' };
    const body = { userID, version, versionID };
    const changes = envelopeOf(await world.post(getIncrementalConversations.path, body, world.token(token)))
      .data as Changes;
    heads.set(userID, changes);
    return changes;
  };
  await sync('alice', 'user');
  await sync('bob', 'other');
  return { world, heads, sync };
}

async function sendText(world: World, sendID: string, recvID: string): Promise<void> {
  const text = { contentType: 101, content: { content: 'hi' }, sessionType: 1 };
  await world.call('/msg/send_msg', { sendID, recvID, ...text });
}

function idsOf({ insert }: Changes): string[] {
  return (insert ?? []).map(({ conversationID }) => conversationID);
}

function isFull({ full }: Changes): void {
  assert.equal(full, true);
}

function notForOthers(body: object): Scenario {
  return {
    name: "M5 a user does not read another's: 1002",
    token: 'other',
    body,
    expect: { errCode: 1002, errDlt: /ownerUserID/ },
  };
}

testEndpoint(getGroupsInfo, [
  {
    name: 'groups that do not exist are left out',
    token: 'user',
    body: { groupIDs: ['nowhere'] },
    expect: { errCode: 0, data: { groupInfos: null } },
  },
  { name: 'no groups is 1001', token: 'user', body: { groupIDs: [] }, expect: { errCode: 1001 } },
]);
