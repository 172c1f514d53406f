import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatDuration, parseDuration } from './duration.ts';

test('a duration is read with its unit, and written in the largest that fits', () => {
  for (const text of ['1ms', '250ms', '90s', '59m', '25h', '3650d']) {
    assert.equal(formatDuration(parseDuration(text) ?? 0), text);
  }
  assert.equal(formatDuration(parseDuration('48h') ?? 0), '2d');
  assert.equal(formatDuration(parseDuration('1500ms') ?? 0), '1500ms');
});

test('what is no duration is none', () => {
  for (const text of ['', '1', 'd', '1.5h', '-1s', '1e3s', '1 s', '1w', '1234567890123ms']) {
    assert.equal(parseDuration(text), undefined, text);
  }
});
