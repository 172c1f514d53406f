import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { parsePlatformTtls, parsePolicyTable } from './platform-tables.ts';

/** What a parser makes of the items, and what it complains of. */
function parsed<Result>(
  parse: (items: readonly string[], complain: (problem: string) => void) => Result,
  items: readonly string[],
) {
  const problems: string[] = [];
  return { result: parse(items, (problem) => problems.push(problem)), problems };
}

describe('lifetimes by platform', () => {
  test('are by ID, names in any case and with spaces around, admin tokens included', () => {
    const { result, problems } = parsed(parsePlatformTtls, ['web = 12h', 'HARMONYOS=30d', 'Admin=1s']);
    assert.deepEqual(problems, []);
    assert.deepEqual(
      [...result],
      [
        [5, 12 * 3_600_000],
        [11, 30 * 86_400_000],
        [10, 1000],
      ],
    );
  });

  for (const item of [
    'Mobile=1h',
    'Fridge=1h',
    'Web+IOS=1h',
    '=1h',
    'Web',
    'Web=',
    'Web=1',
    'Web=999ms',
    'Web=1h=2',
    'Web=3651d',
    'linux=2h',
  ]) {
    test(`refuses ${item}, and repeats it`, () => {
      const { problems } = parsed(parsePlatformTtls, ['Linux=1h', item]);
      assert.equal(problems.length, 1);
      assert.ok(problems[0]?.startsWith(item));
    });
  }
});

describe('the table of a custom login policy', () => {
  test('takes numbers of platforms for their names, as lifetimes do', () => {
    assert.deepEqual(parsed(parsePolicyTable, ['1+Pad=1', '5=3']).result, [
      { platforms: [1, 8, 9], size: 1 },
      { platforms: [5], size: 3 },
    ]);
    assert.deepEqual(
      [...parsed(parsePlatformTtls, ['5=12h', '12=1s']).result],
      [
        [5, 43_200_000],
        [12, 1000],
      ],
    );
    for (const item of ['10=1', '13=1', '0=1']) assert.equal(parsed(parsePolicyTable, [item]).problems.length, 1);
  });

  test('has rooms for platforms and classes in any case, each platform once', () => {
    const { result, problems } = parsed(parsePolicyTable, [
      'mobile + Pad=1',
      'PC+linux=2',
      ' Web+PC = 30',
      'Harmonyos=1',
    ]);
    assert.deepEqual(problems, []);
    assert.deepEqual(result, [
      { platforms: [1, 2, 8, 9], size: 1 },
      { platforms: [3, 4, 7], size: 2 },
      { platforms: [5, 3, 4, 7], size: 30 },
      { platforms: [11], size: 1 },
    ]);
  });

  for (const item of ['Admin=1', 'Mobile+Admin=1', 'Fridge=1', '=1', 'Mobile+=1', 'Mobile', 'Mobile=0', 'Mobile=-1']) {
    test(`refuses ${item}, and repeats it`, () => {
      const { problems } = parsed(parsePolicyTable, ['PC=1', item]);
      assert.equal(problems.length, 1);
      assert.ok(problems[0]?.startsWith(item));
    });
  }

  test('refuses sizes that are no plain number', () => {
    for (const size of ['1.5', '1e3', '01', ' ', '1000000', 'one']) {
      assert.equal(parsed(parsePolicyTable, [`PC=${size}`]).problems.length, 1, size);
    }
  });
});
