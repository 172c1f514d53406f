/** What the token authority offers beyond OpenIM: docs/tokens.md. The endpoints that OpenIM has: auth.test.ts. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { describe, type TestContext, test } from 'node:test';
import { decodeJwt } from 'jose';
import listTokens from '../../src/http/routes/auth/list_tokens.ts';
import renewToken from '../../src/http/routes/auth/renew_token.ts';
import revokeToken from '../../src/http/routes/auth/revoke_token.ts';
import revokeTokens from '../../src/http/routes/auth/revoke_tokens.ts';
import { connect, type SocketClient } from '../support/socket-client.ts';
import { type Envelope, envelopeOf } from './raw-http.ts';
import { testEndpoint } from './scenario.ts';
import { adminSecret, adminUserID, World } from './world.ts';

interface Issued {
  readonly token: string;
  readonly expireTimeSeconds: number;
}

interface ListedToken {
  readonly jti: string;
  readonly platformID: number;
  readonly platform: string;
  readonly deviceName: string;
  readonly issuedAt: number;
  readonly expiresAt: number;
  readonly lastSeenAt: number;
  readonly acceptedUntil: number;
  readonly state: string;
  readonly reason: string;
}

/** The lifetime that world.ts configures. */
const ttlSeconds = 3600;
const maxTtlSeconds = 365 * 86_400;

function jtiOf(token: string): string {
  return JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString()).jti;
}

async function tokensOf(world: World, userID: string): Promise<readonly ListedToken[]> {
  return (await world.call(listTokens.path, { userID })).tokens ?? [];
}

async function post(world: World, path: string, body: unknown, token: string): Promise<Envelope> {
  return envelopeOf(await world.post(path, body, token));
}

async function verdicts(world: World, ...tokens: readonly string[]): Promise<number[]> {
  return Promise.all(tokens.map((token) => world.verdict(token)));
}

/** The users of a table; `dave` has a phone, a tablet, a PC and a browser. */
let dave: Record<'phone' | 'tablet' | 'pc' | 'browser', string>;

async function logDaveIn(world: World): Promise<void> {
  dave = {
    phone: await world.issue('dave', 1),
    tablet: await world.issue('dave', 9),
    pc: await world.issue('dave', 3),
    browser: await world.issue('dave', 5),
  };
}

async function registerDave(world: World): Promise<void> {
  await world.register('dave');
  await logDaveIn(world);
}

/** Of dave's phone, tablet, PC and browser. */
const daves = (world: World) => verdicts(world, dave.phone, dave.tablet, dave.pc, dave.browser);

