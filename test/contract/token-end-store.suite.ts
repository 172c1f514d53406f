/** What every TokenEndStore does, as the tokens rely on it when Redis has forgotten. */
import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import {
  type KeptCutoff,
  type TokenEnd,
  type TokenEndStore,
  unknownPlatform,
} from '../../src/tokens/token-end-store.ts';
import type { HeardLogins } from '../support/heard-logins.ts';

const now = Date.UTC(2030, 0, 1);

const noCutoffs = { cutoffs: new Map(), cutoffsButOne: new Map() };

function endOf(jti: string, changes: Partial<TokenEnd> = {}): TokenEnd {
  const times = { issuedAt: now - 1000, expiresAt: now + 60_000, acceptedUntil: 0 };
  return { userID: 'alice', jti, platformID: 1, state: 'revoked', reason: 'revoked', ...times, ...changes };
}

function byName(ends: readonly TokenEnd[]): readonly TokenEnd[] {
  const nameOf = ({ userID, jti }: TokenEnd) => `${userID} ${jti}`;
  return ends.toSorted((one, other) => (nameOf(one) < nameOf(other) ? -1 : 1));
}

async function all<T>(page: (after: T | undefined) => Promise<readonly T[]>): Promise<T[]> {
  const found: T[] = [];
  for (let portion = await page(undefined); portion.length > 0; portion = await page(found.at(-1))) {
    found.push(...portion);
  }
  return found;
}

