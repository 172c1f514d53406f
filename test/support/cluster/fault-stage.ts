/** Where faults happen: three nodes behind nginx on stores of one kind or another, all of the test's own. */

import { clockOff } from '../services/faketime.ts';
import { startPostgres, startPostgresStandby } from '../services/postgres.ts';
import { startRedis } from '../services/redis.ts';
import { type RedisCluster, startRedisCluster } from '../services/redis-cluster.ts';
import { type RedisSentinel, startRedisSentinel } from '../services/redis-sentinel.ts';
import type { Service } from '../services/service.ts';
import { NodeCluster } from './node-cluster.ts';

export interface FaultStage {
  readonly cluster: NodeCluster;
  /** Where the database is now, past all proxies. */
  databaseUrl: string;
  /** The only one, where there is one. */
  readonly redis?: Service;
  readonly sentinel?: RedisSentinel;
  readonly redisCluster?: RedisCluster;
  readonly postgres: Service;
  readonly standby?: Service;
}

/** What keeps tokens keeps what it has acknowledged, also over a kill. */
const durable = { args: ['--appendonly', 'yes', '--appendfsync', 'always'] };

type Open = (owned: AsyncDisposableStack) => Promise<FaultStage>;

/** By what is special about them. */
export const stages = {
  'single stores': async (owned) => {
    const [postgres, redis] = [owned.use(await startPostgres()), owned.use(await startRedis(durable))];
    const stores = { databaseUrl: postgres.url, redisUrl: redis.url };
    const cluster = owned.use(await NodeCluster.open({ nodes: 3, ...stores }));
    return { cluster, postgres, redis, databaseUrl: postgres.url };
  },

  'a standby of PostgreSQL': async (owned) => {
    const [postgres, redis] = [owned.use(await startPostgres()), owned.use(await startRedis(durable))];
    const standby = owned.use(await startPostgresStandby(postgres));
    const stores = { databaseUrl: postgres.url, redisUrl: redis.url };
    const cluster = owned.use(await NodeCluster.open({ nodes: 3, ...stores }));
    return { cluster, postgres, standby, redis, databaseUrl: postgres.url };
  },

  'a Redis with Sentinel': async (owned) => {
    const [postgres, sentinel] = [owned.use(await startPostgres()), owned.use(await startRedisSentinel(durable))];
    const stores = { databaseUrl: postgres.url, redisUrl: sentinel.url };
    const cluster = owned.use(await NodeCluster.open({ nodes: 3, ...stores, isDirect: true }));
    return { cluster, postgres, sentinel, databaseUrl: postgres.url };
  },

  'a Redis Cluster': async (owned) => {
    const [postgres, redisCluster] = [owned.use(await startPostgres()), owned.use(await startRedisCluster(durable))];
    const stores = { databaseUrl: postgres.url, redisUrl: redisCluster.url };
    const cluster = owned.use(await NodeCluster.open({ nodes: 3, ...stores, isDirect: true }));
    return { cluster, postgres, redisCluster, databaseUrl: postgres.url };
  },

  'clocks that are apart': async (owned) => {
    const [postgres, redis] = [owned.use(await startPostgres()), owned.use(await startRedis(durable))];
    const stores = { databaseUrl: postgres.url, redisUrl: redis.url };
    const envOf = (node: number) => (node === 0 ? {} : clockOff(node === 1 ? 5 : -5));
    const cluster = owned.use(await NodeCluster.open({ nodes: 3, ...stores, envOf }));
    return { cluster, postgres, redis, databaseUrl: postgres.url };
  },

  'ten nodes that start at once': async (owned) => {
    const [postgres, redis] = [owned.use(await startPostgres()), owned.use(await startRedis(durable))];
    const stores = { databaseUrl: postgres.url, redisUrl: redis.url };
    const env = { TESSERA_DATABASE_CONNECTIONS: '8' };
    const cluster = owned.use(await NodeCluster.open({ nodes: 10, ...stores, env }));
    return { cluster, postgres, redis, databaseUrl: postgres.url };
  },
} satisfies Readonly<Record<string, Open>>;

export type StageName = keyof typeof stages;
