/** What OpenIM does not have: lifetimes by request, renewal, lists and revocation, over a real SQLite store. */
import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, test } from 'node:test';
import {
  asAdmin,
  brokenStore,
  callOf,
  changedStore,
  lifetimesOf,
  openSqliteTokens,
  rejectsWith,
  TestAuthority,
} from '../../test/support/token-authority.ts';
import type { CallContext } from '../kernel/caller.ts';
import type { TokenAuthorityOptions } from './authority.ts';
import { loginPolicy } from './policy.ts';

const hourMs = 3_600_000;
const dayMs = 24 * hourMs;
let tokens: Awaited<ReturnType<typeof openSqliteTokens>>;
let now = Date.UTC(2030, 0, 1);

before(async () => {
  tokens = await openSqliteTokens(() => now);
});
after(() => tokens[Symbol.asyncDispose]());
let users = 0;
let userID = '';
beforeEach(() => {
  now = Math.ceil(now / 1000) * 1000 + dayMs;
  userID = `user${++users}`;
});

function open(changes: Partial<TokenAuthorityOptions> = {}): TestAuthority {
  return new TestAuthority(tokens.store, { clock: () => now, lifetimes: lifetimesOf(dayMs, 30 * dayMs), ...changes });
}

/** A call by the holder of a token. */
async function callWith(authority: TestAuthority, token: string): Promise<CallContext> {
  return { caller: await authority.verify(token), operationID: 'op' };
}

const keepAll = loginPolicy('keep-all', 0);

describe('the lifetime of a token', () => {
  const lifetimes = {
    defaultMs: dayMs,
    byPlatformMs: new Map([[5, hourMs]]),
    maxMs: 30 * dayMs,
    sessionMs: 60 * dayMs,
  };

  const given: readonly [string, { platformID: number; expireTimeSeconds?: number }, number][] = [
    ['is the general setting', { platformID: 1 }, dayMs],
    ["is the platform's setting before that", { platformID: 5 }, hourMs],
    ["is the request's wish before either", { platformID: 5, expireTimeSeconds: 7 }, 7000],
    ['is a second at least', { platformID: 1, expireTimeSeconds: 1 }, 1000],
    ['is what may be asked for at most', { platformID: 1, expireTimeSeconds: 30 * 86_400 }, 30 * dayMs],
    ['is the configured one for a wish of 0', { platformID: 1, expireTimeSeconds: 0 }, dayMs],
  ];
  for (const [name, wishes, expectedMs] of given) {
    test(`T1 ${name}`, async () => {
      const authority = open({ lifetimes });
      const { token, expireTimeSeconds } = await authority.issueUserToken(asAdmin, { userID, ...wishes });
      assert.equal(expireTimeSeconds, expectedMs / 1000);
      assert.equal((await authority.verify(token)).expiresAt, now + expectedMs);
      now += expectedMs - 1;
      assert.equal(await authority.verdict(token), 0);
      now += 1;
      assert.equal(await authority.verdict(token), 1501);
    });
  }

  test('T1 is the same for admin tokens', async () => {
    const wishes = { secret: 'the admin secret of the tests', userID: 'imAdmin', expireTimeSeconds: 60 };
    assert.equal((await open().issueAdminToken(wishes)).expireTimeSeconds, 60);
  });

  for (const expireTimeSeconds of [
    -1,
    1.5,
    30 * 86_400 + 1,
    Number.MAX_SAFE_INTEGER,
    Number.NaN,
    Number.POSITIVE_INFINITY,
  ]) {
    test(`a wish of ${expireTimeSeconds} s is 1001, and nothing is issued`, async () => {
      const request = { userID, platformID: 1, expireTimeSeconds };
      await assert.rejects(open().issueUserToken(asAdmin, request), rejectsWith(1001, /1 to 2592000/));
      assert.deepEqual((await tokens.store.list(userID)).tokens, []);
    });
  }

  test('T1 of one does not move the end of another (the anomaly of 3.7.1)', async () => {
    const authority = open({ loginPolicy: keepAll });
    const ends = [];
    for (const expireTimeSeconds of [60, 30, 90, 10, 45]) {
      const { token } = await authority.issueUserToken(asAdmin, { userID, platformID: 1, expireTimeSeconds });
      ends.push({ token, endsAt: now + expireTimeSeconds * 1000 });
      now += 1000;
    }
    for (const { token, endsAt } of ends.toSorted((a, b) => a.endsAt - b.endsAt)) {
      now = endsAt - 1;
      assert.equal(await authority.verdict(token), 0);
      now = endsAt;
      assert.equal(await authority.verdict(token), 1501);
    }
  });
});

