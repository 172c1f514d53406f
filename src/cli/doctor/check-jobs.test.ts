import assert from 'node:assert/strict';
import { test } from 'node:test';
import { checkJobs } from './check-jobs.ts';

test('a job that failed is told with what kind of failure it was, one that fails again and again is a problem', () => {
  const row = (name: string, failures: number) => ({ name, failure: 'Error EBAD', failures, ended_at: 1e12 });
  assert.deepEqual(checkJobs([]), []);
  assert.deepEqual(
    checkJobs([row('a', 0), row('b', 0)]).map(({ severity }) => severity),
    ['ok'],
  );
  const [once, often] = checkJobs([row('once', 1), row('well', 0), row('often', 2)]);
  assert.deepEqual([once?.severity, once?.subject], ['advice', 'job once']);
  assert.deepEqual([often?.severity, often?.subject], ['problem', 'job often']);
  assert.match(often?.text ?? '', /2 times in a row, last at 2001-09-09T01:46:40.000Z: Error EBAD/);
});
