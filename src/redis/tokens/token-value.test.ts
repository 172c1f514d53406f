/** The value of a token's key, from our side; test/redis/token-values.test.ts holds the scripts to the same table. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { tokenValues } from '../../../test/support/token-values.ts';
import type { TokenRecord } from '../../tokens/token-store.ts';
import { formatToken, issueOrderOf, parseToken } from './token-value.ts';

const record: TokenRecord = {
  jti: 'jti',
  userID: 'alice',
  platformID: 1,
  issuedAt: 1_790_000_000_123,
  expiresAt: 1_790_000_500_000,
  deviceName: '',
  state: 'live',
  reason: '',
  acceptedUntil: 0,
  lastSeenAt: 0,
};
const key = { jti: 'jti', userID: 'alice', expiresAt: 1_790_000_500_000 };

const changes: readonly Partial<TokenRecord>[] = [
  {},
  { platformID: 11 },
  { state: 'kicked', reason: 'policy' },
  { state: 'revoked', reason: 'revoked' },
  { state: 'superseded', acceptedUntil: 1_790_000_300_000 },
  { lastSeenAt: 1_790_000_000_777 },
  { deviceName: 'a|b%7C 📱' },
  { state: 'kicked', reason: 'openim', lastSeenAt: 1, deviceName: '|' },
  { keyMark: 'Q7' },
  { keyMark: 'Q7', state: 'kicked', reason: 'forced', loginAt: 1_789_913_600_123 },
  { state: 'superseded', acceptedUntil: 1_790_000_300_000, successor: { jti: 'a-_Z', expiresAt: 1_790_000_600_000 } },
];
for (const change of changes) {
  test(`a token comes back as it was written: ${JSON.stringify(change)}`, () => {
    assert.deepEqual(parseToken(key, formatToken({ ...record, ...change })), { ...record, ...change });
  });
}

test('a fresh token is twelve characters: as many as fit into 32 bytes with the head that Redis gives them', () => {
  assert.equal(formatToken({ ...record, keyMark: 'Q7' }).length, 12);
});

test('fields of a later version are ignored', () => {
  const value = `${formatToken({ ...record, lastSeenAt: 5, deviceName: 'x' })}||||later|than|this`;
  assert.deepEqual(parseToken(key, value), { ...record, lastSeenAt: 5, deviceName: 'x' });
});

test('the order is the instant of issue unless the scripts gave another', () => {
  assert.equal(issueOrderOf(formatToken({ ...record, keyMark: 'Q7' })), record.issuedAt);
  assert.equal(issueOrderOf(formatToken(record)), record.issuedAt);
  assert.equal(issueOrderOf(`${formatToken(record)}|1790000000999`), 1_790_000_000_999);
  assert.equal(issueOrderOf(`${formatToken(record)}||1790000000999`), record.issuedAt);
});

for (const { what, value, token } of tokenValues()) {
  test(`T5 ${token === null ? 'nobody of ours has written' : 'can be read'}: ${what}`, () => {
    const parsed = parseToken(key, value);
    if (token === null) return assert.equal(parsed, undefined);
    const { issueOrder, ...fields } = token;
    assert.deepEqual(parsed, { ...key, ...fields });
    assert.equal(issueOrderOf(value), issueOrder);
  });
}
