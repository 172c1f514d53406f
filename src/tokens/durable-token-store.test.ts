/** A store that forgets, played by SQLite databases of which one takes the place of the other. */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import {
  asAdmin,
  callOf,
  changedStore,
  hourMs,
  openSqliteTokens,
  rejectsWith,
  TestAuthority,
} from '../../test/support/token-authority.ts';
import { SqlTokenEndStore } from '../store/sql-token-end-store.ts';
import { DurableTokenStore } from './durable-token-store.ts';
import { loginPolicy } from './policy.ts';
import type { TokenEnd } from './token-end-store.ts';
import type { LossCause, TokenChange, TokenEnding, TokenRecord, TokenStore } from './token-store.ts';
import type { KnownToStore, MemoryLook, StoreMemory } from './token-store-memory.ts';

async function open(t: TestContext) {
  const time = { now: Date.UTC(2030, 0, 1) };
  const clock = () => time.now;
  const opened = await Promise.all([1, 2, 3].map(() => openSqliteTokens(clock)));
  t.after(async () => {
    for (const tokens of opened) await tokens[Symbol.asyncDispose]();
  });
  const [first, second, disk] = opened as [(typeof opened)[0], (typeof opened)[0], (typeof opened)[0]];
  const diskEnds = new SqlTokenEndStore(disk.db);
  const state = {
    current: first.store as TokenStore,
    isDiskDown: false,
    restored: [] as TokenEnd[][],
    walks: 0,
    known: [] as KnownToStore[],
    cause: 'unknown' as LossCause,
    announced: [] as TokenChange[],
    lostEnded: [] as TokenEnding[],
    takenBack: [] as string[],
    /** Happens when a token that is taken in has been looked up on disk. */
    beforeAdoption: async () => {},
  };
  const look: { -readonly [Name in keyof MemoryLook]: MemoryLook[Name] } = {
    identity: 'first',
    knowsAll: true,
    isUntold: false,
    mayEvict: false,
    mayLose: true,
  };
  const memory: StoreMemory = {
    look: async () => ({ ...look }),
    confirm: async ({ identity }) => {
      assert.equal(identity, look.identity);
      look.knowsAll = true;
    },
    restore: async (userID, ends) => {
      state.restored.push([...ends]);
      for (const end of ends) {
        await state.current.adopt({ ...end, deviceName: '', lastSeenAt: 0 });
        if (end.state === 'superseded') continue;
        await state.current.kick(userID, { jtis: [end.jti] }, 'revoked', 'revoked');
      }
      return ends.length;
    },
    knownEnds: async function* () {
      state.walks += 1;
      yield* state.known;
    },
  };
  const changes: Partial<TokenStore> = {
    explainLoss: async () => state.cause,
    announce: async (change) => {
      state.announced.push(change);
    },
    adopt: async (record) => {
      await state.beforeAdoption();
      return state.current.adopt(record);
    },
  };
  const told: unknown[] = [];
  const store = new DurableTokenStore({
    store: new Proxy({} as TokenStore, {
      get: (_, name: keyof TokenStore) => changes[name] ?? (state.current[name] as () => unknown).bind(state.current),
    }),
    maxUnknownEnds: 2,
    memory,
    ends: new Proxy(diskEnds, {
      get: (ends, name: keyof SqlTokenEndStore) =>
        state.isDiskDown
          ? async () => Promise.reject(new Error('disk is away'))
          : (ends[name] as () => unknown).bind(ends),
    }),
    longestLifeMs: 365 * 24 * hourMs,
    loginPolicy: loginPolicy('one-per-platform', 0),
    clock,
    observer: {
      onSettings: (settings) => told.push(settings),
      onDoubt: (isInDoubt) => told.push(isInDoubt ? 'doubt' : 'trust'),
      onOwed: (ends) => told.push(`${ends} owed`),
      onRestored: (tokens) => told.push(tokens),
      onTakenBack: ({ userID }) => state.takenBack.push(userID),
      onLostEnded: (change) => state.lostEnded.push(change),
    },
  });
  const authority = new TestAuthority(store, {
    clock,
    cache: { maxTokens: 0, ttlMs: 0 },
    loginPolicy: loginPolicy('one-per-platform', 0),
  });
  /** Another server in the place of the one there was: it knows these tokens as they were, and nothing of their ends. */
  const comeBackAs = async (identity: string, records: readonly TokenRecord[]) => {
    state.current = second.store;
    for (const record of records) await second.store.adopt(record);
    Object.assign(look, { identity, knowsAll: false });
  };
  return { time, store, authority, first, second, diskEnds, state, look, told, comeBackAs };
}

