import assert from 'node:assert/strict';
import { test } from 'node:test';
import { guessBits } from './secret-strength.ts';

const weak = [
  'password',
  'P4$$w0rd!',
  '123456',
  '87654321',
  'aaaaaaaaaaaa',
  'abcabcabcabc',
  'qwertyuiop',
  'openIM123',
  'x',
];
for (const secret of weak) {
  test(`${secret} stands few guesses`, () => assert.ok(guessBits(secret) < 20, String(guessBits(secret))));
}

test('words and years are counted as such, the rest by the size of its alphabet', () => {
  assert.equal(guessBits('secret2026'), 16);
  assert.equal(guessBits('xkvz'), 4 * Math.log2(26));
  assert.equal(guessBits('xK'), 2 * Math.log2(52));
  assert.equal(guessBits('a:'), 2 * Math.log2(59));
});

test('random secrets are taken for what they are, about', () => {
  assert.ok(guessBits('k3JHv0d8VbU2nq6sT1yZmLwXr5oPcAeFgIiBhQ9tKuD') > 200);
  assert.ok(guessBits('9f3c1ad07be26458') > 60);
  assert.ok(guessBits('gloves undated marbling oxidize') > 100);
});

test('nothing is empty, and what is endless costs no more than what is long', () => {
  assert.equal(guessBits(''), 0);
  assert.equal(guessBits('ab'.repeat(1_000_000)), guessBits('ab'.repeat(128)));
});
