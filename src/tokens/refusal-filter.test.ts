import assert from 'node:assert/strict';
import { test } from 'node:test';
import { RefusalFilter } from './refusal-filter.ts';

function openFilter(maxPerMinute = 100) {
  let now = Date.UTC(2030, 0, 1);
  const filter = new RefusalFilter(() => now, maxPerMinute);
  return { judge: (key: string) => filter.judge(key), passTime: (ms: number) => (now += ms) };
}

test('the same refusal is admitted once a minute', () => {
  const { judge, passTime } = openFilter();
  assert.deepEqual([judge('a'), judge('a'), judge('b')], ['admitted', 'repeated', 'admitted']);
  passTime(59_999);
  assert.equal(judge('a'), 'repeated');
  passTime(1);
  assert.equal(judge('a'), 'admitted');
});

test('being repeated does not put the end off', () => {
  const { judge, passTime } = openFilter();
  judge('a');
  passTime(30_000);
  judge('a');
  passTime(30_000);
  assert.equal(judge('a'), 'admitted');
});

test('O2 no more than so many are admitted, and remembered, within a minute', () => {
  const { judge, passTime } = openFilter(2);
  assert.deepEqual(
    [judge('a'), judge('b'), judge('c'), judge('a')],
    ['admitted', 'admitted', 'one too many', 'repeated'],
  );
  passTime(60_000);
  assert.equal(judge('c'), 'admitted');
});
