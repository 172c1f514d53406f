/** Reading lists of friends: relations-groups.md 3.2, 5.7 and 10.3 to 10.5. */
import assert from 'node:assert/strict';
import getDesignatedFriends from '../../src/http/routes/friend/get_designated_friends.ts';
import getFriendID from '../../src/http/routes/friend/get_friend_id.ts';
import getFriendList from '../../src/http/routes/friend/get_friend_list.ts';
import getFullFriendUserIDs from '../../src/http/routes/friend/get_full_friend_user_ids.ts';
import getIncrementalFriends from '../../src/http/routes/friend/get_incremental_friends.ts';
import getSpecifiedFriendsInfo from '../../src/http/routes/friend/get_specified_friends_info.ts';
import isFriend from '../../src/http/routes/friend/is_friend.ts';
import { idHash } from '../../src/sync/id-hash.ts';
import { forgetUser } from './forget-user.ts';
import { testEndpoint } from './scenario.ts';
import type { World } from './world.ts';

interface Row {
  readonly createTime: number;
  readonly friendUser: { readonly userID: string; readonly nickname: string };
}

const as = (userID: string) => (world: World) => world.issue(userID, 2);
const befriend = (world: World, ownerUserID: string, ...friendUserIDs: string[]) =>
  world.call('/friend/import_friend', { ownerUserID, friendUserIDs });
const profile = { ex: '', createTime: 0, appMangerLevel: 0, globalRecvMsgOpt: 0 };

/** Ann has Ben, Cid, and Dan, who is pinned; Dan's record is gone. */
async function setUp(world: World): Promise<void> {
  await world.call('/user/user_register', {
    users: ['ann', 'ben', 'cid', 'dan', 'eve'].map((userID) => ({ userID, nickname: userID, faceURL: `f_${userID}` })),
  });
  await befriend(world, 'ann', 'ben', 'cid', 'dan');
  await world.call('/friend/update_friends', { ownerUserID: 'ann', friendUserIDs: ['dan'], isPinned: true });
  await world.call('/user/update_user_info_ex', { userInfo: { userID: 'ben', nickname: 'Benjamin' } });
}

const forget = (world: World) => forgetUser(world, 'dan');

const page = (pageNumber: number, showNumber: number) => ({ userID: 'ann', pagination: { pageNumber, showNumber } });
const isPage = (total: number, ...names: string[]) => ({
  errCode: 0,
  data: (data: { friendsInfo: Row[] | null; total: number }) => {
    assert.equal(data.total, total);
    if (names.length === 0) return assert.equal(data.friendsInfo, null);
    assert.deepEqual(
      data.friendsInfo?.map(({ friendUser }) => friendUser.userID),
      names,
    );
  },
});

testEndpoint(
  getFriendList,
  [
    {
      name: '5.7: the pinned first, then as they came, with the profiles of now',
      token: as('ann'),
      body: page(1, 10),
      expect: {
        errCode: 0,
        data: ({ friendsInfo, total }: { friendsInfo: Row[]; total: number }) => {
          assert.equal(total, 3);
          assert.deepEqual(
            friendsInfo.map(({ friendUser }) => friendUser),
            [
              { ...profile, userID: 'dan', nickname: 'dan', faceURL: 'f_dan' },
              { ...profile, userID: 'ben', nickname: 'Benjamin', faceURL: 'f_ben' },
              { ...profile, userID: 'cid', nickname: 'cid', faceURL: 'f_cid' },
            ],
          );
          for (const { createTime } of friendsInfo) assert.ok(Math.abs(createTime - Date.now() / 1000) < 120, '3.2');
        },
      },
    },
    {
      name: '15: a page holds what it is asked for',
      token: as('ann'),
      body: page(1, 2),
      expect: isPage(3, 'dan', 'ben'),
    },
    { name: 'the last holds the rest', token: as('ann'), body: page(2, 2), expect: isPage(3, 'cid') },
    { name: 'beyond the end there is null', token: as('ann'), body: page(3, 2), expect: isPage(3) },
    { name: '1: showNumber 0 gives the total and null', token: as('ann'), body: page(1, 0), expect: isPage(3) },
    { name: 'so does one below', token: as('ann'), body: page(1, -5), expect: isPage(3) },
    {
      name: 'pages as large and as late as a number can be',
      token: as('ann'),
      body: page(2 ** 31 - 1, 2 ** 31 - 1),
      expect: isPage(3),
    },
    { name: 'an admin reads those of others', body: page(1, 1), expect: isPage(3, 'dan') },
    { name: 'nobody: null', token: as('eve'), body: { ...page(1, 10), userID: 'eve' }, expect: isPage(0) },
    { name: 'M5: not those of others: 1002', token: as('ben'), body: page(1, 10), expect: { errCode: 1002 } },
    { name: 'page 0 is 1001', token: as('ann'), body: page(0, 10), expect: { errCode: 1001 } },
    {
      name: 'defect of OpenIM: a friend who is not registered any more has an empty profile and fails nothing',
      token: as('ann'),
      given: forget,
      body: page(1, 1),
      expect: {
        errCode: 0,
        data: ({ friendsInfo }: { friendsInfo: Row[] }) =>
          assert.deepEqual(friendsInfo[0]?.friendUser, { ...profile, userID: 'dan', nickname: '', faceURL: '' }),
      },
    },
  ],
  { setUp },
);