/** @param follower that of the store */
export async function tokenEndStoreSuite(t: TestContext, store: TokenEndStore, follower: HeardLogins) {
  const endsIn = (at = now) => all<TokenEnd>((after) => store.ends(after, at, 2));
  const find = (userID: string, jti: string, expiresAt = now + 60_000) => store.find({ userID, jti, expiresAt });
  const cutoffsIn = (at = now) => all<KeptCutoff>((after) => store.cutoffs(after, at, 2));

  await t.test('an end comes back whole, alone and in pages', async () => {
    const ends = [
      endOf('a', { state: 'kicked', reason: 'policy', platformID: 5 }),
      endOf('b', { keyMark: 'Q7', loginAt: now - 5000 }),
      endOf('a', {
        ...{ userID: 'bob', state: 'superseded', reason: '', acceptedUntil: now + 5000, loginAt: now - 9000 },
        successor: { jti: 'b', expiresAt: now + 70_000 },
      }),
      endOf('h:c', { userID: 'bob', expiresAt: now + 1 }),
    ];
    await store.record(ends.toReversed());
    await store.record([]);
    assert.deepEqual(byName(await endsIn()), ends);
    assert.deepEqual(await find('alice', 'a'), { end: ends[0], ...noCutoffs });
    assert.deepEqual(await find('carol', 'a'), { end: undefined, ...noCutoffs });
    assert.deepEqual(byName(await endsIn(now + 1)), ends.slice(0, 3));
  });

  await t.test('T4 nothing undoes an end; what was superseded may be kicked', async () => {
    const superseded = endOf('x', { state: 'superseded', reason: '', acceptedUntil: now + 5000 });
    const kicked = endOf('x', { state: 'kicked', reason: 'forced' });
    await store.record([superseded]);
    await store.record([kicked]);
    assert.deepEqual((await find('alice', 'x')).end, kicked);
    await store.record([superseded, endOf('x')]);
    assert.deepEqual((await find('alice', 'x')).end, kicked);
  });

  await t.test('T4 what was ended by its name alone has ended, whatever else is known of it', async () => {
    const unknown = endOf('y', { platformID: unknownPlatform, expiresAt: now + 30_000 });
    const superseded = endOf('y', { state: 'superseded', reason: '', acceptedUntil: now + 5000 });
    await store.record([unknown]);
    assert.deepEqual((await find('alice', 'y')).end, unknown);
    await store.record([superseded]);
    for (const expiresAt of [superseded.expiresAt, Number.POSITIVE_INFINITY]) {
      assert.deepEqual((await find('alice', 'y', expiresAt)).end, unknown);
    }
    // At the same time, elsewhere.
    await store.record([{ ...unknown, expiresAt: now + 40_000 }]);
    assert.deepEqual(
      (await endsIn()).filter(({ jti }) => jti === 'y'),
      [unknown],
      'and is kept once',
    );
  });

  await t.test('of one token twice in a row the last counts, and a thousand go in at once', async () => {
    const many = Array.from({ length: 1001 }, (_, index) => endOf(`m${index}`, { userID: 'many' }));
    const last = endOf('m0', { userID: 'many', state: 'kicked', reason: 'forced' });
    await store.record([endOf('m0', { userID: 'many', state: 'superseded', acceptedUntil: now }), ...many, last]);
    assert.deepEqual((await find('many', 'm0')).end, last);
    assert.deepEqual((await find('many', 'm1000')).end, many[1000]);
  });

  await t.test('ends are found by their names alone, among any number, until their tokens expire', async () => {
    const userID = 'named';
    const others = Array.from({ length: 6000 }, (_, index) =>
      endOf(`o${index}`, { userID, expiresAt: now + 2 + index }),
    );
    const [early, late, unknown] = [
      endOf('early', { userID, expiresAt: now + 2 }),
      endOf('late', { userID, state: 'superseded', reason: '', acceptedUntil: now + 5000 }),
      endOf('unknown', { userID, platformID: unknownPlatform }),
    ];
    await store.record([...others, early, late, unknown, endOf('late', { userID: 'other' })]);
    const names = ['late', 'none', 'early', 'unknown'];
    assert.deepEqual(byName(await store.findByNames(userID, names, now)), [early, late, unknown]);
    assert.deepEqual(byName(await store.findByNames(userID, names, now + 2)), [late, unknown]);
  });

  await t.test('cutoffs move forward only, and come back by user and in pages', async () => {
    const cutoff = { userID: 'alice', platformID: 0, notBefore: now - 10, keepUntil: now + 60_000 };
    const others = [
      { ...cutoff, userID: '' },
      { ...cutoff, platformID: 5, notBefore: now - 5 },
      { ...cutoff, userID: 'bob', keepUntil: now + 1 },
    ];
    for (const each of [cutoff, ...others, { ...cutoff, notBefore: now - 20, keepUntil: now + 1 }]) {
      await store.cutOff(each);
    }
    assert.deepEqual(await cutoffsIn(), [others[0], cutoff, others[1], others[2]]);
    assert.equal((await cutoffsIn(now + 1)).length, 3);
    const own = new Map([
      [0, now - 10],
      [5, now - 5],
    ]);
    assert.deepEqual(await find('alice', 'nothing'), { end: undefined, ...noCutoffs, cutoffs: own });
    assert.deepEqual(await store.everyonesCutoffs(), new Map([[0, now - 10]]));
    await store.cutOff({ ...cutoff, notBefore: now });
    assert.equal((await find('alice', 'nothing')).cutoffs.get(0), now);
  });

  await t.test('what else goes in with ends hears of those that are new; all go in, or none', async () => {
    const heard: string[][] = [];
    const hear = async (_: unknown, written: readonly TokenEnd[]) => void heard.push(written.map(({ jti }) => jti));
    const ends = [endOf('n1', { userID: 'new' }), endOf('n2', { userID: 'new' })];
    const fail = async () => Promise.reject(new Error('no'));
    await assert.rejects(store.record(ends, fail), /^Error: no$/);
    assert.equal((await find('new', 'n1')).end, undefined);
    await store.record(ends.slice(0, 1), hear);
    await store.record(ends, hear);
    await store.record(ends, hear);
    assert.deepEqual(heard, [['n1'], ['n2'], []]);
    const cutoff = { userID: 'new', platformID: 0, notBefore: now, keepUntil: now + 60_000 };
    await assert.rejects(store.cutOff(cutoff, fail), /^Error: no$/);
    assert.equal((await find('new', 'n1')).cutoffs.size, 0);
    let moved = 0;
    for (const notBefore of [now - 1, now - 1, now - 2, now]) {
      await store.cutOff({ ...cutoff, notBefore }, async () => void moved++);
    }
    assert.equal(moved, 2);
  });

  await t.test('of logouts everywhere but here the latest counts, with the token that it spares', async () => {
    const cutoff = { userID: 'dave', platformID: 0, notBefore: now - 10, keepUntil: now + 60_000, spares: 'a' };
    const others = [
      { ...cutoff, platformID: 5, spares: 'b' },
      { ...cutoff, userID: 'erin', keepUntil: now + 1 },
    ];
    for (const each of [cutoff, ...others, { ...cutoff, notBefore: now - 20, spares: 'c' }]) {
      await store.cutOffButOne(each);
    }
    const kept = (at: number) => all((after?: KeptCutoff) => store.cutoffsButOne(after, at, 2));
    assert.deepEqual(await kept(now), [cutoff, ...others]);
    assert.deepEqual(await kept(now + 1), [cutoff, others[0]]);
    await store.cutOffButOne({ ...cutoff, notBefore: now, spares: 'd' });
    const cutoffsButOne = new Map([
      [0, { notBefore: now, spares: 'd' }],
      [5, { notBefore: now - 10, spares: 'b' }],
    ]);
    assert.deepEqual(await find('dave', 'x'), { end: undefined, ...noCutoffs, cutoffsButOne });
  });

  await t.test('counts what is known by name alone', async () => {
    await store.record([
      endOf('named', { userID: 'dave', platformID: unknownPlatform }),
      endOf('known', { userID: 'dave' }),
    ]);
    assert.deepEqual([await store.countUnknown('dave', now), await store.countUnknown('dave', now + 60_000)], [1, 0]);
  });

  await t.test('a sweep takes what concerns only tokens that have expired', async () => {
    const before = await endsIn();
    assert.equal(await store.sweep(now), 0);
    assert.deepEqual(await endsIn(), before);
    assert.equal(await store.sweep(now + 1), 1);
    assert.equal(await store.sweep(now + 60_000), before.length - 1);
    assert.deepEqual([await endsIn(0), await cutoffsIn(0), await store.cutoffsButOne(undefined, 0, 9)], [[], [], []]);
  });

  await t.test(
    'what goes with logins hears of each end, and of a cutoff that moves; both hold, or neither',
    async () => {
      const userID = 'followed';
      const superseded = { userID, state: 'superseded', reason: '', acceptedUntil: now + 5000 } as const;
      const ends = [endOf('f1', { userID }), endOf('f2', { userID, state: 'kicked' }), endOf('f3', superseded)];
      follower.take();
      follower.isFailing = true;
      await assert.rejects(store.record(ends), /it cannot follow/);
      const cutoff = { userID, platformID: 5, notBefore: now, keepUntil: now + 60_000 };
      await assert.rejects(store.cutOff(cutoff), /it cannot follow/);
      await assert.rejects(store.cutOffButOne({ ...cutoff, spares: 'f4' }), /it cannot follow/);
      assert.deepEqual(await find(userID, 'f1'), { end: undefined, ...noCutoffs });
      follower.isFailing = false;
      await store.record(ends);
      await store.record(ends.slice(0, 1));
      assert.deepEqual(follower.take(), ['ended f1 f2', 'ended f1'], 'who is kicked again may have left something');
      for (const notBefore of [now, now, now - 1]) {
        await store.cutOff({ ...cutoff, notBefore });
        await store.cutOffButOne({ ...cutoff, notBefore, spares: 'f4' });
      }
      const cut = `cut off followed/5 before ${now}`;
      assert.deepEqual(follower.take(), [cut, `${cut} but f4`]);
    },
  );

  await t.test(
    'what goes with a login goes on with it, to where its renewals have led and ended in whatever order',
    async () => {
      const renewed = (jti: string, successor: string) =>
        endOf(jti, {
          ...{ userID: 'renewed', state: 'superseded', reason: '', acceptedUntil: now + 5000 },
          successor: { jti: successor, expiresAt: now + 60_000 },
        });
      await store.record([renewed('r3', 'r4'), renewed('s1', 's2')]);
      await store.record([endOf('r4', { userID: 'renewed' })]);
      await store.record([endOf('s2', { userID: 'renewed', platformID: unknownPlatform, expiresAt: now + 70_000 })]);
      follower.take();
      await store.record([renewed('r1', 'r2'), renewed('r2', 'r3'), endOf('e', { userID: 'renewed' })]);
      assert.deepEqual(follower.take(), [
        'renewed r1 as r2 r2 as r3',
        'renewed r2 as r3 r3 as r4',
        'renewed r3 as r4',
        'ended e r4 r4',
      ]);
      await store.record([renewed('s1', 's2')]);
      assert.deepEqual(follower.take(), ['renewed s1 as s2', 'ended s2']);
    },
  );
}
