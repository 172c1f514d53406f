/** The token authority over a real SQLite store, with a clock that the test turns. */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { after, before, beforeEach, describe, test } from 'node:test';
import { SignJWT } from 'jose';
import {
  asAdmin as admin,
  brokenStore,
  callOf,
  changedStore,
  lifetimesOf,
  openSqliteTokens,
  rejectsWith,
  adminSecret as secret,
  signingKey,
  TestAuthority,
} from '../../test/support/token-authority.ts';
import type { CallContext } from '../kernel/caller.ts';
import { ProtocolError } from '../protocol/errors.ts';
import type { TokenAuthorityOptions } from './authority.ts';
import { newTokenID } from './claims.ts';
import { loginPolicy, type PolicyName, policyNames } from './policy.ts';
import { SigningKeys } from './signing-keys.ts';
import type { TokenEndReason, TokenStore } from './token-store.ts';

const hourMs = 3_600_000;
const graceMs = 5 * 60_000;
const ttlMs = 24 * hourMs;
const nobody = callOf('alice');
const byAdmin = { userID: 'imAdmin', operationID: 'op' };
const registered: Record<string, number> = {
  imAdmin: 2,
  opsAdmin: 2,
  alice: 0,
  bob: 1,
  appAdmin: 2,
  news: 3,
  robot: 4,
};

let tokens: Awaited<ReturnType<typeof openSqliteTokens>>;
let store: TokenStore;
let now = Date.UTC(2030, 0, 1);

before(async () => {
  tokens = await openSqliteTokens(() => now);
  store = tokens.store;
});
after(() => tokens[Symbol.asyncDispose]());
beforeEach(() => {
  // A whole second, so that tokens end exactly ttlMs later; and tokens of earlier tests have expired.
  now = Math.ceil(now / 1000) * 1000 + 2 * ttlMs;
});

function openAuthority(changes: Partial<TokenAuthorityOptions> = {}): TestAuthority {
  return new TestAuthority(store, {
    adminUserIDs: ['imAdmin', 'opsAdmin', 'ghostAdmin'],
    lifetimes: lifetimesOf(ttlMs),
    clock: () => now,
    users: {
      findForToken: async (userID) => {
        const appManagerLevel = registered[userID];
        return appManagerLevel === undefined ? undefined : { appManagerLevel };
      },
    },
    ...changes,
  });
}

function ended(userID: string, platformID: number, jtis: readonly string[], reason: TokenEndReason) {
  return { userID, platformID, jtis, reason, origin: 'here', by: byAdmin };
}

const loginAs = (authority: TestAuthority, userID: string, platformID = 1) => authority.login(userID, platformID);
const loginAdmin = (authority: TestAuthority, userID = 'imAdmin') => authority.loginAdmin(userID);

