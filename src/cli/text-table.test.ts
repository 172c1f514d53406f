import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatInstant, terminalJson, textTable } from './text-table.ts';

test('columns are as wide as their widest cell, and nothing trails', () => {
  assert.equal(
    textTable([
      ['A', 'LONG'],
      ['wide', ''],
      ['', 'x'],
    ]),
    'A     LONG\nwide\n      x',
  );
});

/** Sets a title, clears the screen, the same in one byte, rings, breaks the line, turns the text around. */
const hostile = '\x1b]0;owned\x07\x1b[2J\x9b2J\x7f\r\na\u202eb';
const anyCommand = /[^\P{Cc}\n]|\p{Bidi_Control}/u;

test('T6 nothing in a cell reaches the terminal as a command, nor as a token or without end', () => {
  const table = textTable([
    ['name', hostile],
    ['token', 'eyJhbGciOiJIUzI1NiJ9.eyJhIjoxfQ.c2lnbmF0dXJl'],
    ['long', 'x'.repeat(10_000)],
  ]);
  assert.doesNotMatch(table, anyCommand);
  const [first = '', second = '', third = ''] = table.split('\n');
  assert.equal(first.replaceAll(/ +/g, ' '), 'name ]0;owned [2J 2J a b');
  assert.equal(second, 'token  [token]');
  assert.ok(third.length < 300);
});

test('JSON for programs says the same, and nothing to the terminal either', () => {
  const json = terminalJson({ claim: hostile });
  assert.doesNotMatch(json, anyCommand);
  assert.deepEqual(JSON.parse(json), { claim: hostile });
});

test('an instant that is never, or that no calendar has, is a dash', () => {
  assert.equal(formatInstant(Date.UTC(2030, 0, 2, 3, 4, 5, 678)), '2030-01-02 03:04:05');
  assert.deepEqual([0, Number.NaN, 1e300].map(formatInstant), ['-', '-', '-']);
});
