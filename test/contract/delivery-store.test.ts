/** What every DeliveryStore does, and two workers on one of them, of which one stops and goes on; docs/adr/0015. */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import type { Delivery, DeliveryEntry } from '../../src/deliveries/delivery-store.ts';
import { DeliveryError, DeliveryWorker, type DeliveryWorkerOptions } from '../../src/deliveries/delivery-worker.ts';
import { SqlDeliveryStore } from '../../src/store/sql-delivery-store.ts';
import { type Databases, testOnEveryDatabase } from './every-database.ts';

const entry = (payload: string, key = 'k'): DeliveryEntry => ({
  topic: 'webhooks',
  key,
  deliveryID: `id of ${payload}`,
  payload,
});
const payloads = (rows: readonly Pick<Delivery, 'payload'>[]) => rows.map(({ payload }) => payload);

testOnEveryDatabase('DeliveryStore', async (t, databases) => {
  await t.test('rows of a key are claimed in order, by one at a time, and a claim that has ended writes nothing', () =>
    claims(databases),
  );
  await t.test('a row that is parked lets its key go on, comes back marked, or is dropped', () => parking(databases));
  await t.test('rows belong to their transaction, and keep the order of commits within a key', () =>
    transactions(databases),
  );
  await t.test('what comes of a row is written as it goes, and what is left of one keeps its place', () =>
    parts(databases),
  );
  await t.test('what is cancelled is not delivered, and other keys are', async () => {
    const { db } = databases;
    const store = new SqlDeliveryStore(db);
    const expiry = (key: string): DeliveryEntry => ({ ...entry(key, key), topic: 'expiries', dueAt: 50 });
    await db.transaction((tx) => store.add(tx, [expiry('x'), expiry('y'), expiry('z')], 10));
    await db.transaction((tx) => store.cancel(tx, 'expiries', ['z', 'x', 'none']));
    assert.deepEqual(await store.claim('expiries', 49, 60, 10), []);
    assert.deepEqual(
      (await store.claim('expiries', 50, 60, 10)).map(({ key }) => key),
      ['y'],
    );
    assert.equal((await store.counts('expiries')).waiting, 1);
  });
  await t.test(
    'O1: two processes deliver in order, at least once, each row’s removal once, though one of them stops',
    (sub) => twoWorkers(sub, databases),
  );
});

