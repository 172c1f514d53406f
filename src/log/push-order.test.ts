import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PushOrder } from './push-order.ts';

function ordered(maxLogs = 10): { readonly order: PushOrder<string>; readonly pushed: string[] } {
  const pushed: string[] = [];
  return { pushed, order: new PushOrder<string>({ push: (push) => pushed.push(push), maxLogs }) };
}

test('M2: what comes too early waits for what lies before it', () => {
  const { order, pushed } = ordered();
  for (const seq of [1, 4, 3, 2, 5]) order.add('g', seq, `${seq}`);
  assert.deepEqual(pushed, ['1', '2', '3', '4', '5']);
});

test('what lacks is waited for a moment only, and still pushed when it comes', (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const { order, pushed } = ordered();
  for (const seq of [1, 4, 3]) order.add('g', seq, `${seq}`);
  t.mock.timers.tick(99);
  assert.deepEqual(pushed, ['1']);
  t.mock.timers.tick(1);
  assert.deepEqual(pushed, ['1', '3', '4']);
  for (const seq of [2, 5]) order.add('g', seq, `${seq}`);
  assert.deepEqual(pushed, ['1', '3', '4', '2', '5']);
});

test('each that comes too early has its whole moment, whatever was held before', (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const { order, pushed } = ordered();
  for (const seq of [1, 3]) order.add('g', seq, `${seq}`);
  t.mock.timers.tick(60);
  for (const seq of [2, 5]) order.add('g', seq, `${seq}`);
  t.mock.timers.tick(60);
  assert.deepEqual(pushed, ['1', '2', '3']);
  t.mock.timers.tick(40);
  assert.deepEqual(pushed, ['1', '2', '3', '5']);
});

test('other conversations, and what has no seq, wait for nothing', () => {
  const { order, pushed } = ordered();
  for (const seq of [1, 3]) order.add('g', seq, `g${seq}`);
  order.add('g', 0, 'typing');
  for (const seq of [7, 8]) order.add('h', seq, `h${seq}`);
  assert.deepEqual(pushed, ['g1', 'typing', 'h7', 'h8']);
});

test('O2: of so many conversations only the last ones are kept in mind, and nothing that is held is lost', () => {
  const { order, pushed } = ordered(2);
  for (const seq of [1, 3]) order.add('a', seq, `a${seq}`);
  order.add('b', 1, 'b1');
  assert.deepEqual(pushed, ['a1', 'b1']);
  order.add('c', 1, 'c1');
  assert.deepEqual(pushed, ['a1', 'b1', 'c1', 'a3']);
});
