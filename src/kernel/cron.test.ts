import assert from 'node:assert/strict';
import { test } from 'node:test';
import { cronFault, cronSchedule, timeZoneFault } from './cron.ts';

test('an expression is of its time zone, over the change of summer time too', () => {
  const nightly = cronSchedule('0 2 * * *', 'Europe/Berlin');
  const at = (text: string) => nightly.next(Date.parse(text));
  assert.equal(at('2026-11-29T12:00:00Z'), Date.parse('2026-11-30T01:00:00Z'));
  assert.equal(at('2026-07-01T12:00:00Z'), Date.parse('2026-07-02T00:00:00Z'));
  assert.equal(at('2026-11-30T01:00:00Z'), Date.parse('2026-12-01T01:00:00Z'), 'after it, not at it');
  // 02:00 does not exist on that day: what is to run every night runs.
  const springForward = at('2026-03-28T12:00:00Z') ?? 0;
  assert.equal(springForward, Date.parse('2026-03-29T01:00:00Z'));
});

test('what is no expression is told', () => {
  for (const good of ['0 2 * * *', '*/10 * * * *', '0 0 2 * * *', '@daily', '0 9-17/2 * * MON-FRI']) {
    assert.equal(cronFault(good), undefined, good);
  }
  for (const bad of ['', '*', '99 * * * *', '0 2 * *', 'every day at two', '2026-01-01T00:00:00', '0 0 30 2 *', '@x']) {
    assert.notEqual(cronFault(bad), undefined, bad);
  }
  assert.equal(timeZoneFault('Asia/Shanghai'), undefined);
  assert.notEqual(timeZoneFault('Asia/Atlantis'), undefined);
});