describe('the name of a device', () => {
  test('is kept, of any characters, up to 64', async () => {
    for (const deviceName of ['Alice’s phone', '😀'.repeat(64), '|%|', '']) {
      await open({ loginPolicy: keepAll }).login(userID, 1, deviceName);
    }
    const names = (await tokens.store.list(userID)).tokens.map(({ deviceName }) => deviceName);
    assert.deepEqual(names, ['', '|%|', '😀'.repeat(64), 'Alice’s phone']);
  });

  for (const deviceName of ['😀'.repeat(65), 'a\nb', 'a\0b', '\u0085', '\ud800']) {
    test(`is 1001 for ${JSON.stringify(deviceName.slice(0, 6))}...`, async () => {
      await assert.rejects(open().login(userID, 1, deviceName), rejectsWith(1001));
      assert.deepEqual((await tokens.store.list(userID)).tokens, []);
    });
  }
});

describe('renewToken', () => {
  test('gives a fresh token for the same device, and leaves the old one a minute', async () => {
    const authority = open();
    const old = await authority.login(userID, 5, 'browser');
    now += hourMs;
    const { token, expireTimeSeconds } = await authority.renewToken(await callWith(authority, old), {});

    const session = await authority.verify(token);
    assert.deepEqual([session.userID, session.platformID, session.expiresAt], [userID, 5, now + dayMs]);
    assert.equal(expireTimeSeconds, dayMs / 1000);
    assert.equal((await authority.verify(old)).endsAt, now + 60_000);
    const [renewed] = (await tokens.store.list(userID)).tokens;
    assert.equal(renewed?.deviceName, 'browser');
    now += 59_999;
    assert.equal(await authority.verdict(old), 0);
    now += 1;
    assert.deepEqual([await authority.verdict(old), await authority.verdict(token)], [1507, 0]);
  });

  test('tells of the renewal and of the end of the old token, to which its sockets hold', async () => {
    const authority = open();
    const old = await callWith(authority, await authority.login(userID));
    authority.takeHeard('tokenIssued');
    now += hourMs;
    const { token } = await authority.renewToken(old, {});
    const { jti, expiresAt } = await authority.verify(token);
    const by = { userID, operationID: 'op' };
    assert.deepEqual(authority.takeHeard('tokenIssued'), [
      { userID, platformID: 1, jti, expiresAt, by, how: 'renewal', renews: old.caller.jti },
    ]);
    assert.deepEqual(authority.takeHeard('tokensSuperseded'), [
      { userID, jtis: [old.caller.jti], acceptedUntil: now + 60_000, origin: 'here' },
    ]);
    assert.deepEqual(authority.takeHeard('tokensEnded'), []);
  });

  test('T3 takes the room of its predecessor and nobody else’s', async () => {
    const authority = open({ loginPolicy: loginPolicy('keep-all', 2) });
    const [first, second] = [await authority.login(userID), await authority.login(userID)];
    now += hourMs;
    const { token } = await authority.renewToken(await callWith(authority, first), {});
    assert.deepEqual(await Promise.all([second, token].map((each) => authority.verdict(each))), [0, 0]);
    await authority.login(userID);
    assert.deepEqual(
      await Promise.all([first, second, token].map((each) => authority.verdict(each))),
      [0, 1506, 0],
      'the one of before counts no more, and the renewed one is newer than the second',
    );
  });

  test('T1 makes no long-lived token of a short-lived one, however often', async () => {
    const authority = open();
    now += 250;
    let { token } = await authority.issueUserToken(asAdmin, { userID, platformID: 1, expireTimeSeconds: 3 });
    for (let i = 0; i < 50; i++) {
      now += 41;
      ({ token } = await authority.renewToken(await callWith(authority, token), {}));
      assert.ok((await authority.verify(token)).expiresAt < now + 4000);
    }
    now += 41;
    const wish = { expireTimeSeconds: 86_400 };
    const { expireTimeSeconds } = await authority.renewToken(await callWith(authority, token), wish);
    assert.equal(expireTimeSeconds, 3);
  });

  test('may ask for a shorter life and another name', async () => {
    const authority = open();
    const old = await authority.login(userID, 1, 'old');
    now += hourMs;
    const wishes = { expireTimeSeconds: 60, deviceName: 'new' };
    const { token } = await authority.renewToken(await callWith(authority, old), wishes);
    assert.equal((await authority.verify(token)).expiresAt, now + 60_000);
    assert.equal((await tokens.store.list(userID)).tokens[0]?.deviceName, 'new');
  });

  test('T3 T5 of several at once one is answered, and 1001 the others: their holder is still logged in', async () => {
    const authority = open();
    const call = await callWith(authority, await authority.login(userID));
    now += hourMs;
    const answers = await Promise.allSettled([1, 2, 3, 4].map(() => authority.renewToken(call, {})));
    assert.equal(answers.filter(({ status }) => status === 'fulfilled').length, 1);
    for (const answer of answers) if (answer.status === 'rejected') rejectsWith(1001)(answer.reason);
    assert.equal((await tokens.store.list(userID)).tokens.length, 2);
  });

  test('T3 asked for again, as the answer was lost, it is the same token to the letter, until the grace is over', async () => {
    const authority = open();
    const old = await authority.login(userID, 5, 'browser');
    now += hourMs;
    const first = await authority.renewToken(await callWith(authority, old), {});
    now += 59_999;
    const again = await authority.renewToken(await callWith(authority, old), { expireTimeSeconds: 5 });
    assert.equal(again.token, first.token);
    assert.equal(again.expireTimeSeconds, first.expireTimeSeconds - 60);
    assert.equal((await tokens.store.list(userID)).tokens.length, 2);
    assert.equal(authority.takeHeard('tokenIssued').length, 2, 'a login and one renewal');
    now += 1;
    await assert.rejects(callWith(authority, old), rejectsWith(1507));
  });

  test('T4 a successor that has been ended is not given again', async () => {
    const authority = open();
    const call = await callWith(authority, await authority.login(userID));
    now += hourMs;
    const { token } = await authority.renewToken(call, {});
    await authority.revokeToken(asAdmin, { token, jti: '', userID: '' });
    await assert.rejects(authority.renewToken(call, {}), rejectsWith(1001));
    assert.equal(await authority.verdict(token), 1506);
  });

  test('T1 gives no shorter life than the old token had, though its session has outlived its last day', async () => {
    const authority = open({ lifetimes: lifetimesOf(10 * dayMs, 30 * dayMs, dayMs) });
    const old = await authority.login(userID);
    const { expiresAt } = await authority.verify(old);
    now += dayMs;
    const { token } = await authority.renewToken(await callWith(authority, old), {});
    assert.equal((await authority.verify(token)).expiresAt, expiresAt);
  });

  test('T4 does not escape what was cut off in between: cutoffs go by the login', async () => {
    const authority = open();
    const login = await authority.login(userID);
    const loginAt = now;
    now += hourMs;
    const { token } = await authority.renewToken(await callWith(authority, login), {});
    assert.equal((await authority.verify(token)).loginAt, loginAt);
    const before = now;
    now += hourMs;
    await authority.revokeIssuedBefore(asAdmin, { userID, platformIDs: [], issuedBefore: before - 1 });
    assert.equal(await authority.verdict(token), 1506);
    const { tokens: listed } = await authority.listTokens(asAdmin, { userID, cursor: '', limit: 0 });
    assert.ok(listed.every(({ state }) => state === 'revoked' || state === 'superseded'));
    assert.equal(listed[0]?.state, 'revoked');
  });

  test('has a last day: no row of renewals goes on for longer than a session may', async () => {
    const authority = open({ lifetimes: lifetimesOf(dayMs, 30 * dayMs, 3 * dayMs) });
    let token = await authority.login(userID);
    const lastDay = now + 3 * dayMs;
    for (let i = 0; i < 4; i++) {
      now += dayMs / 2;
      ({ token } = await authority.renewToken(await callWith(authority, token), {}));
    }
    assert.equal((await authority.verify(token)).expiresAt, lastDay);
    now += hourMs;
    ({ token } = await authority.renewToken(await callWith(authority, token), {}));
    assert.equal((await authority.verify(token)).expiresAt, lastDay);
    now = lastDay;
    assert.equal(await authority.verdict(token), 1501);
  });

  test('T4 of one that was ended meanwhile gives nothing', async () => {
    const authority = open();
    const call = await callWith(authority, await authority.login(userID));
    now += hourMs;
    await authority.forceLogout(asAdmin, { userID, platformID: 1 });
    await assert.rejects(authority.renewToken(call, {}), rejectsWith(1001));
    assert.equal((await tokens.store.list(userID)).tokens.length, 1);
  });

  test('works for admins, whose other tokens stay', async () => {
    const authority = open();
    const other = await authority.loginAdmin('opsAdmin');
    const token = await authority.loginAdmin();
    now += hourMs;
    const renewed = await authority.renewToken(await callWith(authority, token), {});
    assert.equal((await authority.verify(renewed.token)).isAdmin, true);
    assert.equal(await authority.verdict(other), 0);
  });

  test('only once a hundredth of its life is over: renewing in a loop does not fill the store', async () => {
    const authority = open();
    const call = await callWith(authority, await authority.login(userID));
    now += dayMs / 100 - 1;
    await assert.rejects(authority.renewToken(call, {}), rejectsWith(1001));
    now += 1;
    await authority.renewToken(call, {});
    assert.equal((await tokens.store.list(userID)).tokens.length, 2);
  });

  test('of one that has come to its end is 1501', async () => {
    const authority = open();
    const call = await callWith(authority, await authority.login(userID));
    now += dayMs;
    await assert.rejects(authority.renewToken(call, {}), rejectsWith(1501));
  });

  test('T5 a store that fails is 500', async () => {
    const call = callOf(userID, { jti: 'a' });
    await assert.rejects(open({ store: brokenStore() }).renewToken(call, {}), rejectsWith(500));
  });
});

