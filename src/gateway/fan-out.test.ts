/** Pushes to many: in slices of a clock that only this test moves. */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { sliceMs } from '../kernel/time-slices.ts';
import { FanOut } from './fan-out.ts';

/** A fan-out whose pushes take `pushMs` each, and what it has pushed, as `lane receiver`. */
function slowFanOut(t: TestContext, pushMs: number) {
  let now = 0;
  t.mock.method(performance, 'now', () => now);
  const pushed: string[] = [];
  const fanOut = new FanOut<number>();
  const start = (lane: string, count: number, message = lane) =>
    fanOut.start(
      lane,
      Array.from({ length: count }, (_, i) => i),
      (receiver) => {
        now += pushMs;
        pushed.push(`${message} ${receiver}`);
      },
    );
  return { start, pushed };
}

async function untilLength(list: readonly unknown[], length: number): Promise<void> {
  while (list.length < length) await new Promise(setImmediate);
}

test('what fits into a slice is pushed at once', (t) => {
  const { start, pushed } = slowFanOut(t, 0);
  start('a', 3);
  assert.deepEqual(pushed, ['a 0', 'a 1', 'a 2']);
});

test('a turn of the event loop pushes for one slice, however many messages come', async (t) => {
  const { start, pushed } = slowFanOut(t, sliceMs / 64);
  for (const lane of ['a', 'b', 'c']) start(lane, 48);
  assert.equal(pushed.length, 64);
  await new Promise(setImmediate);
  assert.equal(pushed.length, 128);
  await untilLength(pushed, 144);
});

test('a message does not overtake the one before it in its conversation', async (t) => {
  const { start, pushed } = slowFanOut(t, sliceMs);
  start('chat', 3, 'first');
  start('chat', 1, 'second');
  await untilLength(pushed, 4);
  assert.deepEqual(pushed, ['first 0', 'first 1', 'first 2', 'second 0']);
});

test('a message to thousands lets other conversations through', async (t) => {
  const { start, pushed } = slowFanOut(t, sliceMs / 100);
  start('crowd', 5000);
  start('pair', 2);
  await untilLength(pushed, 5002);
  assert.ok(pushed.indexOf('pair 1') < 1000, `after ${pushed.indexOf('pair 1')} others`);
});
