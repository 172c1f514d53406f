/** What is still in a Redis when every token has ended. */
import { connectRedis } from '../../src/redis/client/client.ts';
import { benchRedis } from './bench-redis.ts';

export interface KeysLeft {
  readonly all: number;
  /** Of them those that never go. */
  readonly withoutTtl: number;
}

export async function keysLeft(redisUrl: string): Promise<KeysLeft> {
  await using redis = await connectRedis(redisUrl, benchRedis);
  const ttls = new Map<string, unknown>();
  for (const master of await redis.masters()) {
    for await (const keys of master.scan('*')) {
      const answers = await Promise.all(keys.map((key) => master.command(['PTTL', key])));
      for (const [index, key] of keys.entries()) ttls.set(key, answers[index]);
    }
  }
  const present = [...ttls.values()].filter((ttl) => ttl !== -2);
  return { all: present.length, withoutTtl: present.filter((ttl) => ttl === -1).length };
}
