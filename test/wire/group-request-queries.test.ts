/** Looking at requests to join groups: relations-groups.md 8.12. */
import assert from 'node:assert/strict';
import getGroupApplicationUnhandledCount from '../../src/http/routes/group/get_group_application_unhandled_count.ts';
import getGroupUsersReqApplicationList from '../../src/http/routes/group/get_group_users_req_application_list.ts';
import getRecvGroupApplicationList from '../../src/http/routes/group/get_recv_group_applicationList.ts';
import getSpecifiedUserGroupRequestInfo from '../../src/http/routes/group/get_specified_user_group_request_info.ts';
import getUserReqGroupApplicationList from '../../src/http/routes/group/get_user_req_group_applicationList.ts';
import { actAs, as, cast, dismiss, makeTeam } from './group-scenes.ts';
import { testEndpoint } from './scenario.ts';
import type { World } from './world.ts';

const firstPage = { pageNumber: 1, showNumber: 100 };

interface Requests {
  readonly total: number;
  readonly groupRequests:
    | readonly {
        readonly userInfo: { readonly userID: string };
        readonly groupInfo: { readonly groupID: string };
        readonly reqTime: number;
        readonly handleTime: number;
      }[]
    | null;
}

/** Who wants to be where. */
const pairsOf = ({ groupRequests }: Requests) =>
  (groupRequests ?? []).map(({ userInfo, groupInfo }) => `${userInfo.userID} ${groupInfo.groupID}`);

const shows = (...pairs: readonly string[]) => ({
  errCode: 0,
  data: (data: Requests) => assert.deepEqual([data.total, pairsOf(data)], [pairs.length, pairs]),
});

const apply = (world: World, userID: string, groupID: string, rest: object = {}) =>
  actAs(world, userID, '/group/join_group', { groupID, joinSource: 3, inviterUserID: userID, ...rest });

const answer = (world: World, by: string, groupID: string, fromUserID: string, handleResult: number) =>
  actAs(world, by, '/group/group_application_response', { groupID, fromUserID, handleResult, handledMsg: 'so be it' });

/**
 * Groups one and two of the cast; another of dora's. For one, dora and then eve have asked, and eve was refused; for two,
 * eve; for dora's, frank.
 */
async function setUp(world: World): Promise<void> {
  await cast.setUp(world);
  await makeTeam(world, 'one');
  await makeTeam(world, 'two');
  await world.call('/group/create_group', { groupInfo: { groupID: 'doras', groupType: 2 }, ownerUserID: 'dora' });
  await apply(world, 'dora', 'one', { reqMessage: 'please', joinSource: 4, ex: 'x' });
  world.passTime(1000);
  await apply(world, 'eve', 'one');
  world.passTime(1000);
  await apply(world, 'eve', 'two');
  world.passTime(1000);
  await apply(world, 'frank', 'doras');
  await answer(world, 'bob', 'one', 'eve', -1);
}

