/** rest-core.md 7.2 to 7.4 and 7.8. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import accountCheck from '../../src/http/routes/user/account_check.ts';
import getUsersInfo from '../../src/http/routes/user/get_users_info.ts';
import updateUserInfoEx from '../../src/http/routes/user/update_user_info_ex.ts';
import userRegister from '../../src/http/routes/user/user_register.ts';
import { envelopeOf } from './raw-http.ts';
import { testEndpoint } from './scenario.ts';
import { World } from './world.ts';

interface UserObject {
  readonly userID: string;
  readonly nickname: string;
  readonly faceURL: string;
  readonly ex: string;
  readonly createTime: number;
  readonly appMangerLevel: number;
  readonly globalRecvMsgOpt: number;
}

testEndpoint(userRegister, [
  {
    name: 'an admin registers users with all their fields; createTime is the server clock',
    body: {
      users: [
        { ...given('用户_1'), createTime: 5 },
        { userID: 'plain', nickname: 'P' },
      ],
    },
    expect: {
      errCode: 0,
      data: async (data: unknown, world: World) => {
        assert.equal(data, undefined);
        const [user, plain] = await read(world, '用户_1', 'plain');
        assert.ok(user !== undefined && Math.abs(user.createTime - Date.now()) < 60_000);
        assert.deepEqual(user, { ...given('用户_1'), createTime: user.createTime });
        assert.partialDeepStrictEqual(plain, { faceURL: '', ex: '', appMangerLevel: 0, globalRecvMsgOpt: 0 });
      },
    },
  },
  {
    name: 'one that is registered already refuses the whole batch: 1102',
    body: {
      users: [
        { userID: 'fresh', nickname: 'F' },
        { userID: 'alice', nickname: 'other' },
      ],
    },
    expect: {
      errCode: 1102,
      errDlt: 'userID registered already',
      data: async (_data: unknown, world: World) => {
        assert.deepEqual(
          (await read(world, 'fresh', 'alice')).map(({ nickname }) => nickname),
          ['alice'],
        );
      },
    },
  },
  {
    name: 'a batch of two thousand',
    body: { users: Array.from({ length: 2000 }, (_, index) => ({ userID: `batch${index}`, nickname: 'B' })) },
    expect: {
      errCode: 0,
      data: async (_data: unknown, world: World) => {
        const IDs = Array.from({ length: 2000 }, (_, index) => `batch${index}`);
        assert.equal((await read(world, ...IDs)).length, 2000);
      },
    },
  },
  { name: 'no users is 1001', body: {}, expect: { errCode: 1001, errDlt: 'users is empty' } },
  { name: 'an empty list is 1001', body: { users: [] }, expect: { errCode: 1001, errDlt: 'users is empty' } },
  { name: 'a null user is 1001', body: { users: [null] }, expect: { errCode: 1001 } },
  ...['a:b', 'a b', 'a-b', 'a.b', '½', 'a\u0000'].map((userID) => ({
    name: `the ID ${JSON.stringify(userID)} is 1001`,
    body: one({ userID }),
    expect: { errCode: 1001 },
  })),
  { name: 'an ID of 256 bytes', body: one({ userID: 'a'.repeat(256) }), expect: { errCode: 0 } },
  { name: 'an ID of 257 bytes is 1001', body: one({ userID: 'a'.repeat(257) }), expect: { errCode: 1001 } },
  { name: 'an empty nickname is 1001', body: one({ nickname: '' }), expect: { errCode: 1001 } },
  {
    name: 'an ill-formed ID is 1001 before permission',
    token: 'user',
    body: one({ userID: ':' }),
    expect: { errCode: 1001 },
  },
  { name: 'a user is not an admin: 1002', token: 'user', body: one({}), expect: { errCode: 1002 } },
  { name: 'permission comes before an empty ID', token: 'user', body: one({ userID: '' }), expect: { errCode: 1002 } },
  { name: 'permission comes before a repeated ID', token: 'user', body: twice('alice'), expect: { errCode: 1002 } },
  {
    name: 'a repeated ID is 1001 before 1102',
    body: twice('alice'),
    expect: { errCode: 1001, errDlt: 'userID repeated' },
  },
  { name: 'an empty ID is 1001', body: one({ userID: '' }), expect: { errCode: 1001, errDlt: 'userID is empty' } },
]);

testEndpoint(getUsersInfo, [
  {
    name: 'anyone reads anyone: each once, without the unknown',
    token: 'user',
    body: { userIDs: ['bob', 'nobody', 'bob', 'imAdmin'] },
    expect: {
      errCode: 0,
      data: ({ usersInfo }: { usersInfo: UserObject[] }) => {
        assert.deepEqual(
          usersInfo.map(({ userID, nickname, appMangerLevel }) => [userID, nickname, appMangerLevel]),
          [
            ['bob', 'bob', 0],
            ['imAdmin', 'imAdmin', 2],
          ],
        );
      },
    },
  },
  {
    name: 'none found is null',
    token: 'user',
    body: { userIDs: ['nobody', ''] },
    expect: { errCode: 0, data: { usersInfo: null } },
  },
  {
    name: 'no IDs is 1001',
    token: 'user',
    body: { userIDs: [] },
    expect: { errCode: 1001, errDlt: 'userIDs is empty' },
  },
]);

testEndpoint(updateUserInfoEx, [
  {
    name: 'sets what is given and leaves null and absent ones',
    given: (world) => world.call('/user/user_register', { users: [given('eve')] }),
    body: { userInfo: { userID: 'eve', nickname: 'new', faceURL: null } },
    expect: { errCode: 0, data: holds('eve', { nickname: 'new', faceURL: 'f', ex: '{}', globalRecvMsgOpt: 2 }) },
  },
  {
    name: 'clears what is given as a zero value',
    body: { userInfo: { userID: 'eve', nickname: '', ex: '', globalRecvMsgOpt: 0 } },
    expect: { errCode: 0, data: holds('eve', { nickname: '', faceURL: 'f', ex: '', globalRecvMsgOpt: 0 }) },
  },
  {
    name: 'cannot raise the level or move the time',
    token: 'user',
    body: { userInfo: { userID: 'alice', appMangerLevel: 4, createTime: 1 } },
    expect: {
      errCode: 0,
      data: async (_data: unknown, world: World) => {
        const [alice] = await read(world, 'alice');
        assert.ok(alice !== undefined && alice.createTime > 1);
        assert.equal(alice.appMangerLevel, 0);
      },
    },
  },
  { name: 'a user changes itself', token: 'user', body: change('alice'), expect: { errCode: 0 } },
  { name: 'M5 a user does not change another: 1002', token: 'user', body: change('bob'), expect: { errCode: 1002 } },
  { name: 'M5 nor an unknown one: 1002', token: 'user', body: change('nobody'), expect: { errCode: 1002 } },
  { name: 'an unknown user is 1004', body: change('nobody'), expect: { errCode: 1004 } },
  {
    name: 'an unknown user is 1004 also with nothing set',
    body: { userInfo: { userID: 'nobody' } },
    expect: { errCode: 1004 },
  },
  { name: 'no userInfo is 1001', body: {}, expect: { errCode: 1001, errDlt: 'userInfo is empty' } },
  { name: 'no userID is 1001', body: { userInfo: { nickname: 'x' } }, expect: { errCode: 1001 } },
  ...[-1, 3].map((globalRecvMsgOpt) => ({
    name: `globalRecvMsgOpt ${globalRecvMsgOpt} is 1001`,
    body: { userInfo: { userID: 'alice', globalRecvMsgOpt } },
    expect: { errCode: 1001 },
  })),
]);

testEndpoint(accountCheck, [
  {
    name: 'answers in the order of the request',
    body: { checkUserIDs: ['nobody', 'bob', ''] },
    expect: {
      errCode: 0,
      data: {
        results: [
          { userID: 'nobody', accountStatus: 0 },
          { userID: 'bob', accountStatus: 1 },
          { userID: '', accountStatus: 0 },
        ],
      },
    },
  },
  { name: 'a user is not an admin: 1002', token: 'user', body: { checkUserIDs: ['alice'] }, expect: { errCode: 1002 } },
  {
    name: 'a repeated ID is 1001, before permission',
    token: 'user',
    body: { checkUserIDs: ['a', 'a'] },
    expect: { errCode: 1001 },
  },
  { name: 'no IDs is 1001', body: { checkUserIDs: [] }, expect: { errCode: 1001 } },
]);

describe('users over REST, at once', () => {
  test('of concurrent registrations of one ID one succeeds and the others are told 1102', async (t) => {
    const world = await World.open();
    t.after(() => world[Symbol.asyncDispose]());
    const replies = await Promise.all(
      Array.from({ length: 10 }, () => world.post('/user/user_register', one({}), world.token('admin'))),
    );
    const codes = replies.map((reply) => envelopeOf(reply).errCode);
    assert.deepEqual(codes.sort(), [0, ...Array(9).fill(1102)]);
  });
});

function given(userID: string) {
  return { userID, nickname: 'Ü"<', faceURL: 'f', ex: '{}', appMangerLevel: 1, globalRecvMsgOpt: 2 };
}

/** A registration of one user, sound but for what is given. */
function one(fields: object): object {
  return { users: [{ userID: 'one', nickname: 'N', ...fields }] };
}

function twice(userID: string): object {
  return {
    users: [
      { userID, nickname: 'N' },
      { userID, nickname: 'N' },
    ],
  };
}

function change(userID: string): object {
  return { userInfo: { userID, nickname: 'changed' } };
}

async function read(world: World, ...userIDs: string[]): Promise<UserObject[]> {
  return (await world.call('/user/get_users_info', { userIDs })).usersInfo;
}

/** Asserts that there is no data, and that the user now has these values. */
function holds(userID: string, values: Partial<UserObject>) {
  return async (data: unknown, world: World): Promise<void> => {
    assert.equal(data, undefined);
    assert.partialDeepStrictEqual((await read(world, userID))[0], values);
  };
}
