/** Live tokens by platform, by walking over all of them: a census for the metrics, not for every request. */
import type { RedisClient } from '../client/client.ts';

export async function countLiveTokens(redis: RedisClient): Promise<ReadonlyMap<number, number>> {
  const counts = new Map<number, number>();
  for (const master of await redis.masters()) {
    for await (const keys of master.scan('tessera:{*}:token:*', 1000)) {
      // One by one in a pipeline: in a Cluster a master's keys are of many slots, which one MGET may not mix.
      const values = await Promise.all(keys.map((key) => master.command(['GET', key])));
      for (const value of values) {
        if (typeof value !== 'string' || !value.startsWith('l')) continue;
        const platformID = Number.parseInt(value.slice(1, 2), 36);
        counts.set(platformID, (counts.get(platformID) ?? 0) + 1);
      }
    }
  }
  return counts;
}
