import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { openForgetfulStore, recordOf } from '../../test/support/forgetful-store.ts';
import {
  asAdmin,
  callOf,
  changedStore,
  hourMs,
  openSqliteTokens,
  rejectsWith,
} from '../../test/support/token-authority.ts';

/** Alice's caller on platform 1 and a token on 5 that is younger; the store then loses what is not in `kept`. */
async function lostToken(t: TestContext, { keepsCaller = true } = {}) {
  const opened = await openForgetfulStore(t);
  const { time, store, authority, comeBackAs, state, look } = opened;
  await store.look();
  const caller = await authority.login('alice');
  const session = await authority.verify(caller);
  const kept = keepsCaller ? [await recordOf(opened.first.store, 'alice')] : [];
  time.now += 700;
  const lost = await authority.login('alice', 5);
  const { jti } = await authority.verify(lost);
  time.now += 100;
  await comeBackAs('second', kept);
  await store.look();
  state.cause = 'restart';
  /** The store of before takes over, with everything as it was. */
  const failOver = () => {
    state.current = opened.first.store;
    Object.assign(look, { identity: 'first', knowsAll: false });
    store.doubt();
  };
  const logOutElsewhere = () =>
    authority.revokeTokens(callOf('alice', session), { userID: 'alice', platformIDs: [], exceptCaller: true });
  return { ...opened, caller, session, lost, jti, failOver, logOutElsewhere };
}

test('T1 a token that the store has recognisably lost is taken in again, also if a logout was a moment before its issue', async (t) => {
  const { time, store, authority, first, state, comeBackAs } = await openForgetfulStore(t);
  await store.look();
  time.now += 300;
  await authority.forceLogout(asAdmin, { userID: 'alice', platformID: 1 });
  time.now += 1;
  const token = await authority.login('alice');
  await comeBackAs('second', []);
  await store.look();
  assert.equal(await authority.verdict(token), 1507, 'while nobody knows of a loss');
  state.cause = 'restart';
  time.now += 1000;
  assert.equal(await authority.verdict(token), 0);
  assert.deepEqual(state.takenBack, ['alice']);
  assert.equal((await first.store.list('alice')).tokens.length, 1);
});

test('T1 a token that is shown before anybody has seen that the store is another one is not refused for that', async (t) => {
  const { store, authority, state, comeBackAs } = await openForgetfulStore(t);
  await store.look();
  const token = await authority.login('alice');
  await comeBackAs('second', []);
  state.causeOnceTold = 'failover';
  assert.equal(await authority.verdict(token), 0);
  assert.deepEqual(state.takenBack, ['alice']);
});

test('T1 nor is one for a look that had begun before', async (t) => {
  const { store, authority, state, comeBackAs } = await openForgetfulStore(t);
  await store.look();
  const token = await authority.login('alice');
  const { promise: shown, resolve } = Promise.withResolvers<void>();
  state.beforeLookIsOver = () => shown;
  const looking = store.look();
  await comeBackAs('second', []);
  state.causeOnceTold = 'failover';
  state.onExplanation = () => void setImmediate(resolve);
  assert.equal(await authority.verdict(token), 0);
  await looking;
});

test('O1 a token that is refused as unknown has the store looked at once a second, however often it is shown', async (t) => {
  const { time, store, authority, state, comeBackAs } = await openForgetfulStore(t);
  await store.look();
  const token = await authority.login('alice');
  await comeBackAs('second', []);
  await store.look();
  const looksFor = async (times: number) => {
    state.looks = 0;
    const verdicts = await Promise.all(Array.from({ length: times }, () => authority.verdict(token)));
    assert.deepEqual(verdicts, Array(times).fill(1507));
    return state.looks;
  };
  assert.equal(await looksFor(1), 1);
  assert.equal(await looksFor(3), 0);
  time.now += 1000;
  assert.equal(await looksFor(3), 1);
});