describe('issueAdminToken', () => {
  const refused: [string, { secret: string; userID: string }, number][] = [
    ['an empty userID, before the secret is looked at', { secret: 'wrong', userID: '' }, 1001],
    ['a wrong secret', { secret: 'wrong', userID: 'imAdmin' }, 1002],
    ['an empty secret', { secret: '', userID: 'imAdmin' }, 1002],
    ['a secret that the right one begins with', { secret: secret.slice(0, -1), userID: 'imAdmin' }, 1002],
    ['a wrong secret, before it is known who is an admin', { secret: 'wrong', userID: 'alice' }, 1002],
    ['a user who is no admin', { secret, userID: 'alice' }, 1001],
    ['an admin who is not registered', { secret, userID: 'ghostAdmin' }, 1004],
  ];
  for (const [name, request, code] of refused) {
    test(`refuses ${name}: ${code}`, () => assert.rejects(openAuthority().issueAdminToken(request), rejectsWith(code)));
  }

  test('defect 21: names no admin in the error', async () => {
    await assert.rejects(
      openAuthority().issueAdminToken({ secret, userID: 'alice' }),
      rejectsWith(1001, /^(?!.*\wAdmin)/),
    );
  });

  test('gives a platform 10 token with admin rights', async () => {
    const authority = openAuthority();
    const { token, expireTimeSeconds } = await authority.issueAdminToken({ secret, userID: 'imAdmin' });
    const { jti, kid: _, ...session } = await authority.verify(token);
    const expiresAt = now + ttlMs;
    const expected = { userID: 'imAdmin', platformID: 10, isAdmin: true, issuedAt: now, expiresAt, endsAt: expiresAt };
    assert.deepEqual(session, { ...expected, loginAt: now, isSuperseded: false });
    assert.equal(expireTimeSeconds, ttlMs / 1000);
    assert.ok(jti.length > 0);
  });

  test('leaves older tokens of the same admin five minutes, then 1507, and those of others alone', async () => {
    const authority = openAuthority();
    const old = await loginAdmin(authority);
    const other = await loginAdmin(authority, 'opsAdmin');
    const { jti } = await authority.verify(old);
    const fresh = await loginAdmin(authority);
    const graceEnd = now + graceMs;

    assert.equal((await authority.verify(old)).endsAt, graceEnd);
    const expected = { userID: 'imAdmin', jtis: [jti], acceptedUntil: graceEnd, origin: 'here' };
    assert.deepEqual(authority.takeHeard('tokensSuperseded'), [expected]);
    now = graceEnd - 1;
    assert.ok((await authority.verify(old)).isAdmin);
    now = graceEnd;
    await assert.rejects(authority.verify(old), rejectsWith(1507));
    await Promise.all([authority.verify(fresh), authority.verify(other)]);
  });

  test('does not lengthen the grace of a token that was superseded before', async () => {
    const authority = openAuthority();
    const old = await loginAdmin(authority);
    await loginAdmin(authority);
    const graceEnd = now + graceMs;
    now += graceMs / 2;
    await loginAdmin(authority);
    now = graceEnd;
    await assert.rejects(authority.verify(old), rejectsWith(1507));
  });

  test('T1 grace does not outlast the token itself: 1501', async () => {
    const authority = openAuthority({ lifetimes: lifetimesOf(60_000) });
    const old = await loginAdmin(authority);
    await loginAdmin(authority);
    assert.equal((await authority.verify(old)).endsAt, now + 60_000);
    now += 60_000;
    await assert.rejects(authority.verify(old), rejectsWith(1501));
  });

  test('grace is for admins: a superseded token of one who no longer is gives 1507', async () => {
    const authority = openAuthority();
    const old = await loginAdmin(authority);
    await loginAdmin(authority);
    await assert.rejects(openAuthority({ adminUserIDs: ['opsAdmin'] }).verify(old), rejectsWith(1507));
  });
});

