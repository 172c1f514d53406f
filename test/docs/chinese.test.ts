/** Pages in Chinese say what the English ones say: the same sections, tables, commands and names, so that none drifts. */
import assert from 'node:assert/strict';
import { globSync } from 'node:fs';
import { basename, join } from 'node:path';
import { test } from 'node:test';
import { cellsOf, codeBlocks, readPage } from './markdown.ts';

const root = join(import.meta.dirname, '../..');
const pages = globSync(['*.zh-CN.md', 'docs/*.zh-CN.md'], { cwd: root }).map((chinesePath) => {
  const englishPath = chinesePath.replace('.zh-CN', '');
  return { chinesePath, englishPath, chinese: readPage(chinesePath), english: readPage(englishPath) };
});

test('the README and the pages that people begin with are there in Chinese', () => {
  assert.deepEqual(pages.map(({ englishPath }) => englishPath).sort(), [
    'README.md',
    'docs/migrating-from-openim.md',
    'docs/operations.md',
    'docs/token-lifetime.md',
    'docs/tokens.md',
  ]);
});

for (const { chinesePath, englishPath, chinese, english } of pages) {
  test(`${chinesePath} and ${englishPath} lead to each other`, () => {
    assert.ok(chinese.includes(`\n[English](${basename(englishPath)}) | 简体中文\n`));
    assert.ok(english.includes(`\nEnglish | [简体中文](${basename(chinesePath)})\n`));
  });

  test(`${chinesePath} has the sections of the English page`, () => {
    assert.deepEqual(levels(chinese), levels(english));
  });

  test(`${chinesePath} has as many paragraphs and points in each section`, () => {
    for (const [ours, theirs, title] of sectionPairs(chinese, english))
      assert.deepEqual(pieces(ours), pieces(theirs), title);
  });

  test(`${chinesePath} has the same commands, answers and programs`, () => {
    assert.deepEqual(programs(chinese), programs(english));
  });

  test(`${chinesePath} has the same tables, by their names and numbers`, () => {
    for (const [ours, theirs, title] of sectionPairs(chinese, english))
      assert.deepEqual(rows(ours), rows(theirs), title);
  });

  test(`${chinesePath} names in each section the same settings, commands, fields and files`, () => {
    for (const [ours, theirs, title] of sectionPairs(chinese, english))
      assert.deepEqual(names(ours), names(theirs), title);
  });

  test(`${chinesePath} says of each secret which one it is`, () => {
    assert.deepEqual(chinese.match(/.{0,10}(?<!管理|签名|客户端)密钥/g), null);
  });
}

/** Code in lists is indented. */
function unindented(page: string): string {
  return page.replace(/^ +```/gm, '```');
}

/** Without code, whose comments look like headings. */
function prose(page: string): string {
  return unindented(page).replace(/^```.*?^```$/gms, '');
}

/** Blocks marked as text are pictures, which may be translated line by line. */
function programs(page: string) {
  return codeBlocks(unindented(page)).map(({ language, text }) =>
    language === 'text' ? { language, lines: text.split('\n').length } : { language, text },
  );
}

function levels(page: string): string[] {
  return [...prose(page).matchAll(/^#+(?= )/gm)].map(([marks]) => marks);
}

function sections(page: string): string[] {
  return prose(page).split(/^(?=#+ )/m);
}

/** Each section in Chinese, the one at its place in English, and its title. */
function sectionPairs(chinese: string, english: string): (readonly [string, string, string | undefined])[] {
  const theirs = sections(english);
  return sections(chinese).map((ours, index) => [ours, theirs[index] ?? '', ours.split('\n', 1)[0]] as const);
}

function pieces(section: string) {
  return {
    paragraphs: section.trim().split(/\n\s*\n/).length,
    points: section.match(/^ *(?:-|\d+\.) /gm)?.length ?? 0,
  };
}

/** Of each row of a table how many cells it has, and what in it is no prose. */
function rows(section: string): string[] {
  const lines = section.split('\n').filter((line) => line.startsWith('|'));
  return lines.map((line) => {
    const cells = cellsOf(line);
    return [cells.length, ...cells.filter((cell) => /^[\d,.]+$/.test(cell)), ...codeIn(line).sort()].join(' ');
  });
}

/** Once each, for a sentence may name a thing again. */
function names(section: string): string[] {
  return [...new Set(codeIn(section))].sort();
}

function codeIn(text: string): string[] {
  // A span may go over the end of a line.
  return [...text.matchAll(/`([^`]+)`/g)].map(([, code = '']) => code.replace(/\s+/g, ' '));
}
