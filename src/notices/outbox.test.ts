import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { countingTurns } from '../../test/support/counting-turns.ts';
import { sliceMs } from '../kernel/time-slices.ts';
import type { Transaction } from '../kernel/unit-of-work.ts';
import { Outbox, type OutboxLimits } from './outbox.ts';
import type { OutboxEntry, OutboxRow } from './outbox-store.ts';

const entry = (payload: string, key = 'k'): OutboxEntry => ({ topic: 'notices', key, payload });

test('rows are worked off after their commit and not before, and are then gone', async (t) => {
  const { outbox, rows, worked, begin } = world(t);
  const tx = begin();
  await outbox.add(tx, [entry('a'), entry('b')]);
  assert.deepEqual(worked, []);
  tx.commit();
  await outbox.close(limitMs);
  assert.deepEqual(worked, ['a', 'b']);
  assert.deepEqual(rows, []);
});

test('rows of a transaction that fails are never worked off', async (t) => {
  const { outbox, worked, begin } = world(t);
  await outbox.add(begin(), [entry('a')]);
  await outbox.close(limitMs);
  assert.deepEqual(worked, []);
});

test('rows of one key wait for each other; other keys go on', async (t) => {
  const { outbox, worked, hold, commit } = world(t);
  const release = hold('a1');
  await commit(entry('a1', 'a'), entry('a2', 'a'), entry('b1', 'b'));
  await turns();
  assert.deepEqual(worked, ['b1']);
  release();
  await outbox.close(limitMs);
  assert.deepEqual(worked, ['b1', 'a1', 'a2']);
});

test('O1: rows of one key give way to others, also where each is done at once', async (t) => {
  const { outbox, worked, commit } = world(t);
  const slow = Array.from({ length: 30 }, (_, index) => entry(`slow ${index}`));
  const [, turns] = await countingTurns(async () => {
    await commit(...slow);
    await outbox.close(limitMs);
  });
  assert.equal(worked.length, slow.length);
  assert.ok(turns > 10, `others had ${turns} turns`);
});

test('a row that fails is tried again, later each time, before the next one of its key', async (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const { outbox, worked, failures, failNext, commit } = world(t, { firstRetryMs: 100 });
  failNext('a', 2);
  await commit(entry('a'), entry('b'));
  await turns();
  assert.equal(failures.length, 1);
  t.mock.timers.tick(100);
  await turns();
  assert.equal(failures.length, 2);
  t.mock.timers.tick(199);
  await turns();
  assert.deepEqual(worked, []);
  t.mock.timers.tick(1);
  await turns();
  assert.deepEqual(worked, ['a', 'b']);
  await outbox.close(limitMs);
});

test('what an earlier process left is worked off first, in its order', async (t) => {
  const { outbox, rows, worked, commit } = world(t);
  rows.push({ id: 1, ...entry('left 1') }, { id: 2, ...entry('left 2') });
  await outbox.resume();
  await commit(entry('new'));
  await outbox.close(limitMs);
  assert.deepEqual(worked, ['left 1', 'left 2', 'new']);
});

test('what exceeds the memory waits in the store, and keeps its order', async (t) => {
  const { outbox, rows, worked, most, hold, commit } = world(t, { maxHeld: 4, maxKeys: 2 });
  const names = Array.from({ length: 60 }, (_, index) => `row ${index}`);
  // One stays while others are read.
  const release = hold('row 0');
  for (const name of names) await commit(entry(name, `key ${Number(name.slice(4)) % 3}`));
  await turns();
  release();
  await outbox.close(limitMs);
  for (const key of [0, 1, 2]) {
    const isOfKey = (name: string) => Number(name.slice(4)) % 3 === key;
    assert.deepEqual(worked.filter(isOfKey), names.filter(isOfKey));
  }
  assert.deepEqual(rows, []);
  assert.ok(most() <= 4, `held ${most()}`);
});

test('no more keys are worked off at once than are allowed', async (t) => {
  const { outbox, worked, hold, commit } = world(t, { maxKeys: 2 });
  const releases = ['a', 'b', 'c'].map(hold);
  await commit(entry('a', 'a'), entry('b', 'b'), entry('c', 'c'), entry('d', 'd'));
  await turns();
  assert.deepEqual(worked, []);
  releases[0]?.();
  releases[1]?.();
  await turns();
  assert.deepEqual(worked, ['a', 'b', 'd']);
  releases[2]?.();
  await outbox.close(limitMs);
});

