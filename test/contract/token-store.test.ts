import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { connectRedis } from '../../src/redis/client/client.ts';
import { RedisTokenStore } from '../../src/redis/tokens/redis-token-store.ts';
import { SqlPushTokenStore } from '../../src/store/sql-push-token-store.ts';
import { SqlTokenStore } from '../../src/store/sql-token-store.ts';
import { clusterForSuite, redisForSuite } from '../support/test-services.ts';
import { testOnEveryDatabase } from './every-database.ts';
import { checkLayoutAfterEach } from './support/token-layout.ts';
import type { OpenTokenStores } from './support/token-nodes.ts';
import { tokenStoreSuite } from './token-store.suite.ts';
import { tokenChangesSuite } from './token-store-changes.suite.ts';

testOnEveryDatabase('TokenStore', (t, { db, peer }) =>
  runSuites(t, (clock) => [
    new SqlTokenStore(db, clock, new SqlPushTokenStore(db)),
    new SqlTokenStore(peer, clock, new SqlPushTokenStore(peer)),
  ]),
);

test('TokenStore on Redis', async (t) => {
  const server = await redisForSuite(t);
  if (server !== undefined) await runSuites(t, await onRedis(t, server.url, [server.url]));
});

test('TokenStore on Redis Cluster', async (t) => {
  const cluster = await clusterForSuite(t);
  if (cluster === undefined) return;
  const masters = cluster.masters.map(({ url }) => url);
  await runSuites(t, await onRedis(t, cluster.url, masters));
});

async function runSuites(t: TestContext, open: OpenTokenStores): Promise<void> {
  await tokenStoreSuite(t, open);
  await tokenChangesSuite(t, open);
}

async function onRedis(t: TestContext, url: string, masters: readonly string[]): Promise<OpenTokenStores> {
  const connect = () => connectRedis(url, { onConnectionFailure: (error) => assert.fail(String(error)) });
  const [redis, peer] = [await connect(), await connect()];
  t.after(async () => {
    for (const client of [redis, peer]) await client[Symbol.asyncDispose]();
  });
  await checkLayoutAfterEach(t, ...masters);
  return (clock) => [new RedisTokenStore(redis, clock), new RedisTokenStore(peer, clock)];
}
