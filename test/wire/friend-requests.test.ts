/** Asking to be friends and answering: relations-groups.md 5.1, 5.2, 5.7 and 6. What both sides hear is in friend-notices.test.ts. */
import assert from 'node:assert/strict';
import addFriend from '../../src/http/routes/friend/add_friend.ts';
import addFriendResponse from '../../src/http/routes/friend/add_friend_response.ts';
import getDesignatedFriendApply from '../../src/http/routes/friend/get_designated_friend_apply.ts';
import getFriendApplyList from '../../src/http/routes/friend/get_friend_apply_list.ts';
import getSelfFriendApplyList from '../../src/http/routes/friend/get_self_friend_apply_list.ts';
import getSelfUnhandledApplyCount from '../../src/http/routes/friend/get_self_unhandled_apply_count.ts';
import type { FriendRequestInfo } from '../../src/protocol/relation-objects.ts';
import { forgetUser } from './forget-user.ts';
import { type Scenario, testEndpoint } from './scenario.ts';
import type { World } from './world.ts';

const as = (userID: string) => (world: World) => world.issue(userID, 2);

const ask = (world: World, fromUserID: string, toUserID: string, texts: object = {}) =>
  world.call('/friend/add_friend', { fromUserID, toUserID, ...texts });
const respond = (world: World, fromUserID: string, toUserID: string, handleResult: number, handleMsg = '') =>
  world.call('/friend/add_friend_response', { fromUserID, toUserID, handleResult, handleMsg });

const remove = (world: World, ownerUserID: string, friendUserID: string) =>
  world.call('/friend/delete_friend', { ownerUserID, friendUserID });
const requestOf = async (
  world: World,
  fromUserID: string,
  toUserID: string,
): Promise<FriendRequestInfo | undefined> => {
  const { friendRequests } = await world.call('/friend/get_designated_friend_apply', { fromUserID, toUserID });
  return friendRequests?.find((request: FriendRequestInfo) => request.fromUserID === fromUserID);
};
const areFriends = async (world: World, userID1: string, userID2: string) => {
  const { inUser1Friends, inUser2Friends } = await world.call('/friend/is_friend', { userID1, userID2 });
  return [inUser1Friends, inUser2Friends];
};
const versionOf = async (world: World, userID: string): Promise<number> =>
  (await world.call('/friend/get_incremental_friends', { userID, version: 0, versionID: '' })).version;

/** Of the scenario before. */
let before: FriendRequestInfo | undefined;