describe('issueUserToken', () => {
  const refused: [string, CallContext, { platformID: number; userID: string }, number][] = [
    ['a caller who is no admin', nobody, { platformID: 1, userID: 'alice' }, 1002],
    ['a caller who is no admin, before the arguments', nobody, { platformID: 0, userID: '' }, 1002],
    ['platform 0 (defect 17)', admin, { platformID: 0, userID: 'alice' }, 1001],
    ['platform -1 (defect 17)', admin, { platformID: -1, userID: 'alice' }, 1001],
    ['platform 13 (defect 17)', admin, { platformID: 13, userID: 'alice' }, 1001],
    ['platform 1.5', admin, { platformID: 1.5, userID: 'alice' }, 1001],
    ['platform 10', admin, { platformID: 10, userID: 'alice' }, 1002],
    ['an admin as the target', admin, { platformID: 1, userID: 'opsAdmin' }, 1002],
    ['an admin as the target, registered or not', admin, { platformID: 1, userID: 'ghostAdmin' }, 1002],
    ['an unknown user', admin, { platformID: 1, userID: 'mallory' }, 1004],
    ['an empty userID', admin, { platformID: 1, userID: '' }, 1004],
    ['a notification account', admin, { platformID: 1, userID: 'news' }, 1001],
    ['a robot account', admin, { platformID: 1, userID: 'robot' }, 1001],
  ];
  for (const [name, context, request, code] of refused) {
    test(`refuses ${name}: ${code}`, async () => {
      await assert.rejects(openAuthority().issueUserToken(context, request), rejectsWith(code));
      assert.deepEqual((await store.list(request.userID)).tokens, []);
    });
  }

  for (const platformID of [1, 2, 3, 4, 5, 6, 7, 8, 9, 11]) {
    test(`gives a token for platform ${platformID}`, async () => {
      const authority = openAuthority();
      const { token, expireTimeSeconds } = await authority.issueUserToken(admin, { platformID, userID: 'appAdmin' });
      const { userID, isAdmin, ...session } = await authority.verify(token);
      assert.deepEqual([userID, isAdmin, session.platformID], ['appAdmin', false, platformID]);
      assert.equal(expireTimeSeconds, ttlMs / 1000);
    });
  }

  test('T1 expireTimeSeconds is the true duration, rounded down', async () => {
    const authority = openAuthority({ lifetimes: lifetimesOf(1500) });
    now += 1;
    const { token, expireTimeSeconds } = await authority.issueUserToken(admin, { platformID: 1, userID: 'alice' });
    const { expiresAt } = await authority.verify(token);
    assert.equal(expireTimeSeconds, Math.floor((expiresAt - now) / 1000));
    assert.ok(expiresAt >= now + 1500);
  });

  test('T2 two tokens of one instant are two sessions', async () => {
    const authority = openAuthority({ loginPolicy: loginPolicy('keep-all', 0) });
    const [a, b] = [await loginAs(authority, 'alice'), await loginAs(authority, 'alice')];
    assert.notEqual((await authority.verify(a)).jti, (await authority.verify(b)).jti);
  });

  test('defect 12: announces the sessions it ends at once, by platform', async () => {
    const authority = openAuthority({ loginPolicy: loginPolicy('pc-and-one-other', 0) });
    const phone = await authority.verify(await loginAs(authority, 'alice', 1));
    const desktop = await loginAs(authority, 'alice', 3);
    assert.deepEqual(authority.takeHeard('tokensEnded'), []);

    await loginAs(authority, 'alice', 9);

    assert.deepEqual(authority.takeHeard('tokensEnded'), [ended('alice', 1, [phone.jti], 'policy')]);
    await authority.verify(desktop);
  });

  const everyClass = [1, 2, 3, 4, 5, 8, 9];
  const survivors: Readonly<Record<PolicyName, readonly number[]>> = {
    'keep-all': everyClass,
    'one-per-platform': everyClass,
    'one-per-class': [2, 4, 5, 9],
    'pc-and-one-other': [3, 4, 9],
  };
  for (const name of policyNames) {
    test(`T3 works under ${name}`, async () => {
      const authority = openAuthority({ loginPolicy: loginPolicy(name, 0) });
      for (const platformID of everyClass) await loginAs(authority, 'alice', platformID);
      const live = (await store.list('alice')).tokens.filter(({ state }) => state === 'live');
      assert.deepEqual(live.map((token) => token.platformID).sort(), survivors[name]);
    });
  }

  test('keep-all keeps as many sessions per platform as the setting says', async () => {
    const authority = openAuthority({ loginPolicy: loginPolicy('keep-all', 2) });
    const issued = [];
    for (let i = 0; i < 3; i += 1) issued.push(await loginAs(authority, 'alice'));
    assert.deepEqual(await Promise.all(issued.map((token) => authority.verdict(token))), [1506, 0, 0]);
  });
});