describe('lifetime and device name at issue', () => {
  const issuers = [
    {
      path: '/auth/get_user_token',
      issue: (world: World, wishes: object) =>
        post(world, '/auth/get_user_token', { userID: 'alice', platformID: 2, ...wishes }, world.token('admin')),
    },
    {
      path: '/auth/get_admin_token',
      issue: (world: World, wishes: object) =>
        post(world, '/auth/get_admin_token', { secret: adminSecret, userID: adminUserID, ...wishes }, ''),
    },
    {
      path: '/auth/renew_token',
      issue: async (world: World, wishes: object) => {
        const body = { userID: 'alice', platformID: 2, expireTimeSeconds: maxTtlSeconds };
        const admin = await post(world, '/auth/get_admin_token', { secret: adminSecret, userID: adminUserID }, '');
        const { token } = (await post(world, '/auth/get_user_token', body, (admin.data as Issued).token))
          .data as Issued;
        // An hour at most.
        world.passTime(3_600_000);
        return post(world, '/auth/renew_token', wishes, token);
      },
    },
  ];

  for (const { path, issue } of issuers) {
    test(`T1 ${path}: a token lives as long as was asked for, and the answer says so`, async (t) => {
      const world = await openWorld(t);
      const { token, expireTimeSeconds } = (await issue(world, { expireTimeSeconds: 20 })).data as Issued;
      assert.equal(expireTimeSeconds, 20);
      world.passTime(19_900);
      const before = await world.verdict(token);
      world.passTime(1200);
      assert.deepEqual([before, await world.verdict(token)], [0, 1501]);
    });

    test(`${path}: from a second to the maximum, and 0 or null or nothing for the configured one`, async (t) => {
      const world = await openWorld(t);
      for (const [asked, given] of [
        [1, 1],
        [maxTtlSeconds, maxTtlSeconds],
        [0, ttlSeconds],
        [null, ttlSeconds],
        [undefined, ttlSeconds],
      ]) {
        const { data } = await issue(world, { expireTimeSeconds: asked });
        assert.equal((data as Issued).expireTimeSeconds, given, `for ${asked}`);
      }
    });

    test(`O1 ${path}: any other lifetime is 1001 and gives no token`, async (t) => {
      const world = await openWorld(t);
      for (const expireTimeSeconds of [-1, maxTtlSeconds + 1, 1.5, '60', Number.MAX_SAFE_INTEGER]) {
        const { errCode, errDlt, data } = await issue(world, { expireTimeSeconds });
        assert.deepEqual([errCode, data], [1001, undefined], `for ${expireTimeSeconds}`);
        assert.match(errDlt, /expireTimeSeconds/);
      }
    });

    test(`O1 ${path}: a device name has at most 64 characters, none of them control characters`, async (t) => {
      const world = await openWorld(t);
      assert.equal((await issue(world, { deviceName: '📱'.repeat(64) })).errCode, 0);
      for (const deviceName of ['x'.repeat(65), 'a\nb', '\ud800']) {
        assert.equal((await issue(world, { deviceName })).errCode, 1001, JSON.stringify(deviceName));
      }
    });
  }
});

testEndpoint(
  listTokens,
  [
    {
      name: 'a user sees its own tokens, newest first, with all there is to say',
      token: () => dave.phone,
      body: { userID: 'dave' },
      expect: {
        errCode: 0,
        data: ({ tokens, nextCursor }: { tokens: ListedToken[]; nextCursor: string }) => {
          assert.deepEqual(
            tokens.map(({ platform }) => platform),
            ['Web', 'Windows', 'IPad', 'IOS'],
          );
          const { issuedAt, expiresAt, ...rest } = tokens[3]!;
          assert.deepEqual(rest, {
            jti: jtiOf(dave.phone),
            platformID: 1,
            platform: 'IOS',
            deviceName: '',
            lastSeenAt: 0,
            acceptedUntil: 0,
            state: 'live',
            reason: '',
            isKeyRetired: false,
          });
          assert.ok(Math.abs(issuedAt - Date.now()) < 10_000);
          assert.ok(expiresAt - issuedAt >= ttlSeconds * 1000 && expiresAt - issuedAt < ttlSeconds * 1000 + 1000);
          assert.equal(nextCursor, '');
        },
      },
    },
    {
      name: 'an admin sees those of anybody, with their device names',
      given: (world) =>
        world.call('/auth/get_user_token', { userID: 'bob', platformID: 7, deviceName: "Bob's 电脑 %|" }),
      body: { userID: 'bob' },
      expect: {
        errCode: 0,
        data: ({ tokens }: { tokens: ListedToken[] }) => assert.equal(tokens[0]?.deviceName, "Bob's 电脑 %|"),
      },
    },
    {
      name: 'T4 what has been ended is listed with its reason until its exp',
      given: (world) => world.call('/auth/force_logout', { userID: 'dave', platformID: 5 }),
      body: { userID: 'dave', limit: 1 },
      expect: {
        errCode: 0,
        data: ({ tokens, nextCursor }: { tokens: ListedToken[]; nextCursor: string }) => {
          assert.deepEqual([tokens[0]?.state, tokens[0]?.reason], ['kicked', 'forced']);
          assert.notEqual(nextCursor, '');
        },
      },
    },
    { name: 'a user without tokens has none', body: { userID: 'nobody' }, expect: { errCode: 0, data: emptyPage() } },
    { name: 'M5 another user’s are 1002', token: 'user', body: { userID: 'bob' }, expect: { errCode: 1002 } },
    ...(['user', 'admin'] as const).map((token) => ({
      name: `without a userID they are one's own, the ${token}'s`,
      token,
      body: { limit: 1 },
      expect: {
        errCode: 0,
        data: ({ tokens: [newest] }: { tokens: ListedToken[] }, world: World) =>
          assert.equal(newest?.jti, decodeJwt(world.token(token)).jti),
      },
    })),
    ...[-1, 501].map((limit) => ({
      name: `O1 limit ${limit} is 1001`,
      body: { userID: 'dave', limit },
      expect: { errCode: 1001, errDlt: 'limit must be 1 to 500' },
    })),
    ...['x', '1', '1.', '-1.a', '1.a b', `${'9'.repeat(17)}.a`].map((cursor) => ({
      name: `O1 the cursor ${cursor} is 1001`,
      body: { userID: 'dave', cursor },
      expect: { errCode: 1001, errDlt: 'cursor is not one that this endpoint gave' },
    })),
  ],
  { setUp: registerDave },
);