describe('listTokens', () => {
  const whole = (id: string) => ({ userID: id, cursor: '', limit: 0 });

  test("shows a user's tokens as they are now, to the user and to admins", async () => {
    const authority = open({ loginPolicy: keepAll });
    const kept = await callWith(authority, await authority.login(userID, 5, 'browser'));
    now += 1000;
    const kicked = await callWith(authority, await authority.login(userID, 1));
    await authority.forceLogout(asAdmin, { userID, platformID: 1 });
    for (const call of [kept, asAdmin]) {
      const { tokens: listed, nextCursor } = await authority.listTokens(call, whole(userID));
      assert.deepEqual(
        listed.map(({ jti, platformID, state, reason, deviceName }) => [jti, platformID, state, reason, deviceName]),
        [
          [kicked.caller.jti, 1, 'kicked', 'forced', ''],
          [kept.caller.jti, 5, 'live', '', 'browser'],
        ],
      );
      assert.equal(nextCursor, '');
    }
  });

  test('shows when each was last used, after a flush', async () => {
    const authority = open();
    const token = await authority.login(userID);
    const call = await callWith(authority, token);
    now += 5000;
    await authority.flushLastSeen();
    const [shown] = (await authority.listTokens(call, whole(userID))).tokens;
    assert.equal(shown?.lastSeenAt, now);
    assert.equal(shown?.expiresAt, now - 5000 + dayMs);
  });

  test('shows as revoked what a cutoff has ended', async () => {
    const authority = open();
    await authority.login(userID);
    now += 1;
    await authority.revokeIssuedBefore(asAdmin, { userID, platformIDs: [], issuedBefore: now });
    const [shown] = (await authority.listTokens(asAdmin, whole(userID))).tokens;
    assert.deepEqual([shown?.state, shown?.reason], ['revoked', 'revoked']);
  });

  test("M5 is of one's own: 1002; that is what nobody's is too", async () => {
    await assert.rejects(open().listTokens(callOf('mallory'), whole(userID)), rejectsWith(1002));
    const authority = open();
    await authority.login(userID);
    assert.equal((await authority.listTokens(callOf(userID), whole(''))).tokens.length, 1);
    assert.equal((await authority.listTokens(callOf('mallory'), whole(''))).tokens.length, 0);
    await assert.rejects(open({ store: brokenStore() }).listTokens(asAdmin, whole(userID)), rejectsWith(500));
  });
});

