import assert from 'node:assert/strict';
import { test } from 'node:test';
import { connectRedis } from '../../src/redis/client.ts';
import { RedisTokenStore } from '../../src/redis/redis-token-store.ts';
import { SqlTokenStore } from '../../src/store/sql-token-store.ts';
import { redisForSuite } from '../support/test-services.ts';
import { testOnEveryDatabase } from './every-database.ts';
import { checkAndClear } from './support/token-layout.ts';
import { tokenStoreSuite } from './token-store.suite.ts';

testOnEveryDatabase('TokenStore', (t, { db, peer }) =>
  tokenStoreSuite(t, (clock) => [new SqlTokenStore(db, clock), new SqlTokenStore(peer, clock)]),
);

test('TokenStore on Redis', async (t) => {
  const server = await redisForSuite(t);
  if (server === undefined) return;
  const connect = () => connectRedis(server.url, { onConnectionFailure: (error) => assert.fail(String(error)) });
  const [redis, peer] = [await connect(), await connect()];
  t.after(async () => {
    for (const client of [redis, peer]) await client[Symbol.asyncDispose]();
  });
  t.afterEach(() => checkAndClear(server.url));
  await tokenStoreSuite(t, (clock) => [new RedisTokenStore(redis, clock), new RedisTokenStore(peer, clock)]);
});