testEndpoint(
  revokeToken,
  [
    {
      name: 'T4 by its jti: a user ends a token of its own',
      token: () => dave.phone,
      body: () => ({ jti: jtiOf(dave.pc) }),
      expect: { errCode: 0, data: endedNow(1, () => daves, [0, 0, 1506, 0]) },
    },
    {
      name: 'a second time is a success that ends nothing',
      token: () => dave.phone,
      body: () => ({ jti: jtiOf(dave.pc) }),
      expect: { errCode: 0, data: { revoked: 0 } },
    },
    {
      name: 'T4 by the token itself',
      token: () => dave.phone,
      body: () => ({ token: dave.tablet }),
      expect: { errCode: 0, data: endedNow(1, () => daves, [0, 1506, 1506, 0]) },
    },
    {
      name: 'an admin ends those of others',
      body: () => ({ userID: 'dave', jti: jtiOf(dave.browser) }),
      expect: { errCode: 0, data: endedNow(1, () => daves, [0, 1506, 1506, 1506]) },
    },
    {
      name: 'T4 one’s own: it is the last that one does with it',
      token: () => dave.phone,
      body: () => ({ token: dave.phone }),
      expect: { errCode: 0, data: endedNow(1, () => daves, [1506, 1506, 1506, 1506]) },
    },
    {
      name: 'a token that has expired is a success that ends nothing',
      body: (world: World) => ({ token: world.token('expired') }),
      expect: { errCode: 0, data: { revoked: 0 } },
    },
    {
      name: 'a token that was never stored is a success that ends nothing',
      body: (world: World) => ({ token: world.token('unknown') }),
      expect: { errCode: 0, data: { revoked: 0 } },
    },
    { name: 'what is no token is 1503', body: { token: 'x' }, expect: { errCode: 1503 } },
    {
      name: 'a token of another server is 1505',
      body: (world: World) => ({ token: world.token('forged') }),
      expect: { errCode: 1505 },
    },
    {
      name: 'a jti that the user does not have is 1004',
      body: { userID: 'alice', jti: 'x' },
      expect: { errCode: 1004 },
    },
    {
      name: 'M5 another user’s token is 1002 and stays',
      token: 'user',
      body: (world: World) => ({ token: world.token('other') }),
      expect: {
        errCode: 1002,
        data: async (_data: unknown, world: World) => assert.equal(await world.verdict(world.token('other')), 0),
      },
    },
    {
      name: 'M5 nor does a user learn what others have: 1002 for any jti',
      token: 'user',
      body: { userID: 'bob', jti: 'x' },
      expect: { errCode: 1002 },
    },
    { name: 'neither token nor jti is 1001', body: { userID: 'alice' }, expect: { errCode: 1001 } },
    { name: 'both are 1001', body: { token: 'x', jti: 'y' }, expect: { errCode: 1001 } },
    {
      name: 'a token and a userID are 1001: the token says whose it is',
      body: (world: World) => ({ token: world.token('user'), userID: 'alice' }),
      expect: { errCode: 1001, errDlt: /^userID goes with jti/ },
    },
  ],
  { setUp: registerDave },
);

