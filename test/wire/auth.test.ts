/** rest-core.md 6 and the known defects of 5.11 that show there. */
import assert from 'node:assert/strict';
import { describe, type TestContext, test } from 'node:test';
import forceLogout from '../../src/http/routes/auth/force_logout.ts';
import getAdminToken from '../../src/http/routes/auth/get_admin_token.ts';
import getUserToken from '../../src/http/routes/auth/get_user_token.ts';
import parseToken from '../../src/http/routes/auth/parse_token.ts';
import { testEndpoint } from './scenario.ts';
import { adminSecret, adminUserID, World } from './world.ts';

interface Issued {
  readonly token: string;
  readonly expireTimeSeconds: number;
}

testEndpoint(getAdminToken, [
  {
    name: 'the secret and an admin userID give a token, without a token header',
    token: 'none',
    body: { secret: adminSecret, userID: adminUserID },
    expect: { errCode: 0, data: isGoodFor(adminUserID, 10) },
  },
  {
    name: 'a token header is not looked at, not even an expired one',
    token: 'expired',
    body: { secret: adminSecret, userID: adminUserID },
    expect: { errCode: 0, data: isGoodFor(adminUserID, 10) },
  },
  {
    name: 'no userID is 1001, whatever the secret',
    token: 'none',
    body: { secret: 'wrong' },
    expect: { errCode: 1001, errDlt: 'userID is empty' },
  },
  {
    name: 'a wrong secret is 1002, whatever the userID',
    token: 'none',
    body: { secret: 'wrong', userID: 'alice' },
    expect: { errCode: 1002, errDlt: 'secret invalid' },
  },
  {
    name: 'no secret is 1002',
    token: 'none',
    body: { userID: adminUserID },
    expect: { errCode: 1002, errDlt: 'secret invalid' },
  },
  {
    name: 'defect 21: a userID that is not an admin is 1001 and learns no admin userID',
    token: 'none',
    body: { secret: adminSecret, userID: 'alice' },
    expect: { errCode: 1001, errDlt: /^(?!.*imAdmin).*$/ },
  },
]);

testEndpoint(getUserToken, [
  {
    name: 'an admin gets a token for a user',
    body: { platformID: 2, userID: 'alice' },
    expect: { errCode: 0, data: isGoodFor('alice', 2) },
  },
  {
    name: 'defect 18: HarmonyOS is a platform like the others',
    body: { platformID: 11, userID: 'alice' },
    expect: { errCode: 0, data: isGoodFor('alice', 11) },
  },
  {
    name: 'platform 12, Bot, of the newest protocol is one like the others',
    body: { platformID: 12, userID: 'alice' },
    expect: { errCode: 0, data: isGoodFor('alice', 12) },
  },
  {
    name: 'T2 two tokens of one second differ, and the older one is kicked',
    given: (world) => world.register('twin'),
    body: { platformID: 1, userID: 'twin' },
    expect: {
      errCode: 0,
      data: async ({ token }: Issued, world: World) => {
        const second = await world.issue('twin', 1);
        assert.notEqual(second, token);
        assert.deepEqual([await world.verdict(token), await world.verdict(second)], [1506, 0]);
      },
    },
  },
  {
    name: 'a user is not an admin: 1002',
    token: 'user',
    body: { platformID: 1, userID: 'alice' },
    expect: { errCode: 1002, errDlt: 'user alice is not admin userID' },
  },
  {
    name: 'a user learns nothing about others: 1002 also for an unknown one',
    token: 'user',
    body: { platformID: 99, userID: 'nobody' },
    expect: { errCode: 1002 },
  },
  { name: 'platform 10 is 1002', body: { platformID: 10, userID: 'alice' }, expect: { errCode: 1002 } },
  { name: 'an admin userID is 1002', body: { platformID: 1, userID: adminUserID }, expect: { errCode: 1002 } },
  { name: 'an unknown user is 1004', body: { platformID: 1, userID: 'nobody' }, expect: { errCode: 1004 } },
  { name: 'no userID is 1004', body: { platformID: 1 }, expect: { errCode: 1004 } },
  {
    name: 'a system account is 1001',
    given: (world) =>
      world.call('/user/user_register', { users: [{ userID: 'robot', nickname: 'robot', appMangerLevel: 4 }] }),
    body: { platformID: 1, userID: 'robot' },
    expect: { errCode: 1001, errDlt: 'app account can`t get token' },
  },
  ...[0, -1, 13, 2147483647].map((platformID) => ({
    name: `defect 17: platform ${platformID} is 1001`,
    body: { platformID, userID: 'alice' },
    expect: { errCode: 1001, errDlt: 'platformID must be 1 to 12' },
  })),
  {
    name: 'keys in another case',
    body: '{"PLATFORMID":3,"userid":"alice"}',
    expect: { errCode: 0, data: isGoodFor('alice', 3) },
  },
]);

testEndpoint(parseToken, [
  {
    name: 'anybody may ask whose token it is, and until when as Unix seconds',
    token: 'none',
    body: (world: World) => ({ token: world.token('user') }),
    expect: {
      errCode: 0,
      data: ({ expireTimeSeconds, ...rest }: Issued) => {
        assert.deepEqual(rest, { userID: 'alice', platformID: 1 });
        const inSeconds = expireTimeSeconds - Date.now() / 1000;
        assert.ok(inSeconds > 3540 && inSeconds <= 3601, `ends in ${inSeconds} s`);
      },
    },
  },
  {
    name: 'the token header is not looked at',
    token: 'kicked',
    body: (world: World) => ({ token: world.token('admin') }),
    expect: { errCode: 0, data: (data: Issued) => assert.partialDeepStrictEqual(data, { platformID: 10 }) },
  },
  { name: 'an empty token is 1001', body: { token: '' }, expect: { errCode: 1001, errDlt: 'userID is empty' } },
  { name: 'no token is 1001', body: {}, expect: { errCode: 1001, errDlt: 'userID is empty' } },
  ...(
    [
      ['expired', 1501],
      ['broken', 1503],
      ['forged', 1505],
      ['kicked', 1506],
      ['unknown', 1507],
    ] as const
  ).map(([kind, errCode]) => ({
    name: `a token that is ${kind} is ${errCode}`,
    body: (world: World) => ({ token: world.token(kind) }),
    expect: { errCode },
  })),
  {
    name: 'Bearer in front of the token is 1503',
    body: (world: World) => ({ token: `Bearer ${world.token('user')}` }),
    expect: { errCode: 1503 },
  },
]);