const designated = (...friendUserIDs: string[]) => ({ ownerUserID: 'ann', friendUserIDs });
const areRows = (...names: string[]) => ({
  errCode: 0,
  data: ({ friendsInfo }: { friendsInfo: Row[] | null }) => {
    if (names.length === 0) return assert.equal(friendsInfo, null);
    assert.deepEqual(
      friendsInfo?.map(({ friendUser }) => friendUser.userID),
      names,
    );
  },
});
testEndpoint(
  getDesignatedFriends,
  [
    {
      name: '5.7: friends only, in the order asked',
      token: as('ann'),
      body: designated('cid', 'eve', 'dan', 'ghost', 'ann'),
      expect: areRows('cid', 'dan'),
    },
    {
      name: '3.2: seconds, and the profile of now',
      token: as('ann'),
      body: designated('ben'),
      expect: {
        errCode: 0,
        data: ({ friendsInfo }: { friendsInfo: Row[] }) => {
          const [row] = friendsInfo;
          assert.equal(row?.friendUser.nickname, 'Benjamin');
          assert.ok(Math.abs((row?.createTime ?? 0) - Date.now() / 1000) < 120);
        },
      },
    },
    { name: 'none is a friend: null', token: as('ann'), body: designated('eve'), expect: areRows() },
    { name: 'an admin reads those of others', body: designated('ben'), expect: areRows('ben') },
    {
      name: '5: one who is named twice is given once',
      token: as('ann'),
      body: designated('ben', 'cid', 'ben'),
      expect: areRows('ben', 'cid'),
    },
    { name: 'no users is 1001', token: as('ann'), body: designated(), expect: { errCode: 1001 } },
    { name: 'M5: not those of others: 1002', token: as('ben'), body: designated('cid'), expect: { errCode: 1002 } },
  ],
  { setUp },
);

