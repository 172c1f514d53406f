import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LogBudget } from './log-budget.ts';

test('O2 so many lines in a window, and the next window begins with how many were left out', () => {
  const time = { nowMs: 5 };
  const budget = new LogBudget({ maxLines: 2, windowMs: 1000, monotonicMs: () => time.nowMs });
  const written: number[] = [];
  const spend = (times: number) => {
    for (let i = 0; i < times; i++) budget.spend((leftOut) => written.push(leftOut));
  };
  spend(5);
  time.nowMs += 999;
  spend(1);
  assert.deepEqual(written, [0, 0]);
  time.nowMs += 1;
  spend(2);
  assert.deepEqual(written, [0, 0, 4, 0]);
});