testEndpoint(
  getRecvGroupApplicationList,
  [
    {
      name: '8.12 of all groups that the user manages, the newest first',
      token: as('bob'),
      body: { fromUserID: 'bob', pagination: firstPage },
      expect: shows('eve two', 'eve one', 'dora one'),
    },
    {
      name: '8.12 a request shows the user, the group, and what was said and answered',
      token: 'user',
      body: { fromUserID: 'alice', pagination: firstPage, groupIDs: ['one'] },
      expect: {
        errCode: 0,
        data: ({ groupRequests }: Requests) => {
          const [eves, doras] = groupRequests ?? [];
          assert.partialDeepStrictEqual(doras, {
            userInfo: { userID: 'dora', nickname: 'dora', faceURL: '', ex: '' },
            groupInfo: { groupID: 'one', ownerUserID: 'alice', memberCount: 3 },
            handleResult: 0,
            reqMsg: 'please',
            handleMsg: '',
            handleUserID: '',
            handleTime: 0,
            ex: 'x',
            joinSource: 4,
            inviterUserID: '',
          });
          assert.partialDeepStrictEqual(eves, { handleResult: -1, handleUserID: 'bob', handleMsg: 'so be it' });
          assert.ok((eves?.handleTime ?? 0) >= (eves?.reqTime ?? 0), 'Known defect: handling is kept');
        },
      },
    },
    ...(
      [
        [[0], ['eve two', 'dora one']],
        [[-1, 7], ['eve one']],
        [[1], []],
        [[7], []],
      ] as const
    ).map(([handleResults, pairs]) => ({
      name: `only of the states ${handleResults}: ${pairs}`,
      token: as('bob'),
      body: { fromUserID: 'bob', pagination: firstPage, handleResults },
      expect: shows(...pairs),
    })),
    {
      name: '8.12 groups that are named twice count once',
      token: as('bob'),
      body: { fromUserID: 'bob', pagination: firstPage, groupIDs: ['two', 'two'] },
      expect: shows('eve two'),
    },
    {
      name: 'a page further',
      token: as('bob'),
      body: { fromUserID: 'bob', pagination: { pageNumber: 2, showNumber: 2 } },
      expect: {
        errCode: 0,
        data: (data: Requests) => assert.deepEqual([data.total, pairsOf(data)], [3, ['dora one']]),
      },
    },
    {
      name: 'F10: who is an ordinary member has none',
      token: as('carol'),
      body: { fromUserID: 'carol', pagination: firstPage },
      expect: { errCode: 0, data: { total: 0, groupRequests: null } },
    },
    {
      name: 'F10: an ordinary member who names the group: 1002',
      token: as('carol'),
      body: { fromUserID: 'carol', pagination: firstPage, groupIDs: ['one'] },
      expect: { errCode: 1002 },
    },
    {
      name: 'M5 one of the groups is not managed by the caller: 1002',
      token: as('bob'),
      body: { fromUserID: 'bob', pagination: firstPage, groupIDs: ['one', 'doras'] },
      expect: { errCode: 1002 },
    },
    {
      name: '8.12 a group that is not there, beside requests: 1201',
      body: { fromUserID: 'alice', pagination: firstPage, groupIDs: ['one', 'nowhere'] },
      expect: { errCode: 1201 },
    },
    {
      name: '8.12 a group that is not there, and nothing to show: none',
      body: { fromUserID: 'alice', pagination: firstPage, groupIDs: ['nowhere'] },
      expect: { errCode: 0, data: { total: 0, groupRequests: null } },
    },
    { name: 'page 0: 1001', body: { fromUserID: 'bob', pagination: { pageNumber: 0 } }, expect: { errCode: 1001 } },
    {
      name: 'F10: an admin who was demoted sees no requests any more',
      token: as('bob'),
      given: (world) =>
        actAs(world, 'alice', '/group/set_group_member_info', {
          members: [{ groupID: 'one', userID: 'bob', roleLevel: 20 }],
        }),
      body: { fromUserID: 'bob', pagination: firstPage },
      expect: shows('eve two'),
    },
  ],
  { setUp },
);

testEndpoint(
  getUserReqGroupApplicationList,
  [
    {
      name: '8.12 the requests of a user, the newest first, also what others have proposed',
      token: as('eve'),
      given: async (world) => {
        await world.call('/group/set_group_info_ex', { groupID: 'two', needVerification: 1 });
        await makeTeam(world, 'three', { needVerification: 1 });
        world.passTime(1000);
        await actAs(world, 'carol', '/group/invite_user_to_group', { groupID: 'three', invitedUserIDs: ['eve'] });
      },
      body: { userID: 'eve', pagination: firstPage },
      expect: {
        errCode: 0,
        data: (data: Requests) => {
          assert.deepEqual([data.total, pairsOf(data)], [3, ['eve three', 'eve two', 'eve one']]);
          assert.partialDeepStrictEqual(data.groupRequests?.[0], { inviterUserID: 'carol', joinSource: 2, reqMsg: '' });
        },
      },
    },
    {
      name: '8.12 only for some groups, and of some states',
      token: as('eve'),
      body: { userID: 'eve', pagination: firstPage, groupIDs: ['one', 'two', 'two'], handleResults: [0] },
      expect: shows('eve two'),
    },
    {
      name: 'the request for a group that was dismissed is still there, with its state',
      token: as('eve'),
      given: (world) => dismiss(world, 'two'),
      body: { userID: 'eve', pagination: firstPage, groupIDs: ['two'] },
      expect: {
        errCode: 0,
        data: ({ groupRequests }: Requests) =>
          assert.partialDeepStrictEqual(groupRequests?.[0], { groupInfo: { status: 2, ownerUserID: '' } }),
      },
    },
    { name: 'no such user: 1004', body: { userID: 'nobody', pagination: firstPage }, expect: { errCode: 1004 } },
    { name: 'page 0: 1001', body: { userID: 'eve', pagination: { pageNumber: 0 } }, expect: { errCode: 1001 } },
  ],
  { setUp },
);

