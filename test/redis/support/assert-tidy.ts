/** Scans a Redis for what must never be left behind in it. Layout: design.md 3. */
import assert from 'node:assert/strict';
import type { RedisClient, RedisNode } from '../../../src/redis/client/client.ts';

/**
 * Asserts, on every master: each key of Tessera's has a TTL, and each entry of a user's index has its token's key, or
 * is due itself.
 */
export async function assertTidy(redis: RedisClient): Promise<void> {
  for (const master of await redis.masters()) {
    for await (const keys of master.scan('tessera:*')) {
      await Promise.all(keys.map((key) => assertTidyKey(master, key)));
    }
  }
}

async function assertTidyKey(master: RedisNode, key: string): Promise<void> {
  // Gone since the scan saw it: -2.
  const ttlMs = await master.command(['PTTL', key]);
  assert.notEqual(ttlMs, -1, `${key} has no TTL`);
  if (!key.endsWith('}:tokens') || (await master.command(['TYPE', key])) !== 'zset') return;
  const entries = (await master.command(['ZRANGE', key, '0', '-1', 'WITHSCORES'])) as string[];
  for (let i = 0; i < entries.length; i += 2) {
    const token = `${key.slice(0, -1)}:${entries[i]}`;
    const dueAt = Math.abs(Number(entries[i + 1])) * 1000;
    const isThere = (await master.command(['EXISTS', token])) === 1;
    assert.ok(isThere || dueAt <= (await timeOf(master)), `${key} names ${entries[i]}, which is gone before its time`);
  }
}

/** Unix ms by the server's clock, which ends the keys. */
async function timeOf(master: RedisNode): Promise<number> {
  const [seconds, microseconds] = (await master.command(['TIME'])) as [string, string];
  return Number(seconds) * 1000 + Number(microseconds) / 1000;
}