testEndpoint(forceLogout, [
  {
    name: 'T4 every token on the platform is kicked, others are not',
    given: (world) => world.register('dave'),
    body: async (world: World) => {
      dave = { phone: await world.issue('dave', 1), desktop: await world.issue('dave', 3) };
      return { platformID: 1, userID: 'dave' };
    },
    expect: {
      errCode: 0,
      data: async (data: unknown, world: World) => {
        assert.equal(data, undefined);
        assert.deepEqual([await world.verdict(dave.phone), await world.verdict(dave.desktop)], [1506, 0]);
      },
    },
  },
  {
    name: 'defect 16: a kicked token stays 1506 when its user logs in again',
    body: { platformID: 1, userID: 'dave' },
    expect: {
      errCode: 0,
      data: async (_data: unknown, world: World) => {
        await world.issue('dave', 1);
        assert.equal(await world.verdict(dave.phone), 1506);
      },
    },
  },
  {
    name: 'defect 18: HarmonyOS sessions end too',
    body: async (world: World) => {
      dave.phone = await world.issue('dave', 11);
      return { platformID: 11, userID: 'dave' };
    },
    expect: {
      errCode: 0,
      data: async (_data: unknown, world: World) => assert.equal(await world.verdict(dave.phone), 1506),
    },
  },
  { name: 'nothing to end is a success', body: { platformID: 5, userID: 'alice' }, expect: { errCode: 0 } },
  { name: 'an unknown user is a success', body: { platformID: 1, userID: 'nobody' }, expect: { errCode: 0 } },
  {
    name: 'an admin may end its own sessions',
    body: { platformID: 9, userID: adminUserID },
    expect: { errCode: 0 },
  },
  {
    name: 'a user is not an admin, not even for itself: 1002',
    token: 'user',
    body: { platformID: 1, userID: 'alice' },
    expect: { errCode: 1002, errDlt: 'user alice is not admin userID' },
  },
  {
    name: 'M5 what was denied changed nothing',
    token: 'user',
    body: { platformID: 1, userID: 'bob' },
    expect: {
      errCode: 1002,
      data: async (data: unknown, world: World) => {
        assert.equal(data, undefined);
        assert.equal(await world.verdict(world.token('other')), 0);
      },
    },
  },
  { name: 'no userID is 1001', body: { platformID: 1 }, expect: { errCode: 1001, errDlt: 'userID is empty' } },
  ...[0, -1, 13].map((platformID) => ({
    name: `platform ${platformID} is 1001`,
    body: { platformID, userID: 'alice' },
    expect: { errCode: 1001, errDlt: 'platformID must be 1 to 12' },
  })),
]);

/** Dave's tokens, between the scenarios of /auth/force_logout. */
let dave = { phone: '', desktop: '' };

describe('tokens over REST, as time passes', () => {
  const openWorld = async (t: TestContext): Promise<World> => {
    const world = await World.open();
    t.after(() => world[Symbol.asyncDispose]());
    return world;
  };

  test('T1 a token is accepted until its exp and is 1501 from then on', async (t) => {
    const world = await openWorld(t);
    const token = world.token('user');
    world.passTime(3_590_000);
    const before = await world.verdict(token);
    world.passTime(11_000);
    assert.deepEqual([before, await world.verdict(token)], [0, 1501]);
  });

  test('T4 a kicked token is 1506 until its exp, then 1501', async (t) => {
    const world = await openWorld(t);
    world.passTime(3_590_000);
    const before = await world.verdict(world.token('kicked'));
    world.passTime(11_000);
    assert.deepEqual([before, await world.verdict(world.token('kicked'))], [1506, 1501]);
  });

  test('an older admin token stays for five minutes more', async (t) => {
    const world = await openWorld(t);
    const older = world.token('admin');
    const { token: newer } = await world.call('/auth/get_admin_token', { secret: adminSecret, userID: adminUserID });
    world.passTime(299_000);
    const inGrace = await world.verdict(older);
    world.passTime(2000);
    assert.deepEqual([inGrace, await world.verdict(older), await world.verdict(newer)], [0, 1507, 0]);
  });
});

/** Asserts that an issued token is accepted, is its user's, and says its lifetime as a duration. */
function isGoodFor(userID: string, platformID: number) {
  return async ({ token, expireTimeSeconds }: Issued, world: World): Promise<void> => {
    assert.ok(expireTimeSeconds >= 3600 && expireTimeSeconds <= 3601, `${expireTimeSeconds} s`);
    const parsed = await world.call('/auth/parse_token', { token });
    assert.partialDeepStrictEqual(parsed, { userID, platformID });
  };
}

test('O2: without a token a body may be 64 KiB and no more', async (t) => {
  const world = await World.open();
  t.after(() => world[Symbol.asyncDispose]());
  const reply = await world.post('/auth/parse_token', `{"token":"${'x'.repeat(64 * 1024)}"}`, '');
  assert.equal(JSON.parse(reply.body.toString()).errCode, 1001);
});