async function claims({ db, peer }: Databases): Promise<void> {
  const [a, b] = [new SqlDeliveryStore(db), new SqlDeliveryStore(peer)];
  await db.transaction((tx) => a.add(tx, [entry('1'), entry('2'), entry('other', 'o')], 100));
  assert.deepEqual(await a.claim('push', 100, 110, 10), []);
  assert.deepEqual(await a.claim('webhooks', 99, 110, 10), []);
  const [first, other, ...none] = [
    ...(await a.claim('webhooks', 100, 110, 1)),
    ...(await a.claim('webhooks', 100, 110, 9)),
  ];
  assert.ok(first && other && none.length === 0);
  const mine = first.key === 'k' ? first : other;
  const its = first.key === 'k' ? other : first;
  assert.deepEqual(await b.claim('webhooks', 109, 119, 10), []);
  await db.transaction((tx) => a.add(tx, [entry('3')], 101));
  const rows = await a.open(mine, 10);
  assert.deepEqual(payloads(rows), ['1', '2', '3']);
  assert.deepEqual(payloads(await a.open(mine, 1)), ['1']);
  assert.deepEqual(
    rows.map(({ deliveryID, createdAt, attempts, isReplayed }) => [deliveryID, createdAt, attempts, isReplayed]),
    [
      ['id of 1', 100, 0, false],
      ['id of 2', 100, 0, false],
      ['id of 3', 101, 0, false],
    ],
  );
  const takenOver = (await b.claim('webhooks', 110, 120, 10)).find(({ key }) => key === 'k');
  assert.ok(takenOver);
  const [one] = rows;
  assert.ok(one);
  assert.equal(await a.settle(mine, { delivered: [one.id], dueAt: 0 }), false);
  assert.equal(await a.settle(its, { delivered: [], dueAt: 0 }), false);
  assert.equal((await a.open(mine, 10)).length, 3);
  const failed = { id: one.id, attempts: 1, failure: 'no answer', parkedAt: undefined };
  assert.equal(await b.settle(takenOver, { delivered: [], failed, dueAt: 500 }), true);
  assert.deepEqual(
    (await a.claim('webhooks', 499, 600, 10)).map(({ key }) => key),
    ['o'],
  );
  const [again] = await a.claim('webhooks', 500, 600, 10);
  assert.ok(again);
  assert.deepEqual(
    (await a.open(again, 10)).map(({ attempts }) => attempts),
    [1, 0, 0],
  );
  assert.deepEqual(await b.counts('webhooks'), { waiting: 4, parked: 0, oldestAt: 100 });
  assert.equal(await a.settle(again, { delivered: rows.map(({ id }) => id), dueAt: 500 }), true);
  assert.equal(await a.settle(again, { delivered: [], dueAt: 500 }), false, 'its key is gone');
  const [last] = await b.claim('webhooks', 600, 700, 10);
  assert.ok(last);
  assert.equal(await b.settle(last, { delivered: (await b.open(last, 1)).map(({ id }) => id), dueAt: 0 }), true);
  assert.deepEqual(await b.counts('webhooks'), { waiting: 0, parked: 0, oldestAt: undefined });
}

async function parking({ db, peer }: Databases): Promise<void> {
  const [a, b] = [new SqlDeliveryStore(db), new SqlDeliveryStore(peer)];
  await db.transaction((tx) => a.add(tx, [entry('p1'), entry('p2'), entry('p3')], 100));
  const park = async (at: number) => {
    const [claim] = await a.claim('webhooks', at, at + 10, 1);
    assert.ok(claim);
    const [row] = await a.open(claim, 1);
    assert.ok(row);
    const failed = { id: row.id, attempts: 20, failure: 'answered HTML', parkedAt: at };
    assert.equal(await a.settle(claim, { delivered: [], failed, dueAt: at }), true);
    return row.id;
  };
  const ids = [await park(200), await park(201)];
  assert.deepEqual(await b.counts('webhooks'), { waiting: 1, parked: 2, oldestAt: 100 });
  const parked = await b.parked('webhooks', 0, 10);
  assert.deepEqual(
    parked.map(({ id, payload, parkedAt, failure, attempts }) => [id, payload, parkedAt, failure, attempts]),
    [
      [ids[0], 'p1', 200, 'answered HTML', 20],
      [ids[1], 'p2', 201, 'answered HTML', 20],
    ],
  );
  assert.deepEqual(payloads(await b.parked('webhooks', ids[0] ?? 0, 10)), ['p2']);
  assert.equal(await b.replay('push', ids, 300), 0);
  assert.equal(await b.replay('webhooks', ids.slice(0, 1), 300), 1);
  assert.equal(await b.drop('webhooks', [...ids, 999_999]), 1, 'an open one is not dropped');
  const [claim] = await a.claim('webhooks', 300, 310, 1);
  assert.ok(claim);
  const rows = await a.open(claim, 10);
  assert.deepEqual(
    rows.map(({ payload, isReplayed, attempts }) => [payload, isReplayed, attempts]),
    [
      ['p1', true, 0],
      ['p3', false, 0],
    ],
  );
  assert.equal(await a.settle(claim, { delivered: rows.map(({ id }) => id), dueAt: 300 }), true);
}