testEndpoint(addFriend, [
  {
    name: '5.1: a request is pending, with what was said, and nobody is a friend yet',
    token: as('ann'),
    given: (world) => world.register('ann', 'ben', 'cid', 'dan'),
    body: { fromUserID: 'ann', toUserID: 'ben', reqMsg: 'Hi 😀', ex: '{"a":1}' },
    expect: {
      errCode: 0,
      data: async (_: never, world: World) => {
        const request = await requestOf(world, 'ann', 'ben');
        const { createTime = 0, ...rest } = request ?? {};
        assert.ok(Math.abs(createTime - Date.now()) < 120_000, 'milliseconds');
        assert.deepEqual(rest, {
          fromUserID: 'ann',
          fromNickname: 'ann',
          fromFaceURL: '',
          toUserID: 'ben',
          toNickname: 'ben',
          toFaceURL: '',
          handleResult: 0,
          reqMsg: 'Hi 😀',
          handlerUserID: '',
          handleMsg: '',
          handleTime: 0,
          ex: '{"a":1}',
        });
        assert.deepEqual(await areFriends(world, 'ann', 'ben'), [false, false]);
        assert.deepEqual([await versionOf(world, 'ann'), await versionOf(world, 'ben')], [1, 1]);
        before = request;
      },
    },
  },
  {
    name: '6: asking again while it is pending says it anew, in the same row',
    token: as('ann'),
    given: async (world) => world.passTime(1000),
    body: { fromUserID: 'ann', toUserID: 'ben', reqMsg: 'Hello?' },
    expect: {
      errCode: 0,
      data: async (_: never, world: World) => {
        const request = await requestOf(world, 'ann', 'ben');
        assert.ok((request?.createTime ?? 0) > (before?.createTime ?? 0));
        assert.partialDeepStrictEqual(request, { handleResult: 0, reqMsg: 'Hello?', ex: '' });
        const { total } = await world.call('/friend/get_self_friend_apply_list', page('ann'));
        assert.equal(total, 1);
      },
    },
  },
  {
    name: '6: asking again after a refusal is pending again, and the refusal is gone but for its time',
    token: as('ann'),
    given: (world) => respond(world, 'ann', 'ben', -1, 'no'),
    body: { fromUserID: 'ann', toUserID: 'ben', reqMsg: 'Please' },
    expect: {
      errCode: 0,
      data: async (_: never, world: World) => {
        const request = await requestOf(world, 'ann', 'ben');
        assert.partialDeepStrictEqual(request, { handleResult: 0, reqMsg: 'Please', handleMsg: '', handlerUserID: '' });
        assert.ok((request?.handleTime ?? 0) > 0);
      },
    },
  },
  {
    name: '5.1: a request in the opposite direction is none that agrees',
    token: as('ben'),
    body: { fromUserID: 'ben', toUserID: 'ann' },
    expect: {
      errCode: 0,
      data: async (_: never, world: World) => {
        assert.deepEqual(await areFriends(world, 'ann', 'ben'), [false, false]);
        assert.equal((await requestOf(world, 'ann', 'ben'))?.handleResult, 0);
        assert.equal((await requestOf(world, 'ben', 'ann'))?.handleResult, 0);
      },
    },
  },
  {
    name: '5.1: who is blocked may ask',
    token: as('cid'),
    given: (world) => world.call('/friend/add_black', { ownerUserID: 'dan', blackUserID: 'cid' }),
    body: { fromUserID: 'cid', toUserID: 'dan' },
    expect: { errCode: 0 },
  },
  {
    name: '6: friends of each other are 1304, and the request stays as it was',
    token: as('ann'),
    given: async (world) => {
      await respond(world, 'ann', 'ben', 1);
      before = await requestOf(world, 'ann', 'ben');
    },
    body: { fromUserID: 'ann', toUserID: 'ben' },
    expect: {
      errCode: 1304,
      data: async (_: never, world: World) => assert.deepEqual(await requestOf(world, 'ann', 'ben'), before),
    },
  },
  {
    name: '5.1: one direction of a friendship is no obstacle, to either side',
    token: as('ann'),
    given: async (world) => {
      await remove(world, 'ann', 'ben');
      await ask(world, 'ben', 'ann');
    },
    body: { fromUserID: 'ann', toUserID: 'ben' },
    expect: { errCode: 0 },
  },
  {
    name: 'F14: after both have deleted each other a request is a new one, with one version step each when it is agreed to',
    token: as('ann'),
    given: (world) => remove(world, 'ben', 'ann'),
    body: { fromUserID: 'ann', toUserID: 'ben', reqMsg: 'again' },
    expect: {
      errCode: 0,
      data: async (_: never, world: World) => {
        assert.partialDeepStrictEqual(await requestOf(world, 'ann', 'ben'), {
          handleResult: 0,
          handleMsg: '',
          reqMsg: 'again',
        });
        const versions = [await versionOf(world, 'ann'), await versionOf(world, 'ben')] as const;
        await respond(world, 'ann', 'ben', 1);
        assert.deepEqual(
          [await versionOf(world, 'ann'), await versionOf(world, 'ben')],
          [versions[0] + 1, versions[1] + 1],
        );
      },
    },
  },
  {
    name: 'an admin asks for others',
    body: { fromUserID: 'ann', toUserID: 'dan' },
    expect: { errCode: 0 },
  },
  {
    name: "M5: nobody asks in another's name: 1002",
    token: as('ben'),
    body: { fromUserID: 'ann', toUserID: 'cid' },
    expect: { errCode: 1002, data: noRequest('ann', 'cid') },
  },
  {
    name: 'oneself is 1301',
    token: as('ann'),
    body: { fromUserID: 'ann', toUserID: 'ann' },
    expect: { errCode: 1301 },
  },
  {
    name: '5.1: whose name it is comes before whether it is oneself',
    token: as('ben'),
    body: { fromUserID: 'ann', toUserID: 'ann' },
    expect: { errCode: 1002 },
  },
  ...[
    { fromUserID: 'ann', toUserID: 'ghost' },
    { fromUserID: 'ghost', toUserID: 'ann' },
  ].map((body) => ({
    name: `${body.fromUserID} asking ${body.toUserID}, one of whom is nobody, is 1004`,
    body,
    expect: { errCode: 1004, data: noRequest(body.fromUserID, body.toUserID) },
  })),
  { name: 'no user to ask is 1001', token: as('ann'), body: { fromUserID: 'ann' }, expect: { errCode: 1001 } },
  { name: 'nobody who asks is 1001', token: as('ann'), body: { toUserID: 'ben' }, expect: { errCode: 1001 } },
]);

