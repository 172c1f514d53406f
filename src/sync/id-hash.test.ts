import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import { idHash, ListHash } from './id-hash.ts';

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

test('the hash of a list of objects is that of its JSON as Go writes it, whatever the pieces it came in', () => {
  const json = '[{"a":"\\u003c\\u0026ü","b":1},{"a":"","b":2},{"a":"x","b":3}]';
  const expected = createHash('md5').update(json).digest().readBigUInt64BE();
  const items = [
    { a: '<&ü', b: 1 },
    { a: '', b: 2 },
    { a: 'x', b: 3 },
  ];
  for (const pieces of [[items], [items.slice(0, 1), [], items.slice(1)], items.map((item) => [item])]) {
    const hash = new ListHash();
    for (const piece of pieces) hash.add(piece);
    assert.equal(hash.digest(), expected);
  }
  assert.equal(new ListHash().digest(), createHash('md5').update('[]').digest().readBigUInt64BE());
});