async function parts({ db, peer }: Databases): Promise<void> {
  const [a, b] = [new SqlDeliveryStore(db), new SqlDeliveryStore(peer)];
  await db.transaction((tx) => a.add(tx, [entry('1', 'p'), entry('2', 'p')], 100));
  const [claim] = await a.claim('webhooks', 100, 110, 1);
  assert.ok(claim);
  const [one, two] = await a.open(claim, 10);
  assert.ok(one && two);
  const entries = [
    { ...entry('soon', 'later'), dueAt: 600 },
    { ...entry('late', 'later'), dueAt: 600 },
    entry('now', 'n'),
  ];
  const failed = { id: two.id, attempts: 1, failure: 'no', parkedAt: undefined, payload: 'half of 2' };
  const settlement = { delivered: [one.id], failed, following: { entries, at: 105 }, dueAt: 650 };
  assert.equal(await b.settle({ ...claim, fence: 'another' }, settlement), false);
  assert.equal((await b.counts('webhooks')).waiting, 2);
  assert.equal(await a.settle(claim, settlement), true);
  const keysAt = async (at: number) => (await b.claim('webhooks', at, at + 1, 9)).map(({ key }) => key);
  assert.deepEqual(await keysAt(105), ['n']);
  assert.deepEqual(await keysAt(649), ['later', 'n'].sort());
  const claims = await b.claim('webhooks', 650, 700, 9);
  const rows = await Promise.all(claims.map((each) => b.open(each, 9)));
  assert.deepEqual(payloads(rows.flat()).sort(), ['half of 2', 'late', 'now', 'soon']);
  for (const [index, each] of claims.entries()) {
    await b.settle(each, { delivered: rows[index]?.map(({ id }) => id) ?? [], dueAt: 0 });
  }
  assert.equal((await b.counts('webhooks')).waiting, 0);
}

async function transactions({ db, peer }: Databases): Promise<void> {
  const [a, b] = [new SqlDeliveryStore(db), new SqlDeliveryStore(peer)];
  const failure = new Error('no');
  const undone = db.transaction(async (tx) => {
    await a.add(tx, [entry('undone')], 1);
    throw failure;
  });
  await assert.rejects(undone, failure);
  assert.deepEqual(await a.claim('webhooks', 1000, 1001, 10), []);
  // The second one waits for the end of the first, on either engine, and so comes after it.
  const isAdded = Promise.withResolvers<void>();
  const mayEnd = Promise.withResolvers<void>();
  const slow = db.transaction(async (tx) => {
    await a.add(tx, [entry('first')], 1);
    isAdded.resolve();
    await mayEnd.promise;
  });
  await isAdded.promise;
  const quick = peer.transaction((tx) => b.add(tx, [entry('second')], 1));
  await new Promise((resolve) => setImmediate(resolve));
  mayEnd.resolve();
  await Promise.all([slow, quick]);
  const [claim] = await a.claim('webhooks', 1, 2, 10);
  assert.ok(claim);
  const rows = await a.open(claim, 10);
  assert.deepEqual(payloads(rows), ['first', 'second']);
  await a.settle(claim, { delivered: rows.map(({ id }) => id), dueAt: 0 });
}

