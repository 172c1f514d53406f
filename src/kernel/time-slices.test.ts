/** Long loops give way: with a clock that only this test moves. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { countingTurns } from '../../test/support/counting-turns.ts';
import { forEachInSlices, forEachOver, mapInSlices, sliceMs, sortedInSlices } from './time-slices.ts';

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