async function recordOf(store: TokenStore, userID: string): Promise<TokenRecord> {
  const [record] = (await store.list(userID)).tokens;
  assert.ok(record);
  return record;
}

test('T4 what was ended stays ended in a store that comes back without it: before, while and after it is told', async (t) => {
  const { time, store, authority, first, second, state, told, comeBackAs } = await open(t);
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
  const { time, store, authority, first, look, comeBackAs } = await open(t);
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
  const { store, authority, first, comeBackAs, look, state } = await open(t);
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
  const { time, store, first, diskEnds, state, comeBackAs } = await open(t);
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
  const { store, authority, first, diskEnds, state } = await open(t);
  await store.look();
  await authority.login('alice');
  const { jti } = await recordOf(first.store, 'alice');
  state.isDiskDown = true;
  await assert.rejects(authority.revokeToken(asAdmin, { token: '', jti, userID: 'alice' }));
  await assert.rejects(authority.forceLogout(asAdmin, { userID: 'alice', platformID: 1 }));
  state.isDiskDown = false;
  await store.look();
  assert.equal((await diskEnds.find('alice', jti)).end?.state, 'revoked');

  await authority.login('bob');
  const bobs = await recordOf(first.store, 'bob');
  // A process that ended between the two stores.
  await first.store.kick('bob', { jtis: [bobs.jti] }, 'forced', 'kicked');
  await authority.forceLogout(asAdmin, { userID: 'bob', platformID: 1 });
  assert.equal((await diskEnds.find('bob', bobs.jti)).end?.state, 'kicked');
});

test('T4 while too many ends cannot be written, no further token is ended or issued, and the store is left as it is', async (t) => {
  const { store, authority, first, state, told } = await open(t);
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
  const { time, store, diskEnds, state, look, told } = await open(t);
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
  const { store, told, look } = await open(t);
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

/** Alice's caller on platform 1 and a token on 5 that is younger; the store then loses what is not in `kept`. */
async function lostToken(t: TestContext, { keepsCaller = true } = {}) {
  const opened = await open(t);
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
  const { time, store, authority, first, state, comeBackAs } = await open(t);
  await store.look();
  time.now += 300;
  await authority.forceLogout(asAdmin, { userID: 'alice', platformID: 1 });
  time.now += 1;
  const token = await authority.login('alice');
  await comeBackAs('second', []);
  await store.look();
  assert.equal(await authority.verdict(token), 1507, 'while nobody knows of a loss');
  state.cause = 'restart';
  assert.equal(await authority.verdict(token), 0);
  assert.deepEqual(state.takenBack, ['alice']);
  assert.equal((await first.store.list('alice')).tokens.length, 1);
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
  const { time, authority, lost, jti, state } = await lostToken(t);
  time.now += 1;
  const later = await authority.login('alice', 5);
  await authority.revokeToken(asAdmin, { token: later, jti: '', userID: '' });
  assert.equal(await authority.verdict(lost), 1506);
  const ended = state.lostEnded.map((change) =>
    change.kind === 'ended' ? change.tokens.map((token) => token.jti) : [],
  );
  assert.deepEqual(ended, [[jti]], 'of which this node tells');
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
