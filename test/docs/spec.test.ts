/** docs/spec and the tests know the same rules. */
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { test } from 'node:test';
import { readPage } from './markdown.ts';
import { readTestTitles } from './test-titles.ts';

interface Rule {
  readonly number: string;
  readonly sentence: string;
  readonly sources: readonly string[];
  readonly tests: readonly { readonly file: string; readonly title: string }[];
}

const rules = ['tokens', 'messages', 'operation'].flatMap((page) => readRules(readPage(`docs/spec/${page}.md`)));
const titles = readTestTitles();

test('every rule has its sentence, the code that keeps it and tests that hold it', () => {
  for (const { number, sentence, sources, tests } of rules) {
    assert.ok(sentence !== '' && sources.length > 0 && tests.length > 0, number);
  }
});

test('the numbers are without gaps and repeats', () => {
  const numbers = rules.map(({ number }) => number);
  assert.deepEqual(numbers, [...numbered('T', 7), ...numbered('M', 5), ...numbered('O', 3)]);
});

test('every rule number at the beginning of a test title is a rule', () => {
  const known = new Set(rules.map(({ number }) => number));
  assert.deepEqual(
    titles.filter(({ rules: claimed }) => claimed.some((number) => !known.has(number))),
    [],
  );
});

for (const { number, sources, tests } of rules) {
  test(`${number}: what its page names exists`, () => {
    for (const source of sources) assert.ok(existsSync(new URL(`../../${source}`, import.meta.url)), source);
    for (const { file, title } of tests) {
      const found = titles.find((candidate) => candidate.file === file && candidate.title === title);
      assert.ok(found, `no test ${title} in ${file}`);
      assert.ok(found.rules.includes(number), `${title} does not begin with ${number}`);
    }
  });
}

/** A rule is a heading with its number, a paragraph, and two lists of `file`: text. */
function readRules(page: string): Rule[] {
  return page
    .split(/^## /m)
    .slice(1)
    .map((section) => {
      const [number = '', ...rest] = section.split('\n');
      const [sentence = '', places = '', held = ''] = rest.join('\n').split(/\*\*(?:Enforced in|Held by)\*\*/);
      return {
        number,
        sentence: sentence.trim(),
        sources: itemsOf(places).map(({ file }) => file),
        tests: itemsOf(held).map(({ file, text }) => ({ file, title: text })),
      };
    });
}

function itemsOf(list: string): { file: string; text: string }[] {
  return [...list.matchAll(/^- `([^`]+)`: (.+)$/gm)].map(([, file = '', text = '']) => ({ file, text }));
}

function numbered(letter: string, count: number): string[] {
  return Array.from({ length: count }, (_, index) => `${letter}${index + 1}`);
}