testEndpoint(
  revokeTokens,
  [
    {
      name: 'T4 without platforms: all of a user’s, and nobody else’s',
      given: logDaveIn,
      body: { userID: 'dave' },
      expect: {
        errCode: 0,
        data: async (data: unknown, world: World) => {
          await endedNow(4, () => daves, [1506, 1506, 1506, 1506])(data, world);
          assert.equal(await world.verdict(world.token('user')), 0);
        },
      },
    },
    {
      name: 'a second time ends nothing',
      body: { userID: 'dave' },
      expect: { errCode: 0, data: { revoked: 0 } },
    },
    {
      name: 'only on some platforms',
      given: logDaveIn,
      body: { userID: 'dave', platformIDs: [1, 3, 3, 11] },
      expect: { errCode: 0, data: endedNow(2, () => daves, [1506, 0, 1506, 0]) },
    },
    {
      name: 'by class, in any case, together with platforms',
      given: logDaveIn,
      body: { userID: 'dave', platformIDs: [5], platformClasses: ['mobile', 'Pad', 'PAD'] },
      expect: { errCode: 0, data: endedNow(3, () => daves, [1506, 1506, 0, 1506]) },
    },
    {
      name: 'exceptCaller: log out everywhere else',
      given: logDaveIn,
      token: () => dave.pc,
      body: { userID: 'dave', exceptCaller: true },
      expect: { errCode: 0, data: endedNow(3, () => daves, [1506, 1506, 0, 1506]) },
    },
    {
      name: 'exceptCaller with platforms: those, but not this one',
      given: logDaveIn,
      token: () => dave.pc,
      body: { userID: 'dave', platformClasses: ['PC', 'Web'], exceptCaller: true },
      expect: { errCode: 0, data: endedNow(1, () => daves, [0, 0, 0, 1506]) },
    },
    {
      name: 'issuedBefore: a user’s older tokens, on one platform; none are counted',
      given: async (world) => {
        await logDaveIn(world);
        world.passTime(10);
      },
      body: async (world: World) => ({ userID: 'dave', platformIDs: [9], issuedBefore: await newestIssueOf(world) }),
      expect: { errCode: 0, data: endedNow(null, () => daves, [0, 1506, 0, 0]) },
    },
    {
      name: 'an instant that is earlier than one before changes nothing',
      body: { userID: 'dave', issuedBefore: 1 },
      expect: { errCode: 0, data: endedNow(null, () => daves, [0, 1506, 0, 0]) },
    },
    {
      name: 'issuedBefore: a new login is not meant',
      body: async (world: World) => ({ userID: 'dave', issuedBefore: await newestIssueOf(world) }),
      expect: {
        errCode: 0,
        data: async (data: unknown, world: World) => {
          await endedNow(null, () => daves, [1506, 1506, 1506, 1506])(data, world);
          assert.equal(await world.verdict(await world.issue('dave', 9)), 0);
        },
      },
    },
    {
      name: 'everyone’s, which admins must say in so many words',
      body: { everyone: true, issuedBefore: 1 },
      expect: { errCode: 0, data: { revoked: null } },
    },
    { name: 'M5 another user’s are 1002', token: 'user', body: { userID: 'bob' }, expect: { errCode: 1002 } },
    {
      name: 'M5 another user’s by an instant are 1002',
      token: 'user',
      body: { userID: 'bob', issuedBefore: 1 },
      expect: { errCode: 1002 },
    },
    {
      name: 'M5 everyone’s are 1002 for a user',
      token: 'user',
      body: { everyone: true, issuedBefore: 1 },
      expect: { errCode: 1002 },
    },
    ...(
      [
        ['nobody named', {}, 'userID is empty'],
        ['nobody named, with an instant', { issuedBefore: 1 }, 'userID is empty'],
        ['everyone and a user', { everyone: true, userID: 'bob', issuedBefore: 1 }, /contradict/],
        ['everyone without an instant', { everyone: true }, 'everyone needs issuedBefore'],
        ['exceptCaller with an instant', { userID: adminUserID, exceptCaller: true, issuedBefore: 1 }, /contradict/],
        ['exceptCaller with another user', { userID: 'bob', exceptCaller: true }, /exceptCaller/],
        ['an unknown platform', { userID: 'bob', platformIDs: [1, 13] }, 'platformIDs must each be 1 to 12'],
        ['platform 0', { userID: 'bob', platformIDs: [0], issuedBefore: 1 }, 'platformIDs must each be 1 to 12'],
        [
          'an unknown class',
          { userID: 'bob', platformClasses: ['Phone'] },
          /^platformClasses must each be one of Mobile/,
        ],
        ['a negative instant', { userID: 'bob', issuedBefore: -1 }, /^issuedBefore/],
        ['an instant to come', { userID: 'bob', issuedBefore: Date.UTC(2100, 0, 1) }, /^issuedBefore/],
      ] as const
    ).map(([name, body, errDlt]) => ({
      name: `O1 ${name} is 1001 and ends nothing`,
      body,
      expect: {
        errCode: 1001,
        errDlt,
        data: async (_data: unknown, world: World) => assert.equal(await world.verdict(world.token('other')), 0),
      },
    })),
  ],
  { setUp: registerDave },
);

