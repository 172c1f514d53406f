import assert from 'node:assert/strict';
import { test } from 'node:test';
import { hookFaults } from '../../scripts/hook-report.ts';

test('each hook of the reference is there, is fired by a call in a test, and its rules name tests', () => {
  assert.deepEqual(hookFaults(), []);
});
