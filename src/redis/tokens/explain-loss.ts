/**
 * Why Redis no longer knows a token that it was given, told by what the server says of itself: the one that holds the
 * user's slot now.
 */
import type { LossCause } from '../../tokens/token-store.ts';
import type { RedisClient } from '../client/client.ts';
import { readInfo } from '../client/server-info.ts';
import { replacedKey } from './token-keys.ts';

/**
 * @param key any key of the user
 * @param issuedAt Unix ms
 * @param now Unix ms
 */
export async function explainLoss(redis: RedisClient, key: string, issuedAt: number, now: number): Promise<LossCause> {
  const info = await readInfo((args) => redis.command(key, args), ['server', 'stats', 'replication', 'commandstats']);
  const numberOf = (field: string) => Number(info.get(field) ?? 0);
  if (numberOf('evicted_keys') > 0) return 'eviction';
  if (info.has('cmdstat_flushall') || info.has('cmdstat_flushdb')) return 'flush';
  // Redis takes one whole second from another, so that what began 0.2 s ago may be 1 s old.
  const startedAtSeconds = Math.floor(now / 1000) - numberOf('uptime_in_seconds');
  if (startedAtSeconds >= Math.floor(issuedAt / 1000)) return 'restart';
  // A replica that was promoted remembers its old master's history; an empty one is forty zeros.
  if (/[^0]/.test(info.get('master_replid2') ?? '0')) return 'failover';
  // Nor need this server have been a replica: an old master may come back after another one has taken tokens in.
  const replacedAt = Number(await redis.get(replacedKey));
  return replacedAt > 0 && issuedAt <= replacedAt + nodesDifferMs ? 'failover' : 'unknown';
}

/** So much later than the first node another one, whose clock is another, too, may leave a master for the one in its place. */
const nodesDifferMs = 10_000;
