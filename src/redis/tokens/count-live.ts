/** Live tokens by platform, by walking over all of them: a census for the metrics, not for every request. */
import type { RedisClient } from '../client/client.ts';
import { tokenKeyPattern } from './token-keys.ts';
import { parseToken } from './token-value.ts';

export async function countLiveTokens(redis: RedisClient): Promise<ReadonlyMap<number, number>> {
  const counts = new Map<number, number>();
  for (const master of await redis.masters()) {
    for await (const keys of master.scan(tokenKeyPattern, 1000)) {
      // One by one in a pipeline: in a Cluster a master's keys are of many slots, which one MGET may not mix.
      const values = await Promise.all(keys.map((key) => master.command(['GET', key]).catch(noneOfOurs)));
      for (const value of values) {
        const record = typeof value === 'string' ? parseToken(anyToken, value) : undefined;
        if (record?.state !== 'live') continue;
        counts.set(record.platformID, (counts.get(record.platformID) ?? 0) + 1);
      }
    }
  }
  return counts;
}

/** Only the value is looked at. */
const anyToken = { userID: '', jti: '', expiresAt: 0 };

/** A key of another type says nothing; any other failure is the caller's. */
function noneOfOurs(error: unknown): null {
  if (error instanceof Error && error.message.startsWith('WRONGTYPE')) return null;
  throw error;
}
