/** A store that forgets, played by SQLite databases of which one takes the place of the other. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import { openForgetfulStore, recordOf } from '../../test/support/forgetful-store.ts';
import { asAdmin, changedStore, hourMs, TestAuthority } from '../../test/support/token-authority.ts';
import type { TokenEnd } from './token-end-store.ts';
import type { TokenRecord } from './token-store.ts';

test('T4 what was ended stays ended in a store that comes back without it: before, while and after it is told', async (t) => {
  const { time, store, authority, first, second, state, told, comeBackAs } = await openForgetfulStore(t);
  await store.look();
  const tokens = new Map<string, string>();
  const snapshot: TokenRecord[] = [];
  for (const userID of ['revoked', 'forced', 'kicked', 'cut off', 'untouched']) {
    tokens.set(userID, await authority.login(userID));
    snapshot.push(await recordOf(first.store, userID));
  }
  time.now += 10;
  const jtiOf = (userID: string) => snapshot.find((record) => record.userID === userID)?.jti ?? '';
  await authority.revokeToken(asAdmin, { token: '', jti: jtiOf('revoked'), userID: 'revoked' });
  await authority.forceLogout(asAdmin, { userID: 'forced', platformID: 1 });
  await authority.login('kicked');
  await authority.revokeIssuedBefore(asAdmin, {
    userID: 'cut off',
    platformIDs: [],
    issuedBefore: time.now,
  });

  const verdicts = async () =>
    Object.fromEntries(
      await Promise.all([...tokens].map(async ([userID, token]) => [userID, await authority.verdict(token)] as const)),
    );
  const before = await verdicts();
  assert.partialDeepStrictEqual(before, { revoked: 1506, forced: 1506, kicked: 1506, 'cut off': 1506, untouched: 0 });

  store.doubt();
  await comeBackAs('second', snapshot);
  assert.deepEqual(await verdicts(), before, 'before it is told');
  assert.equal(await authority.verdict(tokens.get('untouched') ?? ''), 0);
  await store.look();
  assert.deepEqual(await verdicts(), before, 'afterwards');
  assert.deepEqual(
    state.restored
      .flat()
      .map(({ userID }) => userID)
      .sort(),
    ['forced', 'kicked', 'revoked'],
  );
  assert.deepEqual(told.slice(1), ['trust', 'doubt', 3, 'trust']);
  assert.equal(
    (await second.store.find({ userID: 'revoked', jti: jtiOf('revoked'), expiresAt: 9e15 })).record?.state,
    'revoked',
  );
});

test('T4 cutoffs of a user and of everyone outlive a store that loses them, also unnoticed where it may evict', async (t) => {
  const { time, store, authority, first, look, comeBackAs } = await openForgetfulStore(t);
  await store.look();
  const [alice, bob, carol] = [
    await authority.login('alice'),
    await authority.login('bob', 5),
    await authority.login('carol'),
  ];
  const snapshot = await Promise.all(['alice', 'bob', 'carol'].map((userID) => recordOf(first.store, userID)));
  time.now += 10;
  await authority.revokeIssuedBefore(asAdmin, { userID: 'alice', platformIDs: [], issuedBefore: time.now });
  await authority.revokeIssuedBefore(asAdmin, { userID: '', platformIDs: [5], issuedBefore: time.now });
  look.mayEvict = true;
  await store.look();
  await comeBackAs('first', snapshot);
  look.knowsAll = true;
  const again = new TestAuthority(store, { clock: () => time.now });
  assert.deepEqual([await again.verdict(alice), await again.verdict(bob), await again.verdict(carol)], [1506, 1506, 0]);
});

test('T4 a token that the store has lost with its end answers 1506, and is not taken in again as good', async (t) => {
  const { store, authority, first, comeBackAs, look, state } = await openForgetfulStore(t);
  await store.look();
  const token = await authority.login('alice');
  const record = await recordOf(first.store, 'alice');
  await authority.forceLogout(asAdmin, { userID: 'alice', platformID: 1 });
  await comeBackAs('first', []);
  look.knowsAll = true;
  assert.equal(await authority.verdict(token), 1506);
  assert.equal((await store.adopt(record))?.state, 'kicked');
  assert.deepEqual([authority.takeHeard('tokenLost'), state.takenBack], [[], []]);
});

test('T4 what an issuer has ended and is taken in as such is on disk before the store knows it', async (t) => {
  const { time, store, first, diskEnds, state, comeBackAs } = await openForgetfulStore(t);
  await store.look();
  const theirs = { userID: 'alice', platformID: 1, issuedAt: time.now, expiresAt: time.now + hourMs, deviceName: '' };
  const kicked = { ...theirs, jti: 'k', state: 'kicked', reason: 'openim', acceptedUntil: 0, lastSeenAt: 0 } as const;
  const superseded = { ...kicked, jti: 's', state: 'superseded', reason: '', acceptedUntil: time.now + 9000 } as const;
  state.isDiskDown = true;
  await assert.rejects(store.adopt(kicked), /disk is away/);
  assert.deepEqual((await first.store.list('alice')).tokens, [], 'so that the next attempt finds it unknown');
  state.isDiskDown = false;
  for (const record of [kicked, superseded]) assert.partialDeepStrictEqual(await store.adopt(record), record);
  await store.adopt({ ...kicked, jti: 'live', state: 'live', reason: '' });
  const ended = await diskEnds.ends(undefined, time.now, 9);
  assert.deepEqual(
    ended.map(({ jti, state, acceptedUntil }) => [jti, state, acceptedUntil]),
    [
      ['k', 'kicked', 0],
      ['s', 'superseded', superseded.acceptedUntil],
    ],
  );
  // From a snapshot in which the issuer has them as good.
  await comeBackAs('second', []);
  const again = await store.adopt({ ...kicked, state: 'live', reason: '' });
  assert.partialDeepStrictEqual(again, { state: 'kicked', reason: 'openim' });
});

test('T4 an end that could not be written is no success, and is made up for by the next attempt or look', async (t) => {
  const { store, authority, first, diskEnds, state } = await openForgetfulStore(t);
  await store.look();
  await authority.login('alice');
  const alices = await recordOf(first.store, 'alice');
  const { jti } = alices;
  state.isDiskDown = true;
  await assert.rejects(authority.revokeToken(asAdmin, { token: '', jti, userID: 'alice' }));
  await assert.rejects(authority.forceLogout(asAdmin, { userID: 'alice', platformID: 1 }));
  state.isDiskDown = false;
  await store.look();
  assert.equal((await diskEnds.find(alices)).end?.state, 'revoked');

  await authority.login('bob');
  const bobs = await recordOf(first.store, 'bob');
  // A process that ended between the two stores.
  await first.store.kick('bob', { jtis: [bobs.jti] }, 'forced', 'kicked');
  await authority.forceLogout(asAdmin, { userID: 'bob', platformID: 1 });
  assert.equal((await diskEnds.find(bobs)).end?.state, 'kicked');
});

test('a kicked login and what goes with it end on disk together, with the next attempt or look', async (t) => {
  const { store, authority, first, diskEnds, follower } = await openForgetfulStore(t);
  await store.look();
  await authority.login('alice');
  const kicked = await recordOf(first.store, 'alice');
  follower.isFailing = true;
  await assert.rejects(authority.login('alice'));
  assert.equal((await diskEnds.find(kicked)).end, undefined);
  follower.isFailing = false;
  await store.look();
  assert.deepEqual(follower.take(), [`ended ${kicked.jti}`]);
  assert.equal((await diskEnds.find(kicked)).end?.state, 'kicked');
});

test('T4 while too many ends cannot be written, no further token is ended or issued, and the store is left as it is', async (t) => {
  const { store, authority, first, state, told } = await openForgetfulStore(t);
  await store.look();
  const token = await authority.login('alice');
  const record = await recordOf(first.store, 'alice');
  state.isDiskDown = true;
  const many = Array.from({ length: 10_000 }, (_, index) => ({ ...record, userID: 'bob', jti: `${index}` }));
  state.current = changedStore(first.store, { kick: async () => many });
  await assert.rejects(store.kick('bob', { jtis: ['0'] }, 'forced', 'kicked'), /disk is away/);
  assert.equal(told.at(-1), '10000 owed');
  state.current = first.store;
  await assert.rejects(store.kick('alice', { platformIDs: [1] }, 'forced', 'kicked'), /wait to be written/);
  await assert.rejects(authority.login('alice'));
  assert.equal(await authority.verdict(token), 0);
  state.isDiskDown = false;
  await store.look();
  assert.equal(told.includes('0 owed'), true);
  await authority.login('alice');
  assert.equal(await authority.verdict(token), 1506);
});

test('T4 what a store of an earlier version has ended is on disk before the store counts as told', async (t) => {
  const { time, store, diskEnds, state, look, told } = await openForgetfulStore(t);
  const end: TokenEnd = {
    ...{ userID: 'alice', jti: 'a', platformID: 1, state: 'revoked', reason: 'revoked' },
    ...{ issuedAt: time.now - 1000, expiresAt: time.now + hourMs, acceptedUntil: 0 },
  };
  const cutoff = { userID: 'bob', platformID: 5, notBefore: time.now - 500, keepUntil: time.now + 1000 };
  state.known = [
    { ends: [end], cutoffs: [] },
    { ends: [], cutoffs: [cutoff] },
  ];
  Object.assign(look, { knowsAll: false, isUntold: true });
  state.isDiskDown = true;
  await assert.rejects(store.look(), /disk is away/);
  assert.deepEqual([look.knowsAll, told.includes('trust')], [false, false]);
  state.isDiskDown = false;
  await store.look();
  assert.equal(told.at(-1), 'trust');
  assert.deepEqual(await diskEnds.ends(undefined, time.now, 9), [end]);
  // Tokens that it cuts off may live as long as any.
  assert.deepEqual(await diskEnds.cutoffs(undefined, time.now + hourMs, 9), [
    { ...cutoff, keepUntil: cutoff.notBefore + 365 * 24 * hourMs },
  ]);
  Object.assign(look, { knowsAll: false, isUntold: false });
  await store.look();
  assert.equal(state.walks, 2, 'not of one that has been told before');
});

test('a doubt that comes while the store is being told is not forgotten', async (t) => {
  const { store, told, look } = await openForgetfulStore(t);
  const looking = store.look();
  store.doubt();
  await looking;
  assert.equal(told.includes('trust'), false);
  await store.look();
  assert.equal(told.at(-1), 'trust');
  look.identity = undefined;
  store.doubt();
  await store.look();
  assert.deepEqual(told.slice(-3), ['doubt', 0, 'trust'], 'one that does not show who it is, is told after each loss');
  await store.look();
  await turn();
  assert.equal(told.at(-1), 'trust');
});