test('T4 a logout everywhere but here ends what the store has lost, younger than the caller, for good', async (t) => {
  const { time, store, authority, caller, lost, state, first, failOver, logOutElsewhere } = await lostToken(t);
  const notBefore = time.now;
  const lostSession = {
    ...(await authority.verify(caller)),
    jti: 'lost',
    issuedAt: notBefore - 1,
    loginAt: notBefore - 1,
  };
  assert.equal(await logOutElsewhere(), 0);
  const cutoff = { userID: 'alice', platformID: 0, notBefore };
  const { jti: spares } = await authority.verify(caller);
  assert.deepEqual(state.announced, [{ kind: 'cutoffButOne', ...cutoff, spares }]);
  assert.deepEqual([await authority.verdict(lost), await authority.verdict(caller)], [1506, 0]);
  assert.equal(await authority.lookAgain(lostSession), undefined, 'nor does its socket stay');
  time.now += 2 * hourMs;
  const { token: renewed } = await authority.renewToken(callOf('alice', await authority.verify(caller)), {});
  time.now += 1;
  const later = await authority.login('alice', 8);
  failOver();
  const verdicts = async () => Promise.all([lost, caller, renewed, later].map((token) => authority.verdict(token)));
  assert.deepEqual(await verdicts(), [1506, 0, 0, 0], 'in a store that has the lost one and not the newer');
  await store.look();
  assert.deepEqual(await verdicts(), [1506, 0, 0, 0], 'when that has been told');
  assert.deepEqual(
    (await first.store.list('alice')).tokens.find(({ platformID }) => platformID === 5)?.state,
    'revoked',
  );
});

test('T4 the caller of a logout everywhere else is spared also where the store loses it afterwards', async (t) => {
  const { authority, caller, lost, state, comeBackAs, logOutElsewhere, first } = await lostToken(t);
  await logOutElsewhere();
  const emptied = changedStore(first.store, { find: async () => ({ record: undefined, cutoffs: new Map() }) });
  await comeBackAs('third', []);
  state.current = emptied;
  assert.deepEqual([await authority.verdict(caller), await authority.verdict(lost)], [0, 1506]);
});

for (const by of ['its jti', 'the token'] as const) {
  test(`T4 revoking a lost token by ${by} ends it for good, recognised as lost or not`, async (t) => {
    const { store, authority, lost, jti, state, first, failOver } = await lostToken(t);
    state.cause = 'unknown';
    const order = by === 'its jti' ? { token: '', jti, userID: 'alice' } : { token: lost, jti: '', userID: '' };
    assert.equal(await authority.revokeToken(asAdmin, order), 0);
    assert.deepEqual(state.announced, [
      { kind: 'ended', userID: 'alice', tokens: [{ jti, platformID: 0 }], reason: 'revoked' },
    ]);
    assert.deepEqual(
      authority.takeHeard('tokensEnded').map(({ jtis }) => jtis),
      [[jti]],
      'so that its sockets here close',
    );
    state.cause = 'restart';
    assert.equal(await authority.verdict(lost), 1506);
    assert.equal(await authority.revokeToken(asAdmin, order), 0, 'again');
    failOver();
    assert.equal(await authority.verdict(lost), 1506);
    await store.look();
    assert.equal(await authority.verdict(lost), 1506);
    assert.equal((await first.store.find({ userID: 'alice', jti, expiresAt: 9e15 })).record?.state, 'revoked');
  });
}

for (const { end, code } of [
  { end: 'kicked by a login', code: 1506 },
  { end: 'renewed', code: 0 },
]) {
  test(`T4 revoking by its jti a token that had been ${end} and that the store has lost since notes nothing twice`, async (t) => {
    const { time, store, authority, diskEnds, comeBackAs } = await openForgetfulStore(t);
    await store.look();
    const token = await authority.login('alice');
    const session = await authority.verify(token);
    time.now += 2 * hourMs;
    if (end === 'renewed') await authority.renewToken(callOf('alice', session), {});
    else await authority.login('alice');
    const endsOnDisk = () => diskEnds.ends(undefined, time.now, 10);
    assert.deepEqual(
      (await endsOnDisk()).map(({ jti }) => jti),
      [session.jti],
    );
    await comeBackAs('second', []);
    assert.equal(await authority.verdict(token), code);
    assert.equal(await authority.revokeToken(asAdmin, { token: '', jti: session.jti, userID: 'alice' }), 0);
    const [kept, ...more] = await endsOnDisk();
    assert.partialDeepStrictEqual(kept, { jti: session.jti, platformID: session.platformID });
    assert.notEqual(kept?.state, 'superseded');
    assert.deepEqual(more, []);
    assert.equal(await diskEnds.countUnknown('alice', time.now), 0);
    assert.equal(await authority.verdict(token), 1506);
  });
}