describe('revokeToken', () => {
  test('T4 ends one token, by itself or by its jti, and closes its sockets', async () => {
    const authority = open({ loginPolicy: keepAll });
    const [a, b, c] = [await authority.login(userID), await authority.login(userID), await authority.login(userID)];
    const own = await callWith(authority, c);
    const [sessionA, sessionB] = [await authority.verify(a), await authority.verify(b)];
    assert.equal(await authority.revokeToken(own, { token: a, jti: '', userID: '' }), 1);
    assert.equal(await authority.revokeToken(asAdmin, { token: '', jti: sessionB.jti, userID }), 1);
    assert.deepEqual(await Promise.all([a, b, c].map((each) => authority.verdict(each))), [1506, 1506, 0]);
    assert.deepEqual(
      authority.takeHeard('tokensEnded').map(({ jtis, reason, by }) => [jtis, reason, by.userID]),
      [
        [[sessionA.jti], 'revoked', userID],
        [[sessionB.jti], 'revoked', 'imAdmin'],
      ],
    );
    assert.equal(await authority.revokeToken(own, { token: a, jti: '', userID: '' }), 0, 'once is enough');
    assert.equal(await authority.revokeToken(own, { token: '', jti: own.caller.jti, userID: '' }), 1, 'also itself');
  });

  test('T1 an expired token is a success with nothing to do', async () => {
    const authority = open();
    const { token } = await authority.issueUserToken(asAdmin, { userID, platformID: 1, expireTimeSeconds: 1 });
    now += 1000;
    assert.equal(await authority.revokeToken(callOf('mallory'), { token, jti: '', userID: '' }), 0);
  });

  const refused: readonly [
    string,
    (token: string) => { token: string; jti: string; userID: string },
    string,
    number,
  ][] = [
    ['neither token nor jti', () => ({ token: '', jti: '', userID: '' }), 'alice', 1001],
    ['both', (token) => ({ token, jti: 'a', userID: '' }), 'alice', 1001],
    ['a userID beside a token', (token) => ({ token, jti: '', userID: 'alice' }), 'alice', 1001],
    ["M5 another's token", (token) => ({ token, jti: '', userID: '' }), 'mallory', 1002],
    ["M5 another's jti", () => ({ token: '', jti: 'a', userID: 'alice' }), 'mallory', 1002],
    ['a jti that there is not', () => ({ token: '', jti: 'a', userID: '' }), 'alice', 1004],
    ['what is no token', () => ({ token: 'x', jti: '', userID: '' }), 'alice', 1503],
    ['a forged token', (token) => ({ token: `${token.slice(0, -4)}AAAA`, jti: '', userID: '' }), 'alice', 1505],
  ];
  for (const [name, request, caller, code] of refused) {
    test(`${name} is ${code}`, async () => {
      const authority = open();
      const token = await authority.login('alice');
      await assert.rejects(authority.revokeToken(callOf(caller), request(token)), rejectsWith(code));
      assert.equal(await authority.verdict(token), 0);
    });
  }
});