describe('verify', () => {
  test('T1 accepts a token until its own end and not after: 1501', async () => {
    const authority = openAuthority();
    const token = await loginAs(authority, 'alice');
    now += ttlMs - 1;
    await authority.verify(token);
    now += 1;
    await assert.rejects(authority.verify(token), rejectsWith(1501));
  });

  test('T1 neither a shorter setting nor a restart nor another login moves that end', async () => {
    const token = await loginAs(openAuthority(), 'alice', 1);
    const restarted = openAuthority({
      lifetimes: lifetimesOf(1000),
      loginPolicy: loginPolicy('one-per-class', 0),
      signingKeys: new SigningKeys(['a newer key of the test', signingKey]),
    });
    await loginAs(restarted, 'alice', 5);
    now += ttlMs - 1;
    assert.equal((await restarted.verify(token)).expiresAt, now + 1);
  });

  test('a list says which tokens are refused because their key has been retired', async () => {
    const signingKeys = new SigningKeys([signingKey]);
    const authority = openAuthority({ signingKeys });
    const retired = await loginAs(authority, 'alice', 1);
    signingKeys.replace(['a newer key of the test', signingKey]);
    await loginAs(authority, 'alice', 5);
    const listed = async () => {
      const { tokens } = await authority.listTokens(callOf('alice'), { userID: '', cursor: '', limit: 0 });
      return Object.fromEntries(tokens.map(({ platformID, isKeyRetired }) => [platformID, isKeyRetired]));
    };
    assert.deepEqual(await listed(), { 1: false, 5: false });
    signingKeys.replace(['a newer key of the test']);
    assert.deepEqual(await listed(), { 1: true, 5: false });
    await assert.rejects(authority.verify(retired), rejectsWith(1505));
  });

  test('T4 a kicked token gives 1506 through later logins until its end, then 1501 (defect 16)', async () => {
    const authority = openAuthority();
    const token = await loginAs(authority, 'alice');
    for (let i = 0; i < 3; i += 1) await loginAs(authority, 'alice');
    await assert.rejects(authority.verify(token), rejectsWith(1506));
    now += ttlMs - 1;
    await assert.rejects(authority.verify(token), rejectsWith(1506));
    now += 1;
    await assert.rejects(authority.verify(token), rejectsWith(1501));
  });

  test('T4 a revoked token gives 1506', async () => {
    const authority = openAuthority();
    const token = await loginAs(authority, 'alice');
    const { jti } = await authority.verify(token);
    await authority.revokeToken(callOf('alice'), { token: '', jti, userID: '' });
    await assert.rejects(authority.verify(token), rejectsWith(1506));
  });

  test('a good signature that the store does not know gives 1507, with jti and without', async () => {
    const iat = Math.floor(now / 1000) - 5;
    const claims = { UserID: 'alice', PlatformID: 1, iat, exp: iat + 3600 };
    for (const payload of [claims, { ...claims, jti: newTokenID(randomBytes) }]) {
      const token = await new SignJWT(payload).setProtectedHeader({ alg: 'HS256' }).sign(Buffer.from(signingKey));
      await assert.rejects(openAuthority().verify(token), rejectsWith(1507));
    }
  });

  test('what the token itself says comes before the store: 1503, 1505', async () => {
    const authority = openAuthority({ store: brokenStore() });
    const token = await loginAs(openAuthority(), 'alice');
    await assert.rejects(authority.verify(`Bearer ${token}`), rejectsWith(1503));
    await assert.rejects(authority.verify(`${token.slice(0, -4)}AAAA`), rejectsWith(1505));
  });

  test('T5 defects 14, 15: a store that fails gives 500 for users and admins, with the reason kept inside', async () => {
    const tokens = [await loginAs(openAuthority(), 'alice'), await loginAdmin(openAuthority())];
    for (const token of tokens) {
      await assert.rejects(openAuthority({ store: brokenStore() }).verify(token), (error: unknown) => {
        assert.ok(error instanceof ProtocolError);
        assert.deepEqual([error.code, error.detail], [500, 'token store unavailable']);
        assert.match(String(error.cause), /connection lost/);
        return true;
      });
    }
  });

  test('T6 no error repeats the token', async () => {
    const authority = openAuthority();
    const token = await loginAs(authority, 'alice');
    const others = [`Bearer ${token}`, `${token}x`, token.replace('.', '..'), token];
    await loginAs(authority, 'alice');
    for (const bad of others) {
      const error: unknown = await authority.verify(bad).catch((reason: unknown) => reason);
      const [, payload = ''] = token.split('.');
      assert.ok(error instanceof Error && !`${error.stack}${JSON.stringify(error)}`.includes(payload));
    }
  });
});