const specified = (...userIDList: string[]) => ({ ownerUserID: 'ann', userIDList });
testEndpoint(
  getSpecifiedFriendsInfo,
  [
    {
      name: '5.7: who is registered, in the order asked, with friendship and block where there are, in milliseconds',
      token: as('ann'),
      given: async (world) => {
        await world.call('/friend/add_black', { ownerUserID: 'ann', blackUserID: 'eve', ex: 'e' });
        await world.call('/friend/add_black', { ownerUserID: 'ann', blackUserID: 'ben' });
      },
      body: specified('eve', 'ghost', 'ben', 'cid', 'alice'),
      expect: {
        errCode: 0,
        data: ({ infos }: { infos: { userInfo: object; friendInfo: Row | null; blackInfo: Row | null }[] }) => {
          const [eve, ben, cid, alice] = infos;
          assert.equal(infos.length, 4);
          assert.partialDeepStrictEqual(eve, { userInfo: { userID: 'eve' }, friendInfo: null });
          const { createTime: blockedAt, ...black } = eve?.blackInfo ?? { createTime: 0 };
          assert.ok(Math.abs(blockedAt - Date.now()) < 120_000);
          assert.deepEqual(black, {
            ownerUserID: 'ann',
            blackUserInfo: null,
            addSource: 0,
            operatorUserID: 'imAdmin',
            ex: 'e',
          });
          const { createTime, ...friend } = ben?.friendInfo ?? { createTime: 0 };
          assert.ok(Math.abs(createTime - Date.now()) < 120_000);
          assert.deepEqual(friend, {
            ownerUserID: 'ann',
            remark: '',
            friendUser: null,
            addSource: 1,
            operatorUserID: 'imAdmin',
            ex: '',
            isPinned: false,
          });
          assert.ok(ben?.blackInfo !== null);
          assert.partialDeepStrictEqual(ben?.userInfo, { userID: 'ben', nickname: 'Benjamin', faceURL: 'f_ben' });
          assert.equal(cid?.blackInfo, null);
          assert.partialDeepStrictEqual(alice, { friendInfo: null, blackInfo: null });
        },
      },
    },
    {
      name: 'nobody is registered: null',
      token: as('ann'),
      body: specified('ghost'),
      expect: { errCode: 0, data: { infos: null } },
    },
    {
      name: '5: one who is named twice is 1001',
      token: as('ann'),
      body: specified('ben', 'ben'),
      expect: { errCode: 1001 },
    },
    {
      name: '2: more than a thousand are 1001',
      token: as('ann'),
      body: specified(...Array.from({ length: 1001 }, (_, index) => `u${index}`)),
      expect: { errCode: 1001 },
    },
    {
      name: 'a thousand are not',
      token: as('ann'),
      body: specified(...Array.from({ length: 1000 }, (_, index) => `u${index}`)),
      expect: { errCode: 0, data: { infos: null } },
    },
    { name: 'M5: not those of others: 1002', token: as('ben'), body: specified('cid'), expect: { errCode: 1002 } },
  ],
  { setUp },
);

testEndpoint(
  getFriendID,
  [
    {
      name: '5.7: all IDs, in the order of the list',
      token: as('ann'),
      body: { userID: 'ann' },
      expect: { errCode: 0, data: { friendIDs: ['dan', 'ben', 'cid'] } },
    },
    {
      name: 'nobody: null',
      token: as('eve'),
      body: { userID: 'eve' },
      expect: { errCode: 0, data: { friendIDs: null } },
    },
    { name: 'M5: not those of others: 1002', token: as('ben'), body: { userID: 'ann' }, expect: { errCode: 1002 } },
  ],
  { setUp },
);

const pair = (userID1: string, userID2: string) => ({ userID1, userID2 });
const says = (inUser1Friends: boolean, inUser2Friends: boolean) => ({
  errCode: 0,
  data: { inUser1Friends, inUser2Friends },
});
testEndpoint(
  isFriend,
  [
    { name: 'both', token: as('ann'), body: pair('ann', 'ben'), expect: says(true, true) },
    { name: 'neither', token: as('ann'), body: pair('ann', 'eve'), expect: says(false, false) },
    {
      name: '5.7: inUser1Friends says that user 2 is in the list of user 1',
      token: as('ben'),
      given: (world) => world.call('/friend/delete_friend', { ownerUserID: 'ben', friendUserID: 'ann' }),
      body: pair('ann', 'ben'),
      expect: says(true, false),
    },
    { name: 'and the other way round', token: as('ben'), body: pair('ben', 'ann'), expect: says(false, true) },
    { name: 'an admin asks about others', body: pair('ben', 'ann'), expect: says(false, true) },
    { name: 'M5: a third is 1002', token: as('cid'), body: pair('ann', 'ben'), expect: { errCode: 1002 } },
    { name: 'nobody is 1001', token: as('ann'), body: pair('ann', ''), expect: { errCode: 1001 } },
  ],
  { setUp },
);

const known = (hash: bigint) => `{"userID":"ann","idHash":${hash}}`;
const allIDs = ['dan', 'ben', 'cid'];
testEndpoint(
  getFullFriendUserIDs,
  [
    {
      name: '10.4: the IDs in order, with the head to keep',
      token: as('ann'),
      body: known(0n),
      expect: {
        errCode: 0,
        data: async (data: object, world: World) => {
          const { version, versionID } = await world.call(getIncrementalFriends.path, { userID: 'ann' });
          assert.deepEqual(data, { version, versionID, equal: false, userIDs: allIDs });
        },
      },
    },
    {
      name: '10.4: none for who has them in that order',
      token: as('ann'),
      body: known(idHash(allIDs)),
      expect: {
        errCode: 0,
        data: (data: object) => assert.partialDeepStrictEqual(data, { equal: true, userIDs: null }),
      },
    },
    {
      name: 'all for who has them in another',
      token: as('ann'),
      body: known(idHash(allIDs.toSorted())),
      expect: {
        errCode: 0,
        data: (data: object) => assert.partialDeepStrictEqual(data, { equal: false, userIDs: allIDs }),
      },
    },
    { name: 'M5: not those of others: 1002', token: as('ben'), body: known(0n), expect: { errCode: 1002 } },
  ],
  { setUp },
);

