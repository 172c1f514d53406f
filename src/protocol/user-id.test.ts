import assert from 'node:assert/strict';
import { test } from 'node:test';
import { userIDFault } from './user-id.ts';

test('letters and digits of any script and _ make a user ID', () => {
  for (const userID of ['a', 'User_1', '_', '小明', 'é٣', 'a'.repeat(256)])
    assert.equal(userIDFault(userID), undefined);
});

test('anything else does not: other characters, numbers that are no digits, and what is over 256 bytes', () => {
  for (const userID of ['a:b', 'a b', 'a-b', 'a\n', 'adm½', 'Ⅳ', '\u202e']) {
    assert.equal(userIDFault(userID), 'may have only letters, digits and _', userID);
  }
  for (const userID of ['a'.repeat(257), 'é'.repeat(129)]) assert.equal(userIDFault(userID), 'is over 256 bytes');
});
