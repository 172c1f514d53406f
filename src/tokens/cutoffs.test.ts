import assert from 'node:assert/strict';
import { test } from 'node:test';
import { allPlatforms, effectiveCutoff, formatCutoffs, noCutoffs, parseCutoffs } from './cutoffs.ts';

test('the latest of all that apply is in effect', () => {
  const own = new Map([
    [allPlatforms, 20],
    [1, 10],
    [2, 40],
  ]);
  const everyones = new Map([
    [allPlatforms, 15],
    [5, 30],
  ]);
  assert.deepEqual(
    [1, 2, 3, 5].map((platformID) => effectiveCutoff(platformID, own, everyones)),
    [20, 40, 20, 30],
  );
  assert.equal(effectiveCutoff(5, everyones, own), 30, 'in whatever order');
  assert.equal(effectiveCutoff(1, noCutoffs, noCutoffs), 0);
  assert.equal(effectiveCutoff(1), 0);
});

test('come back from text as they were', () => {
  for (const cutoffs of [
    noCutoffs,
    new Map([[0, 1_790_000_000_000]]),
    new Map([
      [11, 1],
      [0, 2],
      [5, 3],
    ]),
  ]) {
    assert.deepEqual(parseCutoffs(formatCutoffs(cutoffs)), cutoffs);
  }
});

for (const text of ['x', '1', '1=', '=1', '1=x', '1=1.5', '1=1,', '1=1;2=2', '1=99999999999999999999']) {
  test(`T5 a text that nobody of ours wrote is a failure: ${text}`, () => {
    assert.throws(() => parseCutoffs(text), /unreadable/);
  });
}
