import assert from 'node:assert/strict';
import { test } from 'node:test';
import { AskedTogether } from './asked-together.ts';

test('what one turn asks for is asked for together, at most so much at once, and everybody gets the own answer', async () => {
  const asked: number[][] = [];
  const doubles = new AskedTogether(async (questions: readonly number[]) => {
    asked.push([...questions]);
    return questions.map((question) => question * 2);
  }, 3);
  const first = [1, 2, 3, 4].map((question) => doubles.ask(question));
  assert.deepEqual(await Promise.all(first), [2, 4, 6, 8]);
  assert.equal(await doubles.ask(5), 10);
  assert.deepEqual(asked, [[1, 2, 3], [4], [5]]);
});

test('who asked for what could not be answered is told so, and the next one is answered', async () => {
  const failure = new Error('no');
  let answers: readonly string[] | undefined;
  const asked = new AskedTogether(async (_questions: readonly string[]) => {
    if (answers === undefined) throw failure;
    return answers;
  });
  const outcomes = await Promise.allSettled([asked.ask('a'), asked.ask('b')]);
  assert.deepEqual(
    outcomes.map((outcome) => outcome.status === 'rejected' && outcome.reason),
    [failure, failure],
  );
  answers = [];
  await assert.rejects(asked.ask('c'), /not every question/);
  answers = ['d'];
  assert.equal(await asked.ask('d'), 'd');
});