testEndpoint(renewToken, [
  {
    name: 'the holder of a live token gets a fresh one for the same device',
    body: {},
    token: async (world) => {
      const body = { userID: 'bob', platformID: 3, deviceName: 'desk' };
      phoneBefore = (await world.call('/auth/get_user_token', body)).token;
      world.passTime(ttlSeconds * renewableAfter);
      return phoneBefore;
    },
    expect: {
      errCode: 0,
      data: async ({ token, expireTimeSeconds }: Issued, world: World) => {
        assert.equal(expireTimeSeconds, ttlSeconds);
        assert.deepEqual(await verdicts(world, phoneBefore, token), [0, 0]);
        const [fresh, old] = await tokensOf(world, 'bob');
        assert.partialDeepStrictEqual(fresh, { jti: jtiOf(token), platformID: 3, deviceName: 'desk', state: 'live' });
        assert.partialDeepStrictEqual(old, { jti: jtiOf(phoneBefore), deviceName: 'desk', state: 'superseded' });
      },
    },
  },
  {
    name: 'T5 a second renewal with the old one, whose answer was lost, gives a token that is accepted, and so is the old',
    token: () => phoneBefore,
    body: {},
    expect: {
      errCode: 0,
      data: async (data: unknown, world: World) =>
        assert.deepEqual(await verdicts(world, phoneBefore, (data as Issued).token), [0, 0]),
    },
  },
  {
    name: 'a new device name takes the place of the old one',
    token: async (world) => {
      const token = await world.issue('bob', 2);
      world.passTime(ttlSeconds * renewableAfter);
      return token;
    },
    body: { deviceName: 'pocket' },
    expect: {
      errCode: 0,
      data: async (_data: unknown, world: World) => {
        assert.equal((await tokensOf(world, 'bob'))[0]?.deviceName, 'pocket');
      },
    },
  },
  {
    name: 'an admin renews too',
    token: async (world) => {
      const { token } = await world.call('/auth/get_admin_token', { secret: adminSecret, userID: adminUserID });
      world.passTime(ttlSeconds * renewableAfter);
      return token;
    },
    body: {},
    expect: {
      errCode: 0,
      data: async ({ token }: Issued, world: World) =>
        assert.equal((await post(world, '/auth/list_tokens', { userID: 'bob' }, token)).errCode, 0),
    },
  },
]);

/** In milliseconds for each second of a token's life: a hundredth of it has to be over. */
const renewableAfter = 11;

/** Between the scenarios of /auth/renew_token. */
let phoneBefore = '';

