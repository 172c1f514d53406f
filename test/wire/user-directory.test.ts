/** rest-core.md 7.5 to 7.7, 7.9, 7.12 and 9 (registrations). */
import assert from 'node:assert/strict';
import registrations from '../../src/http/routes/statistics/user/register.ts';
import addNotificationAccount from '../../src/http/routes/user/add_notification_account.ts';
import getAllUsersUid from '../../src/http/routes/user/get_all_users_uid.ts';
import getUsers from '../../src/http/routes/user/get_users.ts';
import searchNotificationAccount from '../../src/http/routes/user/search_notification_account.ts';
import setGlobalMsgRecvOpt from '../../src/http/routes/user/set_global_msg_recv_opt.ts';
import updateNotificationAccount from '../../src/http/routes/user/update_notification_account.ts';
import updateUserInfo from '../../src/http/routes/user/update_user_info.ts';
import { testEndpoint } from './scenario.ts';
import type { World } from './world.ts';

const firstPage = { pageNumber: 1, showNumber: 100 };
const userOf = async (world: World, userID: string) =>
  ((await world.call('/user/get_users_info', { userIDs: [userID] })) as { usersInfo: Record<string, unknown>[] })
    .usersInfo[0];

testEndpoint(updateUserInfo, [
  {
    name: '7.5 sets what is not empty or 0, and leaves the rest and the level as they are',
    given: (world) =>
      world.call('/user/update_user_info_ex', {
        userInfo: { userID: 'alice', faceURL: 'face', ex: 'ex', globalRecvMsgOpt: 2 },
      }),
    token: 'user',
    body: { userInfo: { userID: 'alice', nickname: 'New', ex: '', globalRecvMsgOpt: 0, appMangerLevel: 2 } },
    expect: {
      errCode: 0,
      data: async (_data: unknown, world: World) =>
        assert.partialDeepStrictEqual(await userOf(world, 'alice'), {
          nickname: 'New',
          faceURL: 'face',
          ex: 'ex',
          globalRecvMsgOpt: 2,
          appMangerLevel: 0,
        }),
    },
  },
  { name: 'no such user: 1004', body: { userInfo: { userID: 'nobody', nickname: 'N' } }, expect: { errCode: 1004 } },
]);

testEndpoint(setGlobalMsgRecvOpt, [
  {
    name: '7.6 a user sets the own option, 0 as well, and it is read so at once',
    given: (world) => world.call('/user/set_global_msg_recv_opt', { userID: 'alice', globalRecvMsgOpt: 1 }),
    token: 'user',
    body: { userID: 'alice', globalRecvMsgOpt: 0 },
    expect: {
      errCode: 0,
      data: async (_data: unknown, world: World) => assert.equal((await userOf(world, 'alice'))?.globalRecvMsgOpt, 0),
    },
  },
  { name: 'an option outside 0 to 2: 1001', body: { userID: 'alice', globalRecvMsgOpt: 3 }, expect: { errCode: 1001 } },
  { name: 'no such user: 1004', body: { userID: 'nobody', globalRecvMsgOpt: 1 }, expect: { errCode: 1004 } },
]);

testEndpoint(getAllUsersUid, [
  {
    name: '7.7 gives a page of all IDs, of every level, and how many there are',
    body: { pagination: { pageNumber: 2, showNumber: 2 } },
    expect: {
      errCode: 0,
      data: async (data: { total: number; userIDs: string[] }, world: World) => {
        const all = (await world.call('/user/get_all_users_uid', { pagination: firstPage })) as typeof data;
        assert.equal(data.total, all.userIDs.length);
        assert.deepEqual(data.userIDs, all.userIDs.slice(2, 4));
        assert.ok(all.userIDs.includes('imAdmin'));
      },
    },
  },
  {
    name: 'showNumber 0 is an empty page',
    body: { pagination: { pageNumber: 1, showNumber: 0 } },
    expect: { errCode: 0, data: ({ userIDs }: { userIDs: unknown }) => assert.equal(userIDs, null) },
  },
  { name: 'page 0: 1001', body: { pagination: { pageNumber: 0, showNumber: 1 } }, expect: { errCode: 1001 } },
]);

testEndpoint(getUsers, [
  {
    name: '7.9 finds ordinary users by a part of the ID or of the nickname, in any case',
    given: (world) => world.call('/user/user_register', { users: [{ userID: 'x7', nickname: 'Dr. (ALI)' }] }),
    body: { pagination: firstPage, userID: 'BO', nickName: '(ali' },
    expect: {
      errCode: 0,
      data: ({ total, users }: { total: number; users: { userID: string }[] }) =>
        assert.deepEqual([total, users.map(({ userID }) => userID)], [2, ['bob', 'x7']]),
    },
  },
  {
    name: 'without a filter: all of levels 0 and 1',
    body: { pagination: firstPage },
    expect: {
      errCode: 0,
      data: ({ users }: { users: { appMangerLevel: number }[] }) =>
        assert.deepEqual([...new Set(users.map(({ appMangerLevel }) => appMangerLevel))], [0]),
    },
  },
]);

