import assert from 'node:assert/strict';
import { test } from 'node:test';
import { AnswerBudget } from './answer-budget.ts';

test('an answer is counted in bytes, whatever the script of its texts', () => {
  const budget = new AnswerBudget(9);
  assert.ok(budget.takes({ name: '用户', level: 7 }, undefined));
  assert.ok(budget.takes({ name: 'abc' }));
  assert.throws(() => budget.take({ name: 'd' }), { code: 1001 });
});