testEndpoint(addFriendResponse, [
  {
    name: '5.2: who agrees is a friend in both directions, with one version step each, and the request says who and when',
    token: as('ben'),
    given: async (world) => {
      await world.register('ann', 'ben', 'cid', 'dan');
      await ask(world, 'ann', 'ben', { reqMsg: 'Hi' });
    },
    body: { fromUserID: 'ann', toUserID: 'ben', handleResult: 1, handleMsg: 'Sure' },
    expect: {
      errCode: 0,
      data: async (_: never, world: World) => {
        const request = await requestOf(world, 'ann', 'ben');
        assert.partialDeepStrictEqual(request, {
          handleResult: 1,
          handlerUserID: 'ben',
          handleMsg: 'Sure',
          reqMsg: 'Hi',
        });
        assert.ok(Math.abs((request?.handleTime ?? 0) - Date.now()) < 120_000);
        assert.deepEqual([await versionOf(world, 'ann'), await versionOf(world, 'ben')], [2, 2]);
        for (const [owner, friend] of [
          ['ann', 'ben'],
          ['ben', 'ann'],
        ] as const) {
          const { friendsInfo, total } = await world.call('/friend/get_friend_list', page(owner));
          const [{ createTime, ...row }] = friendsInfo;
          assert.ok(Math.abs(createTime - Date.now() / 1000) < 120, 'seconds');
          assert.equal(total, 1);
          assert.deepEqual(row, {
            ownerUserID: owner,
            remark: '',
            friendUser: {
              userID: friend,
              nickname: friend,
              faceURL: '',
              ex: '',
              createTime: 0,
              appMangerLevel: 0,
              globalRecvMsgOpt: 0,
            },
            addSource: 2,
            operatorUserID: 'ann',
            ex: '',
            isPinned: false,
          });
        }
      },
    },
  },
  {
    name: '6: agreeing twice is 1001, and changes nothing',
    token: as('ben'),
    given: async (world) => {
      before = await requestOf(world, 'ann', 'ben');
    },
    body: { fromUserID: 'ann', toUserID: 'ben', handleResult: 1, handleMsg: 'Twice' },
    expect: { errCode: 1001, data: unchanged('ann', 'ben') },
  },
  {
    name: '6: refusing what was agreed to is 1305, and changes nothing',
    token: as('ben'),
    body: { fromUserID: 'ann', toUserID: 'ben', handleResult: -1 },
    expect: { errCode: 1305, data: unchanged('ann', 'ben') },
  },
  {
    name: '5.2: refusing says when, and not by whom',
    token: as('cid'),
    given: (world) => ask(world, 'ann', 'cid'),
    body: { fromUserID: 'ann', toUserID: 'cid', handleResult: -1, handleMsg: 'No' },
    expect: {
      errCode: 0,
      data: async (_: never, world: World) => {
        const request = await requestOf(world, 'ann', 'cid');
        assert.partialDeepStrictEqual(request, { handleResult: -1, handlerUserID: '', handleMsg: 'No' });
        assert.ok((request?.handleTime ?? 0) > 0);
        assert.deepEqual(await areFriends(world, 'ann', 'cid'), [false, false]);
        before = request;
      },
    },
  },
  {
    name: '6: refusing twice is 1305',
    token: as('cid'),
    body: { fromUserID: 'ann', toUserID: 'cid', handleResult: -1 },
    expect: { errCode: 1305, data: unchanged('ann', 'cid') },
  },
  {
    name: '6: agreeing to what was refused is 1001',
    token: as('cid'),
    body: { fromUserID: 'ann', toUserID: 'cid', handleResult: 1 },
    expect: { errCode: 1001, data: unchanged('ann', 'cid') },
  },
  {
    name: '5.2: a request in the other direction that is pending is agreed to as well',
    token: as('dan'),
    given: async (world) => {
      await ask(world, 'ann', 'dan');
      await ask(world, 'dan', 'ann');
    },
    body: { fromUserID: 'ann', toUserID: 'dan', handleResult: 1 },
    expect: {
      errCode: 0,
      data: async (_: never, world: World) => {
        const [forth, back] = [await requestOf(world, 'ann', 'dan'), await requestOf(world, 'dan', 'ann')];
        assert.partialDeepStrictEqual(back, {
          handleResult: 1,
          handlerUserID: 'dan',
          handleTime: forth?.handleTime,
        });
      },
    },
  },
  {
    name: '5.2: where one direction was left, only the other is added, and only its owner has a version step',
    token: as('ben'),
    given: async (world) => {
      await remove(world, 'ann', 'ben');
      await ask(world, 'ann', 'ben');
      assert.deepEqual([await versionOf(world, 'ann'), await versionOf(world, 'ben')], [4, 2]);
    },
    body: { fromUserID: 'ann', toUserID: 'ben', handleResult: 1 },
    expect: {
      errCode: 0,
      data: async (_: never, world: World) => {
        assert.deepEqual(await areFriends(world, 'ann', 'ben'), [true, true]);
        assert.deepEqual([await versionOf(world, 'ann'), await versionOf(world, 'ben')], [5, 2]);
      },
    },
  },
  {
    name: '5.2: an admin answers for others, and is said to have',
    given: (world) => ask(world, 'ben', 'cid'),
    body: { fromUserID: 'ben', toUserID: 'cid', handleResult: 1 },
    expect: {
      errCode: 0,
      data: async (_: never, world: World) =>
        assert.equal((await requestOf(world, 'ben', 'cid'))?.handlerUserID, 'imAdmin'),
    },
  },
  {
    name: 'M5: who asked does not answer: 1002, and it is still pending',
    token: as('cid'),
    given: (world) => ask(world, 'cid', 'dan'),
    body: { fromUserID: 'cid', toUserID: 'dan', handleResult: 1 },
    expect: {
      errCode: 1002,
      data: async (_: never, world: World) => assert.equal((await requestOf(world, 'cid', 'dan'))?.handleResult, 0),
    },
  },
  ...[1, -1].map((handleResult) => ({
    name: `6: ${handleResult} to what nobody asked is 1004`,
    token: as('ann'),
    body: { fromUserID: 'alice', toUserID: 'ann', handleResult },
    expect: { errCode: 1004 },
  })),
  ...[0, 2, -2].map((handleResult) => ({
    name: `5.2: handleResult ${handleResult} is 1001, whoever calls`,
    token: 'other' as const,
    body: { fromUserID: 'cid', toUserID: 'dan', handleResult },
    expect: { errCode: 1001, errDlt: 'handleResult must be 1 or -1' },
  })),
]);

