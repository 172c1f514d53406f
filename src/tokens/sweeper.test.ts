/** Over a real SQLite store, with a clock that jumps. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { hourMs, openSqliteTokens, TestAuthority } from '../../test/support/token-authority.ts';
import { ClockWatch } from '../kernel/clock-watch.ts';
import { TokenSweeper } from './sweeper.ts';

test('T1 a clock that jumps ahead and back again deletes no live token; what has ended goes once it is steady', async () => {
  const time = { now: Date.UTC(2030, 0, 1), monotonicMs: 0 };
  const clock = () => time.now;
  await using tokens = await openSqliteTokens(clock);
  const authority = new TestAuthority(tokens.store, { clock });
  const clockWatch = new ClockWatch({ clock, monotonicMs: () => time.monotonicMs, onStep: () => {} });
  const sweeper = new TokenSweeper({ store: tokens.store, clockWatch });
  const pass = (ms: number) => {
    time.now += ms;
    time.monotonicMs += ms;
  };
  pass(2 * hourMs);
  const token = await authority.login('alice');

  time.now += 91 * 24 * hourMs;
  for (let minute = 0; minute < 59; minute++) {
    assert.equal(await sweeper.sweep(), 0);
    pass(60_000);
  }
  assert.equal(await authority.verdict(token), 1501);
  time.now -= 91 * 24 * hourMs;
  assert.equal(await authority.verdict(token), 0);

  pass(24 * hourMs);
  assert.equal(await sweeper.sweep(), 0);
  pass(hourMs);
  assert.equal(await sweeper.sweep(), 1);
});