test('a row that cannot be removed is removed later, and not worked off again', async (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const { outbox, rows, worked, failRemovals, commit } = world(t, { firstRetryMs: 100 });
  failRemovals(1);
  await commit(entry('a'));
  await turns();
  assert.equal(rows.length, 1);
  t.mock.timers.tick(100);
  await turns();
  assert.deepEqual([rows, worked], [[], ['a']]);
  await outbox.close(limitMs);
});

test('closing gives up a row that goes on failing, which stays for the next start', async (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const { outbox, rows, failNext, commit } = world(t, { firstRetryMs: 10 });
  failNext('a', Number.POSITIVE_INFINITY);
  await commit(entry('a'));
  const closed = outbox.close(5);
  await turns();
  t.mock.timers.tick(5);
  await closed;
  assert.deepEqual(
    rows.map(({ payload }) => payload),
    ['a'],
  );
});

/** Longer than any of these tests takes. */
const limitMs = 60_000;

/** Lets everything go on that can without a timer. */
async function turns(): Promise<void> {
  for (let turn = 0; turn < 20; turn += 1) await new Promise((resolve) => setImmediate(resolve));
}

/** An outbox over an array, whose handler notes what it worked off unless it was told to fail or to wait. */
function world(_t: TestContext, limits: Partial<OutboxLimits> = {}) {
  const rows: OutboxRow[] = [];
  const worked: string[] = [];
  const failures: unknown[] = [];
  const failing = new Map<string, number>();
  const held = new Map<string, Promise<void>>();
  let failingRemovals = 0;
  let lastID = 1000;
  let mostHeld = 0;
  const outbox = new Outbox({
    store: {
      add: async (tx, entries) => {
        const added = entries.map((added) => ({ ...added, id: ++lastID }));
        (tx as FakeTransaction).onCommit(() => rows.push(...added));
        return added;
      },
      take: async () => true,
      oldest: async (limit) => rows.slice(0, limit),
      remove: async (ids) => {
        if (failingRemovals-- > 0) throw new Error('cannot remove');
        for (const id of ids) rows.splice(rows.findIndex((row) => row.id === id) >>> 0, 1);
      },
    },
    handlers: {
      'friend-profiles': async () => {},
      'group-profiles': async () => {},
      notices: async ({ payload }) => {
        const left = failing.get(payload) ?? 0;
        failing.set(payload, left - 1);
        if (left > 0) throw new Error(`${payload} failed`);
        await held.get(payload);
        if (payload.startsWith('slow')) holdEventLoop();
        worked.push(payload);
      },
    },
    now: () => 0,
    observer: {
      waiting: (count) => {
        mostHeld = Math.max(mostHeld, count);
      },
      failed: (error) => failures.push(error),
    },
    limits,
  });
  const begin = () => new FakeTransaction();
  return {
    outbox,
    rows,
    worked,
    failures,
    begin,
    most: () => mostHeld,
    commit: async (...entries: OutboxEntry[]) => {
      const tx = begin();
      await outbox.add(tx, entries);
      tx.commit();
    },
    failNext: (payload: string, times: number) => failing.set(payload, times),
    failRemovals: (times: number) => {
      failingRemovals = times;
    },
    hold: (payload: string) => {
      const { promise, resolve } = Promise.withResolvers<void>();
      held.set(payload, promise);
      return resolve;
    },
  };
}

/** For a whole slice. */
function holdEventLoop(): void {
  const endsAtMs = performance.now() + sliceMs;
  while (performance.now() < endsAtMs);
}

class FakeTransaction implements Transaction {
  readonly #effects: (() => void | Promise<void>)[] = [];
  readonly #writes: (() => void)[] = [];

  afterCommit(effect: () => void | Promise<void>): void {
    this.#effects.push(effect);
  }

  onCommit(write: () => void): void {
    this.#writes.push(write);
  }

  commit(): void {
    for (const write of this.#writes) write();
    for (const effect of this.#effects) void effect();
  }
}
