/** Every limit is held at its edge and one beyond by tests whose titles begin with `limit <key>:`. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { limits } from '../../src/config/limits.ts';
import { readTestTitles } from './test-titles.ts';

const titles = readTestTitles().map(({ title }) => title);

for (const key of Object.keys(limits)) {
  test(`${key} has a test at its edge and one beyond`, () => {
    const held = titles.filter((title) => title.startsWith(`limit ${key}: `));
    assert.ok(held.length >= 2, `tests with titles that begin with "limit ${key}: ", found ${held.length}`);
  });
}
