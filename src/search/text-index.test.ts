import assert from 'node:assert/strict';
import { test } from 'node:test';
import { restAfter, usualPace } from './text-index.ts';

test('the index rests long while somebody sends, unless it falls behind', () => {
  assert.equal(restAfter(usualPace, { isBusy: false, forMs: 0 }), 1);
  assert.equal(restAfter(usualPace, { isBusy: true, forMs: 59_999 }), 19);
  assert.equal(restAfter(usualPace, { isBusy: true, forMs: 60_000 }), 4);
});
