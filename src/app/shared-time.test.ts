import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ClockWatch } from '../kernel/clock-watch.ts';
import { SharedClock } from '../kernel/shared-clock.ts';
import { createMetrics } from '../telemetry/metrics.ts';
import type { Ground } from './ground.ts';
import { followRedis } from './shared-time.ts';

test('a node goes by the clock of Redis, and says of its host how far that is ahead and when it was set', async (t) => {
  t.mock.timers.enable({ apis: ['setInterval'] });
  const time = { redis: Date.UTC(2030, 0, 1), host: Date.UTC(2030, 0, 1) - 7000, monotonicMs: 0 };
  const pass = (ms: number) => {
    for (const each of ['redis', 'host', 'monotonicMs'] as const) time[each] += ms;
  };
  const hostClock = () => time.host;
  const monotonicMs = () => time.monotonicMs;
  const sharedClock = new SharedClock({ hostClock, monotonicMs });
  const clockWatch = new ClockWatch({
    clock: () => sharedClock.now(),
    monotonicMs,
    onStep: () => assert.fail('no step'),
  });
  const warnings: unknown[] = [];
  const logger = { warn: (fields: unknown) => warnings.push(fields) };
  const metrics = createMetrics();
  const ground = { sharedClock, clockWatch, hostClock, monotonicMs, metrics, logger } as unknown as Ground;
  const takesMs = [400, 90, 4, 4];
  const command = async () => {
    const oneWayMs = (takesMs.shift() ?? 0) / 2;
    pass(oneWayMs);
    const [seconds, rest] = [Math.floor(time.redis / 1000), time.redis % 1000];
    pass(oneWayMs);
    return [String(seconds), String(rest * 1000)];
  };
  const opened = new AsyncDisposableStack();
  t.after(() => opened.disposeAsync());

  await followRedis(ground, opened, { command });
  clockWatch.look();
  assert.equal(takesMs.length, 1, 'it asks again until the answer comes fast');
  assert.ok(Math.abs(sharedClock.now() - time.redis) <= 3);
  time.host += 3_600_000;
  t.mock.timers.tick(1000);
  assert.deepEqual(warnings, [{ hostAheadMs: warningOf(warnings) }, { stepMs: 3_600_000 }]);
  await new Promise(setImmediate);
  assert.equal(takesMs.length, 0, 'it asks at once, for the machine may have slept');
  assert.match(await metrics.registry.metrics(), /clock_steps_total\{clock="host",direction="forward"\} 1/);
});

/** About -7 s, as exactly as it can be known. */
function warningOf([first]: readonly unknown[]): number {
  const { hostAheadMs } = first as { hostAheadMs: number };
  assert.ok(Math.abs(hostAheadMs + 7000) <= 3, `${hostAheadMs}`);
  return hostAheadMs;
}