const page = (userID: string, fields: object = {}) => ({
  userID,
  pagination: { pageNumber: 1, showNumber: 10 },
  ...fields,
});

for (const { endpoint, list, user, peer } of [
  { endpoint: getFriendApplyList, list: 'FriendRequests', user: 'toUserID', peer: 'fromUserID' },
  { endpoint: getSelfFriendApplyList, list: 'friendRequests', user: 'fromUserID', peer: 'toUserID' },
] as const) {
  const peersAre = (total: number, ...peers: string[]) => ({
    errCode: 0,
    data: (data: { total: number } & Record<string, FriendRequestInfo[] | null>) => {
      assert.deepEqual(Object.keys(data).sort(), [list, 'total'].sort());
      assert.equal(data.total, total);
      const rows = data[list];
      if (peers.length === 0) assert.equal(rows, null);
      else
        assert.deepEqual(
          rows?.map((row) => row[peer]),
          peers,
        );
      for (const row of rows ?? []) assert.equal(row[user], 'ann');
    },
  });
  testEndpoint(endpoint, [
    {
      name: 'nobody has asked: null',
      token: as('ann'),
      given: (world) => world.register('ann', 'ben', 'cid', 'dan'),
      body: page('ann'),
      expect: peersAre(0),
    },
    {
      name: `5.7: the newest come first, under ${list}`,
      token: as('ann'),
      given: async (world) => {
        for (const other of ['cid', 'ben', 'dan']) {
          await ask(world, user === 'toUserID' ? other : 'ann', user === 'toUserID' ? 'ann' : other);
          // In the other direction, which is not asked for.
          await ask(world, user === 'toUserID' ? 'ann' : other, user === 'toUserID' ? other : 'ann');
          world.passTime(1000);
        }
      },
      body: page('ann'),
      expect: peersAre(3, 'dan', 'ben', 'cid'),
    },
    {
      name: 'a page holds what it is asked for, and the total counts all',
      token: as('ann'),
      body: page('ann', { pagination: { pageNumber: 2, showNumber: 2 } }),
      expect: peersAre(3, 'cid'),
    },
    {
      name: 'beyond the end there is null',
      token: as('ann'),
      body: page('ann', { pagination: { pageNumber: 3, showNumber: 2 } }),
      expect: peersAre(3),
    },
    ...[0, -1].map((showNumber) => ({
      name: `1: showNumber ${showNumber} gives the total and null`,
      token: as('ann'),
      body: page('ann', { pagination: { pageNumber: 1, showNumber } }),
      expect: peersAre(3),
    })),
    {
      name: '5.7: handleResults leaves out the others',
      token: as('ann'),
      given: (world) => {
        const [from, to] = user === 'toUserID' ? ['ben', 'ann'] : ['ann', 'ben'];
        return respond(world, from ?? '', to ?? '', -1);
      },
      body: page('ann', { handleResults: [0, 1] }),
      expect: peersAre(2, 'dan', 'cid'),
    },
    {
      name: 'those of one state',
      token: as('ann'),
      body: page('ann', { handleResults: [-1] }),
      expect: peersAre(1, 'ben'),
    },
    {
      name: 'a state that there is not',
      token: as('ann'),
      body: page('ann', { handleResults: [7] }),
      expect: peersAre(0),
    },
    { name: 'an admin reads those of others', body: page('ann'), expect: peersAre(3, 'dan', 'ben', 'cid') },
    { name: 'M5: not those of others: 1002', token: as('ben'), body: page('ann'), expect: { errCode: 1002 } },
    {
      name: 'page 0 is 1001',
      token: as('ann'),
      body: page('ann', { pagination: { pageNumber: 0, showNumber: 10 } }),
      expect: { errCode: 1001 },
    },
  ]);
}

