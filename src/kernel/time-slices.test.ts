/** Long loops give way: with a clock that only this test moves. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { forEachInSlices, sliceMs } from './time-slices.ts';

test('a loop that fits into a slice is over at once', () => {
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

test('what a visit throws rejects', async () => {
  const visit = () => {
    throw new Error('failed');
  };
  await assert.rejects(forEachInSlices([1], visit), /failed/);
});