describe('revokeForClient', () => {
  test('T4 ends a token, and takes everything else for ended already', async () => {
    const authority = open();
    const token = await authority.login(userID);
    for (const other of ['', 'x', `${token.slice(0, -4)}AAAA`]) await authority.revokeForClient('api', other, 'op');
    assert.equal(await authority.verdict(token), 0);
    await authority.revokeForClient('api', token, 'op-1');
    await authority.revokeForClient('api', token, 'op-2');
    assert.equal(await authority.verdict(token), 1506);
    assert.deepEqual(
      authority.takeHeard('tokensEnded').map(({ by, origin }) => [by, origin]),
      [
        [{ userID: 'client:api', operationID: 'op-1' }, 'here'],
        // The answer to the first may have been lost: sockets must hear of it all the same.
        [{ userID: 'client:api', operationID: 'op-2' }, 'elsewhere'],
      ],
    );
    await assert.rejects(open({ store: brokenStore() }).revokeForClient('api', token, 'op'), rejectsWith(500));
  });
});

describe('revokeTokens', () => {
  const login = async (authority: TestAuthority) => {
    const issued = [];
    for (const platformID of [1, 2, 5, 9]) issued.push(await authority.login(userID, platformID));
    return issued;
  };
  const verdicts = (authority: TestAuthority, issued: readonly string[]) =>
    Promise.all(issued.map((token) => authority.verdict(token)));

  test('T4 ends all of a user, or those of some platforms', async () => {
    const authority = open();
    const issued = await login(authority);
    const request = { userID, exceptCaller: false };
    assert.equal(await authority.revokeTokens(asAdmin, { ...request, platformIDs: [2, 9, 7] }), 2);
    assert.deepEqual(await verdicts(authority, issued), [0, 1506, 0, 1506]);
    assert.equal(await authority.revokeTokens(callOf(userID), { ...request, platformIDs: [] }), 2);
    assert.deepEqual(await verdicts(authority, issued), [1506, 1506, 1506, 1506]);
    assert.equal(await authority.revokeTokens(asAdmin, { ...request, platformIDs: [] }), 0);
  });

  test('spares the token that it is called with, if asked to', async () => {
    const authority = open();
    const issued = await login(authority);
    const call = await callWith(authority, issued[2] ?? '');
    assert.equal(await authority.revokeTokens(call, { userID, platformIDs: [], exceptCaller: true }), 3);
    assert.deepEqual(await verdicts(authority, issued), [1506, 1506, 0, 1506]);
  });

  test("M5 is of one's own: 1002; of somebody and of platforms that there are: 1001", async () => {
    const request = { userID, platformIDs: [], exceptCaller: false };
    await assert.rejects(open().revokeTokens(callOf('mallory'), request), rejectsWith(1002));
    await assert.rejects(open().revokeTokens(asAdmin, { ...request, userID: '' }), rejectsWith(1001));
    await assert.rejects(open().revokeTokens(asAdmin, { ...request, platformIDs: [1, 13] }), rejectsWith(1001));
    await assert.rejects(open({ store: brokenStore() }).revokeTokens(asAdmin, request), rejectsWith(500));
  });
});