testEndpoint(addNotificationAccount, [
  {
    name: '7.12 makes an account of the given ID',
    body: { userID: 'news', nickName: 'News', faceURL: 'f', appMangerLevel: 3 },
    expect: { errCode: 0, data: { userID: 'news', nickName: 'News', faceURL: 'f', appMangerLevel: 3 } },
  },
  {
    name: 'without an ID one of ten digits is made up',
    body: { nickName: 'Made up', appMangerLevel: 4 },
    expect: {
      errCode: 0,
      data: ({ userID }: { userID: string }) => assert.match(userID, /^[1-9][0-9]{9}$/),
    },
  },
  {
    name: 'a level below 3: 1001',
    body: { userID: 'low', nickName: 'L', appMangerLevel: 2 },
    expect: { errCode: 1001, errDlt: 'app level not supported' },
  },
  {
    name: 'an ID that somebody has: 1001, and that user stays',
    body: { userID: 'alice', nickName: 'Other', appMangerLevel: 3 },
    expect: {
      errCode: 1001,
      errDlt: 'userID is used',
      data: async (_data: unknown, world: World) => assert.equal((await userOf(world, 'alice'))?.nickname, 'alice'),
    },
  },
  {
    name: 'Known defect: an ID is of the form that registration asks for: 1001',
    body: { userID: 'a:b', nickName: 'N', appMangerLevel: 3 },
    expect: { errCode: 1001 },
  },
]);

testEndpoint(updateNotificationAccount, [
  {
    name: '7.12 sets what is not empty',
    body: { userID: 'alice', faceURL: 'face' },
    expect: {
      errCode: 0,
      data: async (_data: unknown, world: World) =>
        assert.partialDeepStrictEqual(await userOf(world, 'alice'), { nickname: 'alice', faceURL: 'face' }),
    },
  },
  { name: 'nothing to set: 1001', body: { userID: 'alice' }, expect: { errCode: 1001 } },
  { name: 'no such user: 1001', body: { userID: 'nobody', nickName: 'N' }, expect: { errCode: 1001 } },
]);

testEndpoint(
  searchNotificationAccount,
  [
    {
      name: '7.12 without a keyword: all from level 3 on, without admins',
      body: { pagination: firstPage },
      expect: { errCode: 0, data: accounts('news', 'robo', 'twin') },
    },
    {
      name: 'of exactly one level',
      body: { appManagerLevel: 4, pagination: firstPage },
      expect: { errCode: 0, data: accounts('robo') },
    },
    {
      name: 'the one of this ID comes before those of this nickname',
      body: { keyword: 'news', pagination: firstPage },
      expect: { errCode: 0, data: accounts('news') },
    },
    {
      name: 'those of this nickname',
      body: { keyword: 'Twin', pagination: firstPage },
      expect: { errCode: 0, data: accounts('robo', 'twin') },
    },
    {
      name: 'an ID of an ordinary user finds nothing',
      body: { keyword: 'alice', pagination: firstPage },
      expect: { errCode: 0, data: { total: 0, notificationAccounts: null } },
    },
  ],
  {
    setUp: async (world) => {
      const add = (userID: string, nickName: string, appMangerLevel: number) =>
        world.call('/user/add_notification_account', { userID, nickName, appMangerLevel });
      await add('news', 'News', 3);
      await add('twin', 'Twin', 3);
      await add('robo', 'Twin', 4);
    },
  },
);

testEndpoint(registrations, [
  {
    name: '9 counts all, those before and each day of UTC',
    body: { start: 1, end: 2 ** 53 - 1 },
    expect: {
      errCode: 0,
      data: ({ total, before, count }: { total: number; before: number; count: Record<string, number> }) => {
        assert.equal(before, 0);
        const days = Object.entries(count);
        assert.ok(days.every(([day]) => /^\d{4}-\d\d-\d\d$/.test(day)));
        assert.equal(
          days.reduce((sum, [, each]) => sum + each, 0),
          total,
        );
      },
    },
  },
  {
    name: 'a range without any leaves `count` out',
    body: { start: 1, end: 2 },
    expect: { errCode: 0, data: ({ count }: { count: unknown }) => assert.equal(count, undefined) },
  },
  { name: 'start 0: 1001', body: { start: 0, end: 5 }, expect: { errCode: 1001 } },
  { name: 'start after end: 1001', body: { start: 6, end: 5 }, expect: { errCode: 1001 } },
]);

function accounts(...userIDs: string[]) {
  return ({ total, notificationAccounts }: { total: number; notificationAccounts: { userID: string }[] }) =>
    assert.deepEqual([total, notificationAccounts.map(({ userID }) => userID)], [userIDs.length, userIDs]);
}