test('a jti that is none of ours in form is 1004, and nothing is kept of it', async (t) => {
  const { authority, diskEnds, time } = await lostToken(t);
  await assert.rejects(authority.revokeToken(asAdmin, { token: '', jti: 'x', userID: 'alice' }), rejectsWith(1004));
  assert.equal(await diskEnds.countUnknown('alice', time.now), 0);
});

test('limit maxUnknownEnds: so many tokens that the store does not know are ended by their jti', async (t) => {
  const { authority, diskEnds, time } = await lostToken(t);
  for (const jti of ['aaaaaaaaaaaaaa', 'bbbbbbbbbbbbbb', 'bbbbbbbbbbbbbb']) {
    assert.equal(await authority.revokeToken(asAdmin, { token: '', jti, userID: 'alice' }), 0);
  }
  assert.equal(await diskEnds.countUnknown('alice', time.now), 2);
});

test('limit maxUnknownEnds: one more is 1001 and not kept; a known one is ended all the same', async (t) => {
  const { authority, diskEnds, time, caller, session } = await lostToken(t);
  const revoke = (jti: string) => authority.revokeToken(callOf('alice'), { token: '', jti, userID: '' });
  for (const jti of ['aaaaaaaaaaaaaa', 'bbbbbbbbbbbbbb']) await revoke(jti);
  await assert.rejects(revoke('cccccccccccccc'), rejectsWith(1001));
  assert.equal(await diskEnds.countUnknown('alice', time.now), 2);
  assert.equal(await revoke(session.jti), 1);
  assert.equal(await authority.verdict(caller), 1506);
});

test('T4 what is ended while it is taken in stays ended', async (t) => {
  for (const how of ['everywhere else', 'on its platform', 'by its jti'] as const) {
    const { authority, lost, jti, state, logOutElsewhere } = await lostToken(t);
    state.beforeAdoption = async () => {
      state.beforeAdoption = async () => {};
      if (how === 'everywhere else') await logOutElsewhere();
      else if (how === 'by its jti') await authority.revokeToken(asAdmin, { token: '', jti, userID: 'alice' });
      else await authority.forceLogout(asAdmin, { userID: 'alice', platformID: 5 });
    };
    assert.deepEqual([await authority.verdict(lost), await authority.verdict(lost)], [1506, 1506], how);
  }
});

test('T3 a lost token is not taken in where a later login had its place, also one that has ended since', async (t) => {
  const { time, authority, lost, jti, follower } = await lostToken(t);
  time.now += 1;
  const later = await authority.login('alice', 5);
  await authority.revokeToken(asAdmin, { token: later, jti: '', userID: '' });
  follower.take();
  assert.equal(await authority.verdict(lost), 1506);
  assert.deepEqual(follower.take(), [`ended ${jti}`]);
});

test('T3 of two lost tokens of one platform the newer stays, whichever is shown first', async (t) => {
  const { time, store, authority, lost, state, look } = await lostToken(t);
  time.now += 1;
  const newer = await authority.login('alice', 5);
  const third = await openSqliteTokens(() => time.now);
  t.after(() => third[Symbol.asyncDispose]());
  state.current = third.store;
  Object.assign(look, { identity: 'third', knowsAll: false });
  await store.look();
  assert.deepEqual([await authority.verdict(lost), await authority.verdict(newer)], [0, 0]);
  assert.deepEqual([await authority.verdict(lost), await authority.verdict(newer)], [1506, 0]);
});

test('T4 a lost token whose socket is displaced is not taken in again', async (t) => {
  const { authority, session, lost, jti } = await lostToken(t);
  await authority.displaceElsewhere(session, [jti]);
  assert.equal(await authority.verdict(lost), 1506);
});