describe('renewal, as time passes', () => {
  test('T1, T7: the old token and its socket end a minute after, the fresh ones live on', async (t) => {
    const world = await openWorld(t);
    const old = await world.issue('bob', 2);
    const oldSocket = await socketOf(world, 'bob', 2, old);
    world.passTime(ttlSeconds * renewableAfter);
    const { data } = await post(world, renewToken.path, {}, old);
    const { token: fresh } = data as Issued;
    world.passTime(55_000);
    assert.deepEqual(await verdicts(world, old, fresh), [0, 0]);
    await oldSocket.roundTrip();
    const freshSocket = await socketOf(world, 'bob', 2, fresh);
    // Whoever comes once more with the old one does not end the fresh one.
    const again = await socketOf(world, 'bob', 2, old);
    await again.roundTrip();
    world.passTime(6000);
    assert.deepEqual(await verdicts(world, old, fresh), [1507, 0]);
    assert.equal((await oldSocket.closed).reason, 'token expired');
    assert.equal(oldSocket.pending.length, 0);
    await freshSocket.roundTrip();
  });

  test('T1 the old one does not outlive its own exp, be that sooner', async (t) => {
    const world = await openWorld(t);
    const { token } = await world.call('/auth/get_user_token', { userID: 'bob', platformID: 2, expireTimeSeconds: 30 });
    world.passTime(400);
    assert.equal((await post(world, renewToken.path, {}, token)).errCode, 0);
    world.passTime(31_000);
    assert.equal(await world.verdict(token), 1501);
  });

  test('a short-lived token cannot become a long-lived one, however often it is renewed', async (t) => {
    const world = await openWorld(t);
    const body = { userID: 'bob', platformID: 2, expireTimeSeconds: 60 };
    let { token }: Issued = await world.call('/auth/get_user_token', body);
    for (let i = 0; i < 10; i++) {
      world.passTime(1300);
      const { data } = await post(world, renewToken.path, { expireTimeSeconds: 3600 }, token);
      const renewed = data as Issued;
      assert.equal(renewed.expireTimeSeconds, 60);
      token = renewed.token;
    }
  });

  test('T3 renewing keeps the room that the login policy has, and kicks nobody', async (t) => {
    const world = await openWorld(t);
    const old = await world.issue('bob', 2);
    world.passTime(ttlSeconds * renewableAfter);
    const { data } = await post(world, renewToken.path, {}, old);
    const { token: fresh } = data as Issued;
    assert.deepEqual(await verdicts(world, old, fresh, world.token('other')), [0, 0, 0]);
    const login = await world.issue('bob', 2);
    assert.deepEqual(await verdicts(world, fresh, login), [1506, 0]);
  });

  test('a token is not renewed again at once', async (t) => {
    const world = await openWorld(t);
    const { errCode, errDlt } = await post(world, renewToken.path, {}, await world.issue('bob', 2));
    assert.deepEqual([errCode, errDlt], [1001, 'the token is too young to be renewed']);
  });

  test('T4 a token that was ended is not renewed', async (t) => {
    const world = await openWorld(t);
    const { errCode, data } = await post(world, renewToken.path, {}, world.token('kicked'));
    assert.deepEqual([errCode, data], [1506, undefined]);
  });
});

