import assert from 'node:assert/strict';
import { test } from 'node:test';
import { randomPool } from './random-pool.ts';

test('no two pieces of a pool are the same bytes, and each has its size', () => {
  const take = randomPool(64);
  const pieces = [10, 10, 60, 10, 64, 200, 10].map((size) => [size, take(size)] as const);
  for (const [size, piece] of pieces) assert.equal(piece.length, size);
  assert.equal(new Set(pieces.map(([, piece]) => piece.toString('hex'))).size, pieces.length);
});

test('a piece keeps its bytes whatever is taken after it', () => {
  const take = randomPool(32);
  const first = take(10);
  const before = first.toString('hex');
  for (let round = 0; round < 20; round += 1) take(10).fill(0);
  assert.equal(first.toString('hex'), before);
});
