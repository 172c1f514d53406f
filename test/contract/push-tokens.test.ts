/** Which login a device goes with that is registered while something happens to it: objects-push-webhooks.md 2.2. */
import assert from 'node:assert/strict';
import { PushTokens } from '../../src/push/push-tokens.ts';
import { SqlBadgeStore } from '../../src/store/sql-badge-store.ts';
import { SqlPushTokenStore } from '../../src/store/sql-push-token-store.ts';
import { SqlTokenStore } from '../../src/store/sql-token-store.ts';
import { SqlUserStore } from '../../src/store/sql-user-store.ts';
import { currentLogin } from '../../src/tokens/current-login.ts';
import { asAdmin, callOf, hourMs, rejectsWith, TestAuthority } from '../support/token-authority.ts';
import { testOnEveryDatabase } from './every-database.ts';

const request = {
  account: 'alice',
  platformID: 1,
  token: 't',
  provider: '',
  topic: '',
  environment: '',
  expireTime: 0,
};

testOnEveryDatabase('PushTokens', async (t, { db }) => {
  const time = { now: Date.UTC(2030, 0, 1) };
  const clock = () => time.now;
  const devices = new SqlPushTokenStore(db);
  const tokens = new SqlTokenStore(db, clock, devices);
  const authority = new TestAuthority(tokens, { clock });
  const users = new SqlUserStore(db);
  const alice = {
    userID: 'alice',
    nickname: 'A',
    faceURL: '',
    ex: '',
    createdAt: 1,
    appManagerLevel: 0,
    globalRecvMsgOpt: 0,
  };
  await db.transaction((tx) => users.add(tx, [alice]));
  let beforePut: () => Promise<unknown>;
  let removals = Promise.resolve();
  let isAway = false;
  const store = new Proxy(devices, {
    get: (target, name: keyof SqlPushTokenStore) =>
      name === 'remove'
        ? (...of: Parameters<SqlPushTokenStore['remove']>) => removals.then(() => target.remove(...of))
        : (target[name] as () => unknown).bind(target),
  });
  const pushTokens = new PushTokens({
    ...{ store, badges: new SqlBadgeStore(db), users, providers: new Map(), now: clock },
    limits: { maxPushTokenBytes: 100 },
    currentLogin: async (token) => {
      if (isAway) throw new Error('Redis is away');
      return currentLogin(tokens, token);
    },
    unitOfWork: {
      transaction: async (work) => {
        await beforePut();
        beforePut = async () => {};
        return db.transaction(work);
      },
    },
  });
  const logIn = async () => {
    beforePut = async () => {};
    time.now += hourMs;
    const session = await authority.verify(await authority.login('alice'));
    return { session, call: callOf('alice', session) };
  };
  const renew = async (call: ReturnType<typeof callOf>) =>
    authority.verify((await authority.renewToken(call, {})).token);
  const held = async () => (await devices.of(['alice'], time.now)).map(({ jti, loginAt }) => [jti, loginAt]);

  await t.test('that of its token', async () => {
    const { session, call } = await logIn();
    await pushTokens.register(call, request);
    assert.deepEqual(await held(), [[session.jti, session.loginAt]]);
  });

  await t.test('what it goes on under, renewed before or just then', async () => {
    const { session, call } = await logIn();
    time.now += hourMs;
    const later = await renew(call);
    await pushTokens.register(call, request);
    assert.deepEqual(await held(), [[later.jti, session.loginAt]]);
    time.now += hourMs;
    let latest = '';
    beforePut = async () => {
      latest = (await renew(callOf('alice', later))).jti;
    };
    await pushTokens.register(callOf('alice', later), request);
    assert.deepEqual(await held(), [[latest, session.loginAt]]);
  });

  for (const [how, end] of Object.entries({
    'a kick': () => authority.forceLogout(asAdmin, { userID: 'alice', platformID: 1 }),
    'a cutoff': () =>
      authority.revokeIssuedBefore(asAdmin, { userID: 'alice', platformIDs: [], issuedBefore: time.now }),
    'a cutoff of everybody': () =>
      authority.revokeIssuedBefore(asAdmin, { userID: '', platformIDs: [], issuedBefore: time.now }),
  })) {
    await t.test(`none that ${how} has ended just then, which is 1506`, async () => {
      const { call } = await logIn();
      time.now += 1;
      beforePut = end;
      await assert.rejects(pushTokens.register(call, request), rejectsWith(1506));
      assert.deepEqual(await held(), []);
      await assert.rejects(pushTokens.register(call, request), rejectsWith(1506), 'nor has ended before');
    });
  }

  await t.test('none that was logged out while the database failed, unless it was registered again', async () => {
    const { session, call } = await logIn();
    for (const platformID of [1, 2])
      await pushTokens.register(call, { ...request, platformID, token: `${platformID}` });
    removals = Promise.reject(new Error('the database is away'));
    for (const platformID of [1, 2]) {
      await assert.rejects(pushTokens.forget({ ...session, platformID }), /the database is away/);
    }
    await assert.rejects(pushTokens.settle(), /the database is away/);
    assert.equal((await held()).length, 2);
    removals = Promise.resolve();
    time.now += 1;
    await pushTokens.register(call, request);
    await pushTokens.settle();
    assert.deepEqual(await held(), [[session.jti, session.loginAt]]);
  });

  await t.test('that of the token that was accepted, while the store of tokens is away', async () => {
    const { session, call } = await logIn();
    isAway = true;
    await pushTokens.register(call, request);
    assert.deepEqual(await held(), [[session.jti, 0]]);
    isAway = false;
    beforePut = async () => {
      isAway = true;
    };
    await pushTokens.register(call, request);
    assert.deepEqual(await held(), [[session.jti, session.loginAt]]);
    isAway = false;
  });

  await t.test('one that the store does not know any more by its token alone', async () => {
    await logIn();
    await pushTokens.register(callOf('alice', { jti: 'lost' }), request);
    assert.deepEqual(await held(), [['lost', 0]]);
  });
});
