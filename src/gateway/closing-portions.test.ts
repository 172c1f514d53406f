import assert from 'node:assert/strict';
import { test } from 'node:test';
import { forEachInSlices } from '../kernel/time-slices.ts';
import { ClosingPortions, restMs, socketsAtOnce } from './closing-portions.ts';

test('O1 so many sockets are ended at once, and the next ones after a rest; who is only looked at does not count', async (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  t.mock.method(performance, 'now', () => 0);
  const portions = new ClosingPortions();
  let visited = 0;
  const all = forEachInSlices(
    Array.from({ length: 1000 }, (_, index) => index),
    (index) => {
      visited += 1;
      if (index % 10 === 0) portions.count();
    },
    portions,
  );
  for (const expected of [311, 631, 951]) {
    assert.equal(visited, expected);
    t.mock.timers.tick(restMs - 1);
    await new Promise(setImmediate);
    assert.equal(visited, expected);
    t.mock.timers.tick(1);
    await new Promise(setImmediate);
  }
  await all;
  assert.equal(visited, 1000);
  assert.equal(socketsAtOnce, 32);
});