const designated = (fromUserID: string, toUserID: string) => ({ fromUserID, toUserID });
const ofPair = (...pairs: string[]) => ({
  errCode: 0,
  data: ({ friendRequests }: { friendRequests: FriendRequestInfo[] | null }) =>
    pairs.length === 0
      ? assert.equal(friendRequests, null)
      : assert.deepEqual(
          friendRequests?.map(({ fromUserID, toUserID }) => `${fromUserID} to ${toUserID}`),
          pairs,
        ),
});

testEndpoint(getDesignatedFriendApply, [
  {
    name: 'nothing was asked: null',
    token: as('ann'),
    given: (world) => world.register('ann', 'ben', 'cid'),
    body: designated('ann', 'ben'),
    expect: ofPair(),
  },
  {
    name: '5.7: both directions are told',
    token: as('ann'),
    given: async (world) => {
      await ask(world, 'ann', 'ben');
      world.passTime(1000);
      await ask(world, 'ben', 'ann');
    },
    body: designated('ann', 'ben'),
    expect: ofPair('ben to ann', 'ann to ben'),
  },
  {
    name: '5.7, defect of OpenIM: the latest change comes first, an answer too, whatever the order stored',
    token: as('ben'),
    given: async (world) => {
      world.passTime(1000);
      await respond(world, 'ann', 'ben', -1);
    },
    body: designated('ann', 'ben'),
    expect: ofPair('ann to ben', 'ben to ann'),
  },
  {
    name: 'whichever way one asks',
    token: as('ben'),
    body: designated('ben', 'ann'),
    expect: ofPair('ann to ben', 'ben to ann'),
  },
  { name: 'an admin asks about others', body: designated('ben', 'ann'), expect: ofPair('ann to ben', 'ben to ann') },
  { name: 'M5: a third is 1002', token: as('cid'), body: designated('ann', 'ben'), expect: { errCode: 1002 } },
  {
    name: '5.7, defect of OpenIM: of who is not registered any more name and face are empty, and nothing fails',
    token: as('ann'),
    given: (world) => forgetUser(world, 'ben'),
    body: designated('ann', 'ben'),
    expect: {
      errCode: 0,
      data: ({ friendRequests }: { friendRequests: FriendRequestInfo[] }) =>
        assert.deepEqual(
          friendRequests.map(({ fromNickname, toNickname }) => [fromNickname, toNickname]),
          [
            ['ann', ''],
            ['', 'ann'],
          ],
        ),
    },
  },
]);