testEndpoint(
  getGroupUsersReqApplicationList,
  [
    {
      name: 'Known defect: requests of some users, in the order asked, with the users',
      token: as('bob'),
      body: { groupID: 'one', userIDs: ['eve', 'frank', 'dora'] },
      expect: {
        errCode: 0,
        data: (data: Requests) => {
          assert.deepEqual([data.total, pairsOf(data)], [2, ['eve one', 'dora one']]);
          assert.partialDeepStrictEqual(data.groupRequests?.[0]?.userInfo, { nickname: 'eve' });
        },
      },
    },
    {
      name: 'users without one: null',
      token: 'user',
      body: { groupID: 'one', userIDs: ['frank'] },
      expect: { errCode: 0, data: { total: 0, groupRequests: null } },
    },
    {
      name: 'a user twice: 1001',
      token: 'user',
      body: { groupID: 'one', userIDs: ['eve', 'eve'] },
      expect: { errCode: 1001 },
    },
    {
      name: 'an ordinary member: 1002',
      token: as('carol'),
      body: { groupID: 'one', userIDs: ['eve'] },
      expect: { errCode: 1002 },
    },
    { name: 'no such group, for an admin: 1004', body: { groupID: 'no', userIDs: ['eve'] }, expect: { errCode: 1004 } },
    {
      name: '1001 users: 1001',
      body: { groupID: 'one', userIDs: Array.from({ length: 1001 }, (_, index) => `u${index}`) },
      expect: { errCode: 1001 },
    },
  ],
  { setUp },
);

testEndpoint(
  getSpecifiedUserGroupRequestInfo,
  [
    ...(['dora', 'alice', 'bob', 'imAdmin'] as const).map((userID) => ({
      name: `8.12 the request of a user is there for ${userID}`,
      token: userID === 'imAdmin' ? ('admin' as const) : as(userID),
      body: { groupID: 'one', userID: 'dora' },
      expect: shows('dora one'),
    })),
    {
      name: '8.12 a user without a request: null and no error, for which the pure-JS SDK asks',
      token: as('frank'),
      body: { groupID: 'one', userID: 'frank' },
      expect: { errCode: 0, data: { total: 0, groupRequests: null } },
    },
    {
      name: "M5 a member does not see another user's: 1002",
      token: as('carol'),
      body: { groupID: 'one', userID: 'dora' },
      expect: { errCode: 1002 },
    },
    {
      name: "M5 the manager of another group does not see another user's: 1002",
      token: as('dora'),
      body: { groupID: 'one', userID: 'eve' },
      expect: { errCode: 1002 },
    },
    ...['frank', 'dora'].map((userID) => ({
      name: `Known defect: a group that is not there is 1004, for ${userID}`,
      token: as('frank'),
      body: { groupID: 'nowhere', userID },
      expect: { errCode: 1004 },
    })),
    { name: 'nothing named: 1004', token: 'user', body: {}, expect: { errCode: 1004 } },
    {
      name: 'Known defect: of a dismissed group the request is still there, with no owner',
      token: as('dora'),
      given: (world) => dismiss(world, 'one'),
      body: { groupID: 'one', userID: 'dora' },
      expect: {
        errCode: 0,
        data: ({ groupRequests }: Requests) =>
          assert.partialDeepStrictEqual(groupRequests?.[0], { groupInfo: { status: 2, ownerUserID: '' } }),
      },
    },
    {
      name: 'of a dismissed group nobody is manager: 1002',
      token: as('bob'),
      body: { groupID: 'one', userID: 'dora' },
      expect: { errCode: 1002 },
    },
  ],
  { setUp },
);

const counts = (count: number) => ({ errCode: 0, data: { count } });
let eveAskedAt = 0;

testEndpoint(
  getGroupApplicationUnhandledCount,
  [
    {
      name: '8.12 what waits in all groups that the user manages',
      token: as('bob'),
      body: { userID: 'bob', time: 0 },
      expect: counts(2),
    },
    {
      name: '8.12 only what came later',
      token: as('bob'),
      given: async (world) => {
        const asked = { fromUserID: 'bob', pagination: firstPage, groupIDs: ['two'] };
        eveAskedAt = (await world.call(getRecvGroupApplicationList.path, asked)).groupRequests[0].reqTime;
      },
      body: () => ({ userID: 'bob', time: eveAskedAt - 1 }),
      expect: counts(1),
    },
    {
      name: 'the very moment is not later',
      token: as('bob'),
      body: () => ({ userID: 'bob', time: eveAskedAt }),
      expect: counts(0),
    },
    { name: 'F10: an ordinary member has none', token: as('carol'), body: { userID: 'carol' }, expect: counts(0) },
    {
      name: 'F10: nor has an admin who was demoted',
      token: as('bob'),
      given: (world) =>
        actAs(world, 'alice', '/group/set_group_member_info', {
          members: ['one', 'two'].map((groupID) => ({ groupID, userID: 'bob', roleLevel: 20 })),
        }),
      body: { userID: 'bob' },
      expect: counts(0),
    },
    {
      name: 'of a dismissed group nothing waits any more',
      token: 'user',
      given: (world) => dismiss(world, 'two'),
      body: { userID: 'alice' },
      expect: counts(1),
    },
  ],
  { setUp },
);
