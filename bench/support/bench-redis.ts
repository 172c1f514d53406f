/** How benchmarks connect to Redis: patiently, for a busy machine is no failure. */
import type { RedisClientOptions } from '../../src/redis/client/client.ts';

export const benchRedis: RedisClientOptions = { onConnectionFailure: console.error, commandTimeoutMs: 20_000 };
