/**
 * Every limit is held by tests whose titles begin with `limit <key>:`, at its edge and beyond. Those beyond say `more` or
 * `beyond`, those at the edge neither: by their number alone, the only one of a kind might go unnoticed.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { limits } from '../../src/config/limits.ts';
import { readTestTitles } from './test-titles.ts';

const titles = readTestTitles().map(({ title }) => title);

for (const key of Object.keys(limits)) {
  test(`${key} has a test at its edge and one beyond`, () => {
    const held = titles.filter((title) => title.startsWith(`limit ${key}: `));
    const isBeyond = (title: string) => /\b(?:more|beyond)\b/.test(title);
    const found = `tests with titles that begin with "limit ${key}: ":\n${held.join('\n')}`;
    assert.ok(!held.every(isBeyond), `none is at the edge, of ${found}`);
    assert.ok(held.some(isBeyond), `none says "more" or "beyond", of ${found}`);
  });
}

test('no title speaks of a limit that there is not', () => {
  const keys = titles.flatMap((title) => /^limit (\w+): /.exec(title)?.[1] ?? []);
  assert.deepEqual(
    keys.filter((key) => !(key in limits)),
    [],
  );
});
