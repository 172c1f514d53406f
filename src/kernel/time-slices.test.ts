/** Long loops give way: with a clock that only this test moves. */
import assert from 'node:assert/strict';
import { beforeEach, type TestContext, test } from 'node:test';
import { countingTurns } from '../../test/support/counting-turns.ts';
import {
  forEachInSlices,
  forEachOver,
  giveWay,
  mapInSlices,
  type Slices,
  sliceMs,
  sortedInSlices,
  UrgentSlices,
} from './time-slices.ts';

// Not within the piece of a walk of the test before.
beforeEach(() => new Promise(setImmediate));

test('a loop that fits into a slice is over at once', (t) => {
  t.mock.method(performance, 'now', () => 0);
  const seen: number[] = [];
  void forEachInSlices([1, 2, 3], (item) => seen.push(item));
  assert.deepEqual(seen, [1, 2, 3]);
});

test('a longer one lets others in between, and visits what is there when its turn comes', async (t) => {
  let now = 0;
  t.mock.method(performance, 'now', () => now);
  const [items, order] = [new Set([1, 2, 3, 4]), [] as (number | string)[]];
  setImmediate(() => order.push('others'));
  const done = forEachInSlices(items, (item) => {
    now += sliceMs / 2;
    order.push(item);
  });
  items.delete(3);
  await done;
  assert.deepEqual(order, [1, 2, 'others', 4]);
});

test('what is to take a while is done evenly over it, and at once where it is to take none', async (t) => {
  let now = 0;
  t.mock.method(performance, 'now', () => now);
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const items = Array.from({ length: 200 }, (_, index) => index);
  const seen: number[] = [];
  const done = forEachOver(items, 1000, (item) => seen.push(item));
  const counts: number[] = [];
  for (now = 0; now <= 1000; now += 250) {
    t.mock.timers.tick(250);
    await new Promise(setImmediate);
    counts.push(seen.length);
  }
  await done;
  assert.deepEqual(counts, [1, 50, 100, 150, 200]);
  assert.deepEqual(seen, items);
  await forEachOver(items, 0, (item) => seen.push(item));
  assert.equal(seen.length, 400);
});

test('what a visit throws rejects', async () => {
  const visit = () => {
    throw new Error('failed');
  };
  await assert.rejects(forEachInSlices([1], visit), /failed/);
});

test('a long list is sorted as by toSorted, equal ones in their order, and lets others in between', async (t) => {
  let now = 0;
  t.mock.method(performance, 'now', () => (now += sliceMs));
  for (const length of [0, 1, 256, 257, 1000, 4321]) {
    const items = Array.from({ length }, (_, index) => ({ key: (index * 7919) % 101, index }));
    const byKey = (a: { key: number }, b: { key: number }) => a.key - b.key;
    const [sorted, turns] = await countingTurns(() => sortedInSlices(items, byKey));
    assert.deepEqual(sorted, items.toSorted(byKey));
    assert.ok(turns >= Math.floor(length / 256), `${turns} turns for ${length}`);
  }
});

test('a long list is mapped in its order, and lets others in between', async (t) => {
  let now = 0;
  t.mock.method(performance, 'now', () => (now += sliceMs));
  const [mapped, turns] = await countingTurns(() => mapInSlices([1, 2, 3], (item) => item * 2));
  assert.deepEqual(mapped, [2, 4, 6]);
  assert.ok(turns >= 2);
});

test('O1 a turn of the event loop has one slice for all who walk, in pieces for those in line', async (t) => {
  const { walk, steps } = openWalks(t);
  const itemMs = sliceMs / 64;
  const all = Promise.all(Array.from({ length: 4 }, (_, index) => walk(`w${index}`, 256, itemMs)));
  // Whoever comes first finds a whole slice, and each of the others has begun.
  assert.deepEqual(steps.splice(0), [...Array(64).fill('w0'), 'w1', 'w2', 'w3']);
  for (let turn = 0; turn < 12; turn += 1) {
    await new Promise(setImmediate);
    assert.deepEqual(
      steps.splice(0),
      Array.from({ length: 64 }, (_, step) => `w${Math.floor(step / 16)}`),
    );
  }
  await all;
});

test('O1 with more in line than have a piece in one turn, the others have theirs in the next ones', async (t) => {
  const { read, steps } = openWalks(t);
  const all = Promise.all(Array.from({ length: 6 }, (_, index) => read(`r${index}`, 3, sliceMs / 2)));
  steps.length = 0;
  const turns: string[] = [];
  for (let turn = 0; turn < 6; turn += 1) {
    await new Promise(setImmediate);
    turns.push(steps.splice(0).join(' '));
  }
  assert.deepEqual(turns, ['r0 r1', 'r2 r3', 'r4 r5', 'r0 r1', 'r2 r3', 'r4 r5']);
  await all;
});

test('O1 what is short is over at once, whoever is in line', async (t) => {
  const { walk, steps } = openWalks(t);
  const long = Promise.all([walk('long', 32, sliceMs), walk('longer', 64, sliceMs)]);
  for (let turn = 0; turn < 4; turn += 1) {
    await new Promise(setImmediate);
    steps.length = 0;
    void walk('short', 3, sliceMs / 64);
    void walk('short', 3, sliceMs / 64);
    assert.deepEqual(steps, Array(6).fill('short'));
  }
  await long;
});

test('O1 newcomers go no further than a piece each while others are in line, and no further than a slice together', async (t) => {
  const { walk, steps, time } = openWalks(t);
  const long = walk('long', 8, sliceMs);
  await new Promise(setImmediate);
  steps.length = 0;
  const beganMs = time.nowMs;
  const all = Promise.all(Array.from({ length: 40 }, () => walk('new', 32, sliceMs / 64)));
  assert.equal(steps.length, 4 * 16 + 36);
  assert.equal(time.nowMs - beganMs, sliceMs + 36 * (sliceMs / 64));
  await Promise.all([long, all]);
});

test('O1 whoever holds what others wait for has slices of its own', async (t) => {
  const { walk, steps } = openWalks(t);
  const long = Promise.all(Array.from({ length: 8 }, () => walk('long', 32, sliceMs)));
  const urgent = walk('urgent', 12, sliceMs / 4, new UrgentSlices());
  const urgentByTurn = [];
  for (let turn = 0; turn < 3; turn += 1) {
    urgentByTurn.push(steps.splice(0).filter((name) => name === 'urgent').length);
    await new Promise(setImmediate);
  }
  assert.deepEqual(urgentByTurn, [4, 4, 4]);
  await Promise.all([long, urgent]);
});

/** Walks and reads on a clock that only they move, and whose each step was. */
function openWalks(t: TestContext) {
  const time = { nowMs: 0 };
  t.mock.method(performance, 'now', () => time.nowMs);
  const steps: string[] = [];
  const step = (name: string, takesMs: number) => {
    steps.push(name);
    time.nowMs += takesMs;
  };
  const walk = (name: string, length: number, itemMs: number, slices?: Slices) =>
    forEachInSlices(Array(length).fill(name), (item) => step(item, itemMs), slices);
  const read = async (name: string, pages: number, pageMs: number) => {
    step(name, pageMs);
    for (let page = 1; page < pages; page += 1) {
      await giveWay();
      step(name, pageMs);
    }
  };
  return { time, steps, walk, read };
}
