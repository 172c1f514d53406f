import assert from 'node:assert/strict';
import { test } from 'node:test';
import { groupIDFault } from './group-id.ts';

test('a group ID may have letters of all scripts, digits, and most signs', () => {
  for (const groupID of ['', '123', 'a_b', 'Team-1.b', '用户', 'ünï', 'a/b', '😀', 'x'.repeat(256)]) {
    assert.equal(groupIDFault(groupID), undefined, groupID);
  }
});

test('it may have no white space, no control character, no colon, and not more than 256 bytes', () => {
  for (const groupID of [
    ' ',
    'a b',
    'a\n',
    '\u0000',
    'a\u200Bb',
    '\u202Ea',
    'a:b',
    '\uD800',
    'a\u00A0b',
    'ä'.repeat(129),
  ]) {
    assert.ok(groupIDFault(groupID) !== undefined, JSON.stringify(groupID));
  }
});
