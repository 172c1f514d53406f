/** The time that a node goes by: that of Redis, which all nodes have in common. Part of the composition root; see app.ts. */
import { ClockWatch } from '../kernel/clock-watch.ts';
import type { RedisClient } from '../redis/client/client.ts';
import { registryKeys } from '../redis/nodes/node-keys.ts';
import { type Ground, lookAtClockEveryMs } from './ground.ts';

/** As {@link NodeObserver} is told of readings. */
export type ClockRead = (at: number, sentAtMs: number, receivedAtMs: number) => void;

/** So exactly is the time of Redis known before anything is judged by it, if Redis answers fast enough. */
const goodEnoughMs = 25;
const mostReadings = 5;

/**
 * From when it resolves on `ground.clock` is that of Redis.
 * @param redis the master that keeps the nodes' leases is asked
 * @returns takes what is read later on
 */
export async function followRedis(
  ground: Ground,
  opened: AsyncDisposableStack,
  redis: Pick<RedisClient, 'command'>,
): Promise<ClockRead> {
  const { sharedClock, clockWatch, hostClock, monotonicMs, metrics, logger } = ground;
  const clockRead: ClockRead = (at, sentAtMs, receivedAtMs) => {
    sharedClock.note(at, sentAtMs, receivedAtMs);
    metrics.clockAhead.set(sharedClock.hostAheadMs / 1000);
    metrics.clockUncertainty.set(sharedClock.uncertaintyMs / 1000);
  };
  const [key] = registryKeys;
  const read = async () => {
    const sentAtMs = monotonicMs();
    const [seconds, microseconds] = (await redis.command(key, ['TIME'])) as [string, string];
    clockRead(Number(seconds) * 1000 + Math.floor(Number(microseconds) / 1000), sentAtMs, monotonicMs());
  };
  for (let reading = 0; reading < mostReadings; reading += 1) {
    await read();
    if (sharedClock.uncertaintyMs <= goodEnoughMs) break;
  }
  clockWatch.begin();
  const { hostAheadMs } = sharedClock;
  if (Math.abs(hostAheadMs) >= worthSayingMs) {
    logger.warn({ hostAheadMs }, 'the clock of this host is not that of Redis, which this node goes by: set it');
  }
  const hostWatch = new ClockWatch({
    clock: hostClock,
    monotonicMs,
    onStep: (stepMs) => {
      metrics.clockSteps.inc({ clock: 'host', direction: stepMs < 0 ? 'back' : 'forward' });
      logger.warn({ stepMs }, 'the clock of this host was set: this node goes on by that of Redis');
      // A machine that slept looks the same, and its monotonic clock may have slept too. Heartbeats ask again anyway.
      read().catch(() => {});
    },
  });
  opened.use(setInterval(() => hostWatch.look(), lookAtClockEveryMs));
  return clockRead;
}

const worthSayingMs = 1000;
