import assert from 'node:assert/strict';
import { test } from 'node:test';
import { checkSpace } from './check-data-dir.ts';

test('a disk that fills up is advice, one that is full a problem', () => {
  const severityAt = (bavail: number) => checkSpace({ bavail, blocks: 1000, bsize: 4096 }).severity;
  assert.deepEqual([500, 100, 99, 20, 19, 0].map(severityAt), ['ok', 'ok', 'advice', 'advice', 'problem', 'problem']);
  assert.equal(checkSpace({ bavail: 2 ** 21, blocks: 2 ** 30, bsize: 4096 }).severity, 'ok', 'gigabytes are plenty');
});