describe('forceLogout', () => {
  const refused: [string, CallContext, { platformID: number; userID: string }, number][] = [
    ['an empty userID, before the caller is looked at', nobody, { platformID: 1, userID: '' }, 1001],
    ['platform 0, before the caller is looked at', nobody, { platformID: 0, userID: 'alice' }, 1001],
    ['platform 13', admin, { platformID: 13, userID: 'alice' }, 1001],
    ['a caller who is no admin', nobody, { platformID: 1, userID: 'alice' }, 1002],
  ];
  for (const [name, context, request, code] of refused) {
    test(`refuses ${name}: ${code}`, () =>
      assert.rejects(openAuthority().forceLogout(context, request), rejectsWith(code)));
  }

  for (const platformID of [1, 2, 3, 4, 5, 6, 7, 8, 9, 11]) {
    test(`defect 18: ends platform ${platformID} and no other`, async () => {
      const authority = openAuthority();
      const token = await loginAs(authority, 'alice', platformID);
      const elsewhere = await loginAs(authority, 'alice', platformID === 1 ? 2 : 1);
      const { jti } = await authority.verify(token);

      await authority.forceLogout(admin, { userID: 'alice', platformID });

      assert.deepEqual(authority.takeHeard('tokensEnded'), [ended('alice', platformID, [jti], 'forced')]);
      await assert.rejects(authority.verify(token), rejectsWith(1506));
      await authority.verify(elsewhere);
    });
  }

  test('ends every token of the platform, admin tokens and those in grace too', async () => {
    const authority = openAuthority();
    const tokens = [await loginAdmin(authority, 'opsAdmin'), await loginAdmin(authority, 'opsAdmin')];
    await authority.forceLogout(admin, { userID: 'opsAdmin', platformID: 10 });
    for (const token of tokens) await assert.rejects(authority.verify(token), rejectsWith(1506));
  });

  test('defect 10: the tokens are marked before the sockets hear of it', async () => {
    const authority = openAuthority();
    const token = await loginAs(authority, 'alice');
    const reconnected = new Promise((resolve) => {
      authority.events.on('tokensEnded', () => authority.verify(token).then(resolve, resolve));
    });
    await authority.forceLogout(admin, { userID: 'alice', platformID: 1 });
    rejectsWith(1506)(await reconnected);
  });

  test('nothing to end is a success, for unknown users too, and tells nobody', async () => {
    const authority = openAuthority();
    await authority.forceLogout(admin, { userID: 'mallory', platformID: 5 });
    assert.deepEqual(authority.takeHeard('tokensEnded'), []);
  });

  test('T4: trying again after an answer that was lost still closes the sockets', async () => {
    const token = await loginAs(openAuthority(), 'alice');
    const { jti } = await openAuthority().verify(token);
    const lossy = changedStore(store, {
      kick: async (...args) => {
        await store.kick(...args);
        throw new Error('the answer was lost');
      },
    });
    const request = { userID: 'alice', platformID: 1 };
    await assert.rejects(openAuthority({ store: lossy }).forceLogout(admin, request), rejectsWith(500));
    const again = openAuthority();
    await again.forceLogout(admin, request);
    const expected = { ...ended('alice', 1, [jti], 'forced'), origin: 'elsewhere' };
    assert.deepEqual(again.takeHeard('tokensEnded'), [expected]);
  });

  test('T1: a token that ends while the store is asked has expired, and is not unknown', async () => {
    const authority = openAuthority({
      store: changedStore(store, {
        find: async () => {
          now += 2 * ttlMs;
          return { record: undefined, cutoffs: new Map() };
        },
      }),
    });
    const token = await loginAs(openAuthority(), 'alice');
    await assert.rejects(authority.verify(token), rejectsWith(1501));
  });

  test('T5 a store that fails gives 500', async () => {
    const authority = openAuthority({ store: brokenStore() });
    await assert.rejects(authority.forceLogout(admin, { userID: 'alice', platformID: 1 }), rejectsWith(500));
  });
});

describe('displace', () => {
  test('defect 20: ends the tokens of all displaced sockets, on whatever platform, and spares its own', async () => {
    const authority = openAuthority({ loginPolicy: loginPolicy('keep-all', 0) });
    const issued = [];
    for (const platformID of [1, 2, 9]) issued.push(await loginAs(authority, 'alice', platformID));
    const sessions = await Promise.all(issued.map((token) => authority.verify(token)));
    const [phone, android, pad] = sessions as [(typeof sessions)[0], (typeof sessions)[0], (typeof sessions)[0]];

    await authority.displace(
      pad,
      sessions.map(({ jti }) => jti),
    );

    const byAlice = { by: { userID: 'alice', operationID: '' } };
    assert.deepEqual(
      new Set(authority.takeHeard('tokensEnded')),
      new Set([
        { ...ended('alice', 1, [phone.jti], 'displaced'), ...byAlice },
        { ...ended('alice', 2, [android.jti], 'displaced'), ...byAlice },
      ]),
    );
    assert.deepEqual(await Promise.all(issued.map((token) => authority.verdict(token))), [1506, 1506, 0]);
  });

  test('does not touch other users, and asks the store nothing when there is nobody to displace', async () => {
    const authority = openAuthority();
    const bob = await authority.verify(await loginAs(authority, 'bob'));
    const alice = await authority.verify(await loginAs(authority, 'alice'));
    await authority.displace(alice, [bob.jti]);
    await openAuthority({ store: brokenStore() }).displace(alice, [alice.jti]);
    assert.deepEqual(authority.takeHeard('tokensEnded'), []);
  });

  test('the gateway asks for the policy that tokens are issued under', () => {
    const displacing = (name: PolicyName) => openAuthority({ loginPolicy: loginPolicy(name, 1) }).displacedPlatforms(8);
    assert.deepEqual(displacing('one-per-class'), [8, 9]);
    assert.deepEqual(displacing('keep-all'), []);
  });
});