/** The first one is stopped in the middle of its first row, as by SIGSTOP, until the second one has done everything. */
async function twoWorkers(t: TestContext, { db, peer }: Databases): Promise<void> {
  const [a, b] = [new SqlDeliveryStore(db), new SqlDeliveryStore(peer)];
  let now = 1000;
  const heard: string[] = [];
  const hasBegun = Promise.withResolvers<void>();
  const goesOn = Promise.withResolvers<void>();
  const done = Promise.withResolvers<void>();
  const all = ['k', 'l'].flatMap((key) => Array.from({ length: 5 }, (_, index) => entry(`${key}${index}`, key)));
  const settled: boolean[] = [];
  const worker = (store: SqlDeliveryStore, deliver: DeliveryWorkerOptions['deliver']) => {
    const opened = new DeliveryWorker({
      topic: 'webhooks',
      store: {
        claim: (...args) => store.claim(...args),
        open: (...args) => store.open(...args),
        settle: async (...args) => {
          const isMine = await store.settle(...args);
          settled.push(isMine);
          if ((await store.counts('webhooks')).waiting === 0) done.resolve();
          return isMine;
        },
      },
      deliver,
      now: () => now,
      observer: { delivered: () => {}, failed: () => {}, heldUp: (error) => assert.fail(String(error)) },
      limits: { claimMs: 1000, pollMs: 5, restMs: 1, rowsPerClaim: 3, maxKeys: 2 },
    });
    opened.start();
    t.after(() => opened.close(0));
    return opened;
  };
  await db.transaction((tx) => a.add(tx, all, now));
  // A test that fails before is not to wait for it.
  t.after(() => goesOn.resolve());
  const stopped = worker(a, async ({ payload }) => {
    heard.push(`a ${payload}`);
    // With both keys: one that it has claimed and not opened yet would be refused while the other one works.
    if (heard.length === 2) hasBegun.resolve();
    await goesOn.promise;
  });
  await hasBegun.promise;
  now += 1001;
  worker(b, async ({ payload }) => {
    heard.push(payload);
  });
  await done.promise;
  for (const key of ['k', 'l']) {
    assert.deepEqual(
      heard.filter((line) => line.startsWith(key)),
      payloads(all).filter((line) => line.startsWith(key)),
    );
  }
  assert.ok(!settled.includes(false));
  goesOn.resolve();
  await stopped.close(10_000);
  assert.deepEqual(
    settled.filter((isMine) => !isMine),
    [false, false],
    'what the stopped one had in hand is refused by its fence',
  );
}

test('a delivery that fails is tried again later each time, as its receiver asks, and is parked in the end', async (t) => {
  const row: Delivery = { ...entry('x'), id: 1, createdAt: 0, attempts: 0, isReplayed: false };
  const dueAfter = async (attempts: number, error: unknown) => {
    const settled = Promise.withResolvers<unknown>();
    let isClaimed = false;
    const failures: unknown[] = [];
    const worker = new DeliveryWorker({
      topic: 'webhooks',
      store: {
        claim: async () => (isClaimed ? [] : [{ topic: 'webhooks', key: 'k', fence: 'f' }]),
        open: async () => {
          isClaimed = true;
          return [{ ...row, attempts }];
        },
        settle: async (_claim, settlement) => {
          settled.resolve(settlement);
          return true;
        },
      },
      deliver: async () => {
        throw error;
      },
      now: () => 0,
      observer: { delivered: () => {}, failed: (...args) => failures.push(args), heldUp: () => {} },
    });
    worker.start();
    t.after(() => worker.close(0));
    const outcome = await settled.promise;
    assert.equal(failures.length, 1);
    return outcome;
  };
  const failed = (attempts: number, failure: string, parkedAt?: number) => ({
    ...{ id: 1, attempts, failure, parkedAt, payload: 'x' },
  });
  const secret = 'it could not be delivered';
  for (const [attempts, error, expected] of [
    [0, new Error('says too much'), { delivered: [], failed: failed(1, secret), dueAt: 1000 }],
    [3, new DeliveryError('no'), { delivered: [], failed: failed(4, 'no'), dueAt: 8000 }],
    [12, new DeliveryError('no'), { delivered: [], failed: failed(13, 'no'), dueAt: 300_000 }],
    [0, new DeliveryError('busy', 7000), { delivered: [], failed: failed(1, 'busy'), dueAt: 7000 }],
    [0, new DeliveryError('busy', 9e9), { delivered: [], failed: failed(1, 'busy'), dueAt: 300_000 }],
    [19, new DeliveryError('no'), { delivered: [], failed: failed(20, 'no', 0), dueAt: 0 }],
  ] as const) {
    assert.deepEqual(await dueAfter(attempts, error), { ...expected, following: { entries: [], at: 0 } });
  }
});