describe('revokeIssuedBefore', () => {
  test('T4 ends what is older, of one user, and T1 nothing that is issued from then on', async () => {
    const authority = open({ loginPolicy: keepAll });
    const stranger = await authority.login(`${userID}x`);
    const older = await authority.login(userID);
    now += 1000;
    const onTime = await authority.login(userID);
    await authority.revokeIssuedBefore(callOf(userID), { userID, platformIDs: [], issuedBefore: now });
    const later = await authority.login(userID);
    const all = [older, onTime, later, stranger];
    assert.deepEqual(await Promise.all(all.map((token) => authority.verdict(token))), [1506, 0, 0, 0]);
    const by = { userID, operationID: 'op' };
    assert.deepEqual(authority.takeHeard('cutoffRaised'), [
      { userID, platformID: 0, notBefore: now, origin: 'here', by },
    ]);
  });

  test('T4 an earlier instant changes nothing, nor do other platforms', async () => {
    const authority = open({ loginPolicy: keepAll });
    const [web, phone] = [await authority.login(userID, 5), await authority.login(userID, 1)];
    now += 5000;
    const cutOff = (platformIDs: number[], issuedBefore: number) =>
      authority.revokeIssuedBefore(asAdmin, { userID, platformIDs, issuedBefore });
    await cutOff([5, 6], now);
    await cutOff([5], now - 9000);
    assert.deepEqual(await Promise.all([web, phone].map((token) => authority.verdict(token))), [1506, 0]);
    await cutOff([], now - 9000);
    assert.equal(await authority.verdict(phone), 0);
  });

  test("T4 everyone's ends the tokens of everybody, admins' too, and survives a restart", async () => {
    const authority = open();
    const issued = [
      await authority.login(userID, 5),
      await authority.login(`${userID}x`, 5),
      await authority.loginAdmin(),
    ];
    now += 1;
    await authority.revokeIssuedBefore(asAdmin, { userID: '', platformIDs: [], issuedBefore: now });
    for (const node of [authority, open()]) {
      assert.deepEqual(await Promise.all(issued.map((token) => node.verdict(token))), [1506, 1506, 1506]);
    }
    assert.equal(await authority.verdict(await authority.login(userID)), 0);
  });

  test("M5 is of one's own, and everyone's for admins: 1002", async () => {
    const request = { platformIDs: [], issuedBefore: now };
    await assert.rejects(open().revokeIssuedBefore(callOf('mallory'), { ...request, userID }), rejectsWith(1002));
    await assert.rejects(open().revokeIssuedBefore(callOf(userID), { ...request, userID: '' }), rejectsWith(1002));
  });

  test('an instant in the future, which would lock people out, or none is 1001', async () => {
    for (const issuedBefore of [now + 10_001, 0, -1]) {
      const request = { userID, platformIDs: [], issuedBefore };
      await assert.rejects(open().revokeIssuedBefore(asAdmin, request), rejectsWith(1001));
    }
    const request = { userID, platformIDs: [0], issuedBefore: now };
    await assert.rejects(open().revokeIssuedBefore(asAdmin, request), rejectsWith(1001));
  });

  test('T1 what is now by a clock up to 10 s ahead is now, and ends nothing that is issued from then on', async () => {
    const authority = open({ loginPolicy: keepAll });
    const older = await authority.login(userID);
    now += 1;
    await authority.revokeIssuedBefore(asAdmin, { userID, platformIDs: [], issuedBefore: now + 10_000 });
    const later = await authority.login(userID);
    assert.deepEqual(await Promise.all([older, later].map((token) => authority.verdict(token))), [1506, 0]);
    assert.equal(authority.takeHeard('cutoffRaised')[0]?.notBefore, now);
  });

  test('T5 a store that fails is 500, and nothing is announced', async () => {
    const store = changedStore(tokens.store, { cutOff: () => Promise.reject(new Error('connection lost')) });
    const authority = open({ store });
    const request = { userID, platformIDs: [], issuedBefore: now };
    await assert.rejects(authority.revokeIssuedBefore(asAdmin, request), rejectsWith(500));
    assert.deepEqual(authority.takeHeard('cutoffRaised'), []);
  });
});