describe('revocation reaches open sockets', () => {
  const ways: readonly {
    readonly name: string;
    readonly path: string;
    readonly body: (token: string) => object;
  }[] = [
    { name: 'by jti', path: revokeToken.path, body: (token) => ({ userID: 'alice', jti: jtiOf(token) }) },
    { name: 'by token', path: revokeToken.path, body: (token) => ({ token }) },
    { name: 'of a user', path: revokeTokens.path, body: () => ({ userID: 'alice' }) },
    {
      name: 'of a user’s class',
      path: revokeTokens.path,
      body: () => ({ userID: 'alice', platformClasses: ['Mobile'] }),
    },
    { name: 'by an instant', path: revokeTokens.path, body: () => ({ userID: 'alice', issuedBefore: Date.now() + 1 }) },
  ];
  for (const { name, path, body } of ways) {
    test(`T4 ${name}: 2002 and closed, others stay`, async (t) => {
      const world = await openWorld(t);
      const token = world.token('user');
      const [alice, bob] = [
        await socketOf(world, 'alice', 1, token),
        await socketOf(world, 'bob', 1, world.token('other')),
      ];
      world.passTime(1000);
      await world.call(path, body(token));
      await assertKicked(alice);
      await bob.roundTrip();
    });
  }

  test('T4 everyone’s: every socket is closed, and who logs in again is welcome', async (t) => {
    const world = await openWorld(t);
    const sockets = [
      await socketOf(world, 'alice', 1, world.token('user')),
      await socketOf(world, 'bob', 1, world.token('other')),
      await socketOf(world, adminUserID, 10, world.token('admin')),
    ];
    world.passTime(1000);
    await world.call(revokeTokens.path, { everyone: true, issuedBefore: Date.now() + 1 });
    await Promise.all(sockets.map(assertKicked));
    const kinds = ['user', 'other', 'admin'] as const;
    assert.deepEqual(await verdicts(world, ...kinds.map((kind) => world.token(kind))), [1506, 1506, 1506]);

    const { data } = await post(world, '/auth/get_admin_token', { secret: adminSecret, userID: adminUserID }, '');
    const { token: admin } = data as Issued;
    const login = await post(world, '/auth/get_user_token', { userID: 'alice', platformID: 1 }, admin);
    const { token: alice } = login.data as Issued;
    assert.deepEqual(await verdicts(world, admin, alice), [0, 0]);
    await (await socketOf(world, 'alice', 1, alice)).roundTrip();
  });

  test('T4 everyone’s on one platform: the others stay', async (t) => {
    const world = await openWorld(t);
    const browser = await world.issue('bob', 5);
    const [phone, web] = [
      await socketOf(world, 'alice', 1, world.token('user')),
      await socketOf(world, 'bob', 5, browser),
    ];
    world.passTime(1000);
    await world.call(revokeTokens.path, { everyone: true, platformClasses: ['Web'], issuedBefore: Date.now() + 1 });
    await assertKicked(web);
    await phone.roundTrip();
    assert.deepEqual(await verdicts(world, browser, world.token('user'), world.token('admin')), [1506, 0, 0]);
  });
});

describe('lists of tokens', () => {
  test('pages neither repeat nor leave out, also when somebody logs in meanwhile', async (t) => {
    const world = await openWorld(t, { TESSERA_LOGIN_POLICY: 'keep-all' });
    const jtis: string[] = [];
    for (let i = 0; i < 7; i++) jtis.unshift(jtiOf(await world.issue('dora', 1 + (i % 3))));
    const seen: string[] = [];
    let cursor = '';
    do {
      const page = await world.call(listTokens.path, { userID: 'dora', limit: 3, cursor });
      seen.push(...page.tokens.map(({ jti }: ListedToken) => jti));
      cursor = page.nextCursor;
      await world.issue('dora', 4);
    } while (cursor !== '');
    assert.deepEqual(seen, jtis);
  });

  test('a token that is in use says when it was seen', async (t) => {
    const world = await openWorld(t);
    await world.verdict(world.token('user'));
    await world.app.services.authority.flushLastSeen();
    const [seen] = await tokensOf(world, 'alice');
    assert.ok(Math.abs(Number(seen?.lastSeenAt) - Date.now()) < 60_000, String(seen?.lastSeenAt));
  });

  test('what a cutoff and the end of a grace mean is shown', async (t) => {
    const world = await openWorld(t);
    world.passTime(ttlSeconds * renewableAfter);
    await post(world, renewToken.path, {}, world.token('user'));
    world.passTime(61_000);
    const [fresh, old] = await tokensOf(world, 'alice');
    assert.deepEqual([fresh?.state, old?.state, old?.acceptedUntil], ['live', 'superseded', 0]);
    await world.call(revokeTokens.path, { userID: 'alice', issuedBefore: Date.now() + 100_000 });
    assert.deepEqual(
      (await tokensOf(world, 'alice')).map(({ state, reason }) => [state, reason]),
      [
        ['revoked', 'revoked'],
        ['revoked', 'revoked'],
      ],
    );
  });
});

