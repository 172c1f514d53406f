import assert from 'node:assert/strict';
import { test } from 'node:test';
import { KnownLevels } from './known-levels.ts';

test('a level is known until something of its user changes', () => {
  const levels = new KnownLevels();
  levels.keep('a', 0);
  levels.keep('b', 2);
  levels.changed(new Set(['b', 'c']));
  assert.deepEqual([levels.find('a'), levels.find('b')], [0, undefined]);
  levels.anythingChanged();
  assert.equal(levels.find('a'), undefined);
});

test('O2: levels are not kept beyond a bound', () => {
  const levels = new KnownLevels(2);
  for (const userID of ['a', 'b', 'c']) levels.keep(userID, 0);
  assert.deepEqual(
    ['a', 'b', 'c'].map((userID) => levels.find(userID)),
    [undefined, 0, 0],
  );
});