const counts = (count: number) => ({ errCode: 0, data: { count } });
testEndpoint(getSelfUnhandledApplyCount, [
  {
    name: 'nobody has asked',
    token: as('ann'),
    given: (world) => world.register('ann', 'ben', 'cid'),
    body: { userID: 'ann' },
    expect: counts(0),
  },
  {
    name: '5.7: only what was asked of the user, and is pending',
    token: as('ann'),
    given: async (world) => {
      await ask(world, 'ann', 'alice');
      await ask(world, 'ben', 'ann');
      await respond(world, 'ben', 'ann', -1);
      await ask(world, 'cid', 'ann');
    },
    body: { userID: 'ann', time: 0 },
    expect: counts(1),
  },
  {
    name: '5.7: only what was asked after the time',
    token: as('ann'),
    given: async (world) => {
      before = await requestOf(world, 'cid', 'ann');
      world.passTime(1000);
      await ask(world, 'ben', 'ann');
    },
    body: () => ({ userID: 'ann', time: before?.createTime }),
    expect: counts(1),
  },
  {
    name: 'a millisecond before it counts',
    token: as('ann'),
    body: () => ({ userID: 'ann', time: (before?.createTime ?? 0) - 1 }),
    expect: counts(2),
  },
  { name: 'M5: not those of others: 1002', token: as('ben'), body: { userID: 'ann' }, expect: { errCode: 1002 } },
  { name: 'no user is 1002', token: as('ben'), body: {}, expect: { errCode: 1002 } },
] satisfies Scenario[]);

function noRequest(fromUserID: string, toUserID: string) {
  return async (_: never, world: World) => assert.equal(await requestOf(world, fromUserID, toUserID), undefined);
}

function unchanged(fromUserID: string, toUserID: string) {
  return async (_: never, world: World) => assert.deepEqual(await requestOf(world, fromUserID, toUserID), before);
}
