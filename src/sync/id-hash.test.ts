import assert from 'node:assert/strict';
import { test } from 'node:test';
import { idHash } from './id-hash.ts';

// The samples of the protocol chapter (relations-groups, 10.4), recorded from the published server.
const samples: readonly (readonly [ids: readonly string[], hash: bigint])[] = [
  [[], 0n],
  [['a', 'b'], 16518927257079726733n],
  [['user1'], 11222236942677352100n],
  [['10001', '10002', '10003'], 3741583568248585219n],
  [['a<b', 'c&d'], 1567100384335965720n],
];

for (const [ids, hash] of samples) {
  test(`idHash of ${JSON.stringify(ids)} is what clients compute`, () => {
    assert.equal(idHash(ids), hash);
  });
}

test('idHash depends on the order', () => {
  assert.notEqual(idHash(['b', 'a']), idHash(['a', 'b']));
});

test('idHash escapes line separators as Go does, unlike JSON.stringify', () => {
  // MD5 of the twelve characters ["a\\u2028b"] with the separator written as an escape.
  assert.equal(idHash(['a\u2028b']), 0xc5d06c6afaa3ab22n);
});