let head: { version: number; versionID: string };
const since = () => ({ userID: 'ann', ...head });
const noting = (change?: (world: World) => Promise<unknown>) => async (world: World) => {
  head = await world.call(getIncrementalFriends.path, { userID: 'ann' });
  await change?.(world);
};
testEndpoint(
  getIncrementalFriends,
  [
    {
      name: '10.3: changes come with the friends as they are now, in seconds',
      token: as('ann'),
      given: noting((world) => befriend(world, 'ann', 'eve')),
      body: since,
      expect: {
        errCode: 0,
        data: ({ insert, version, ...rest }: { insert: Row[]; version: number }) => {
          assert.equal(version, head.version + 1);
          const [{ createTime, ...row } = { createTime: 0 }] = insert;
          assert.ok(Math.abs(createTime - Date.now() / 1000) < 120);
          assert.deepEqual(row, {
            ownerUserID: 'ann',
            remark: '',
            friendUser: { ...profile, userID: 'eve', nickname: 'eve', faceURL: 'f_eve' },
            addSource: 1,
            operatorUserID: 'imAdmin',
            ex: '',
            isPinned: false,
          });
          assert.deepEqual(rest, {
            versionID: head.versionID,
            full: false,
            delete: null,
            update: null,
            sortVersion: 0,
          });
        },
      },
    },
    {
      name: '10.2: of each friend the latest state is told, not the net effect',
      token: as('ann'),
      given: noting(async (world) => {
        await befriend(world, 'ann', 'alice');
        await world.call('/friend/set_friend_remark', { ownerUserID: 'ann', friendUserID: 'alice', remark: 'A' });
        await world.call('/friend/delete_friend', { ownerUserID: 'ann', friendUserID: 'eve' });
        await befriend(world, 'ann', 'eve');
        await world.call('/friend/delete_friend', { ownerUserID: 'ann', friendUserID: 'cid' });
      }),
      body: since,
      expect: {
        errCode: 0,
        data: (data: { version: number; insert: Row[]; update: Row[]; delete: string[] }) => {
          assert.equal(data.version, head.version + 5);
          assert.deepEqual(
            [data.insert, data.update].map((rows) => rows.map(({ friendUser }) => friendUser.userID)),
            [['eve'], ['alice']],
          );
          assert.deepEqual(data.delete, ['cid']);
        },
      },
    },
    {
      name: 'F13: what a back end has done for long is in the next sync, and one too old for that is full',
      token: as('ann'),
      given: noting(async (world) => {
        const many = Array.from({ length: 201 }, (_, index) => `old_${index}`);
        await world.register(...many);
        await befriend(world, 'ann', ...many);
      }),
      body: since,
      expect: {
        errCode: 0,
        data: (data: { version: number }) => {
          assert.equal(data.version, head.version + 1);
          assert.partialDeepStrictEqual(data, { full: true, insert: null, update: null, delete: null });
        },
      },
    },
    {
      name: 'F27: a versionID that the server does not know is answered with full',
      token: as('ann'),
      given: noting(),
      body: () => ({ ...since(), versionID: 'a'.repeat(24) }),
      expect: {
        errCode: 0,
        data: (data: object) => assert.partialDeepStrictEqual(data, { ...head, full: true, delete: null }),
      },
    },
    {
      name: '9.2, defect of OpenIM: a user who is not registered any more has an empty profile',
      token: as('ann'),
      given: noting(async (world) => {
        await world.call('/friend/set_friend_remark', { ownerUserID: 'ann', friendUserID: 'dan', remark: 'gone' });
        await forget(world);
      }),
      body: since,
      expect: {
        errCode: 0,
        data: ({ update }: { update: Row[] }) =>
          assert.deepEqual(update[0]?.friendUser, { ...profile, userID: 'dan', nickname: '', faceURL: '' }),
      },
    },
    { name: 'M5: not those of others: 1002', token: as('ben'), body: since, expect: { errCode: 1002 } },
  ],
  { setUp },
);