test('T5 while the store fails everything that needs it is 500, never a 15xx, and nothing is changed', async (t) => {
  const world = await openWorld(t);
  const [fresh, login] = [await world.issue('bob', 5), await world.issue('bob', 3)];
  assert.equal(await world.verdict(login), 0);
  using database = new DatabaseSync(join(world.dataDir, 'tessera.db'));
  database.exec('ALTER TABLE tokens RENAME TO tokens_away');
  const calls = [
    ['/auth/get_user_token', { userID: 'alice', platformID: 1 }, world.token('admin')],
    ['/auth/get_admin_token', { secret: adminSecret, userID: adminUserID }, ''],
    ['/auth/parse_token', { token: fresh }, ''],
    [listTokens.path, { userID: 'bob' }, world.token('admin')],
    [revokeToken.path, { userID: 'bob', jti: jtiOf(fresh) }, world.token('admin')],
    [revokeToken.path, { token: fresh }, world.token('admin')],
    [revokeTokens.path, { userID: 'bob' }, world.token('admin')],
    [renewToken.path, {}, login],
    [listTokens.path, { userID: 'bob' }, fresh],
  ] as const;
  for (const [path, body, token] of calls) {
    const { errCode, errDlt } = await post(world, path, body, token);
    assert.deepEqual([errCode, errDlt], [500, 'token store unavailable'], path);
  }
  database.exec('ALTER TABLE tokens_away RENAME TO tokens');
  assert.deepEqual(await verdicts(world, fresh, login, world.token('user')), [0, 0, 0]);
});

test('verifications are counted by code and by whether the store was asked', async (t) => {
  const world = await openWorld(t);
  const count = async (code: number, cache: string) => {
    const { body } = await world.send({ method: 'GET', path: '/metrics' });
    const [, value] = new RegExp(
      `^tessera_tokens_verified_total\\{code="${code}",cache="${cache}"\\} (\\d+)$`,
      'm',
    ).exec(body.toString()) ?? [undefined, '0'];
    return Number(value);
  };
  const before = [await count(0, 'miss'), await count(0, 'hit'), await count(1506, 'miss')];
  await verdicts(world, world.token('kicked'));
  await world.verdict(world.token('user'));
  await world.verdict(world.token('user'));
  const after = [await count(0, 'miss'), await count(0, 'hit'), await count(1506, 'miss')];
  assert.deepEqual(
    after.map((value, index) => value - before[index]!),
    [1, 1, 1],
  );
});

async function openWorld(t: TestContext, settings?: Readonly<Record<string, string>>): Promise<World> {
  const world = await World.open(settings);
  t.after(() => world[Symbol.asyncDispose]());
  await world.register('dora');
  return world;
}

function socketOf(world: World, sendID: string, platformID: number, token: string): Promise<SocketClient> {
  return connect({ port: world.wsPort, query: { sendID, platformID: String(platformID), token } });
}

async function assertKicked(client: SocketClient): Promise<void> {
  assert.equal((await client.nextReply()).reqIdentifier, 2002);
  assert.equal((await client.closed).code, 1008);
}

/** When dave's newest token was issued, plus one: older than any to come, younger than all there are. */
async function newestIssueOf(world: World): Promise<number> {
  const tokens = await tokensOf(world, 'dave');
  return Math.max(...tokens.map(({ issuedAt }) => issuedAt)) + 1;
}

/** Asserts how many were ended, and what becomes of some tokens. */
function endedNow(revoked: number | null, who: () => (world: World) => Promise<number[]>, expected: readonly number[]) {
  return async (data: unknown, world: World): Promise<void> => {
    assert.deepEqual(data, { revoked });
    assert.deepEqual(await who()(world), expected);
  };
}

function emptyPage() {
  return { tokens: null, nextCursor: '' };
}
