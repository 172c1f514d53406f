import assert from 'node:assert/strict';
import { test } from 'node:test';
import { HeardNumbers } from './pair-numbers.ts';

/** Whether something is missing, after each of these numbers; those of pulses are negative, 0 among them. */
function missing(...numbers: number[]): boolean[] {
  const heard = new HeardNumbers();
  return numbers.map((number) => heard.note('a', Math.abs(number), number <= 0, 0));
}

test('M4 of a node that was not heard before there may be what it told nobody, not knowing of us', () => {
  assert.deepEqual(missing(0, 0, 1, -1), [true, false, false, false]);
});

test('what lacks shows by the next publication or pulse, once', () => {
  assert.deepEqual(missing(0, 1, 3, 4, -6, -6, 7), [true, false, true, false, true, false, false]);
});

test('a node that counts anew had lost us, and what it sent meanwhile may lack', () => {
  assert.deepEqual(missing(0, 1, 2, 0, 1), [true, false, false, true, false]);
});
