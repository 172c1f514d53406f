/** The three ways in which Redis is deployed, for tests that must hold on each. */
import { type TestContext, test } from 'node:test';
import { connectRedis, type RedisClient, type RedisClientOptions } from '../../../src/redis/client/client.ts';
import type { Service } from '../../support/services/service.ts';
import { clusterForSuite, redisForSuite, type SuiteScope, sentinelForSuite } from '../../support/test-services.ts';

export interface DeployedRedis {
  /** For TESSERA_REDIS_URL. */
  readonly url: string;
  /** The servers that hold data. */
  readonly servers: readonly Service[];
}

/** Settings that keep every acknowledged write over a kill. */
const DURABLE = ['--appendonly', 'yes', '--appendfsync', 'always'];

type Start = (t: SuiteScope) => Promise<DeployedRedis | undefined>;

const deployments = {
  'one server': async (t) => {
    const server = await redisForSuite(t, { args: DURABLE });
    return server && { url: server.url, servers: [server] };
  },
  Sentinel: async (t) => {
    const sentinel = await sentinelForSuite(t, { args: DURABLE });
    return sentinel && { url: sentinel.url, servers: sentinel.nodes };
  },
  Cluster: async (t) => {
    const cluster = await clusterForSuite(t, { args: DURABLE });
    return cluster && { url: cluster.url, servers: cluster.masters };
  },
} satisfies Record<string, Start>;

type DeploymentName = keyof typeof deployments;
const every = Object.keys(deployments) as DeploymentName[];

/** Runs `suite` on each of them, or on those that are named. */
export function testOnEveryRedis(
  subject: string,
  suite: (t: TestContext, redis: DeployedRedis) => Promise<void>,
  names: readonly DeploymentName[] = every,
): void {
  for (const name of names) {
    test(`${subject} on ${name}`, async (t) => {
      const deployed = await deployments[name](t);
      if (deployed !== undefined) await suite(t, deployed);
    });
  }
}

/** A client of the test's own. */
export async function connectForTest(
  t: SuiteScope,
  url: string,
  options: Partial<RedisClientOptions> = {},
): Promise<RedisClient> {
  const redis = await connectRedis(url, { onConnectionFailure: () => {}, ...options });
  t.after(() => redis[Symbol.asyncDispose]());
  return redis;
}
