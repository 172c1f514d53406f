/** Redis is killed at random while users log in: nothing is half done, and with an append-only file nothing is lost. */
import assert from 'node:assert/strict';
import { randomInt } from 'node:crypto';
import { type TestContext, test } from 'node:test';
import { RedisTokenStore } from '../../src/redis/tokens/redis-token-store.ts';
import { redisCommand, untilTrue } from '../support/services/redis-command.ts';
import { clusterForSuite } from '../support/test-services.ts';
import { assertTidy } from './support/assert-tidy.ts';
import { connectForTest, type DeployedRedis, testOnEveryRedis } from './support/every-redis.ts';
import { Logins, logIn } from './support/logins.ts';

const ROUNDS = 3;

const survivesKills = async (t: TestContext, { url, servers }: DeployedRedis) => {
  const redis = await connectForTest(t, url);
  const nodes = [redis, await connectForTest(t, url)].map((client) => new RedisTokenStore(client, Date.now));
  const logins = new Logins(nodes);
  for (let round = 1; round <= ROUNDS; round++) {
    await logins.untilMore(randomInt(20, 200));
    const victim = servers[randomInt(servers.length)]!;
    await victim.kill();
    await logins.untilMoreFailures(1);
    await victim.restart();
    await logins.untilEveryone();
  }
  await logins.stop();

  await t.test('each user has exactly one live token, the newest', () => logins.assertWhole());
  await t.test('T1: every acknowledged token is remembered, with its own end', () => logins.assertNothingForgotten());
  await t.test('no key without a TTL, no index entry without its token', () => assertTidy(redis));
  await t.test('T5: logins failed as failures of the store', () => {
    const expected = /no connection|gave no answer|socket|CLUSTERDOWN|LOADING|ECONN|EPIPE|disconnected/i;
    for (const failure of logins.failures) assert.match(String(failure), expected);
  });
};

// Under Sentinel, the replica takes over: see failover.test.ts.
testOnEveryRedis('T3: kill -9 of Redis in the midst of logins', survivesKills, ['one server', 'Cluster']);

test('T5: a Cluster that has lost a third of its slots', async (t) => {
  const cluster = await clusterForSuite(t, { args: ['--appendonly', 'yes', '--appendfsync', 'always'] });
  if (cluster === undefined) return;
  const redis = await connectForTest(t, cluster.url);
  const store = new RedisTokenStore(redis, Date.now);
  const tokens = await Promise.all(['a', 'b', 'c', 'd', 'e', 'f', 'g'].map((userID) => logIn(store, userID)));
  const [dead, ...others] = cluster.masters;
  await dead!.kill();
  await untilTrue('the others find the Cluster incomplete', async () => {
    const states = await Promise.all(others.map(({ port }) => redisCommand(port, 'CLUSTER', 'INFO')));
    return states.every((state) => String(state).includes('cluster_state:fail'));
  });

  await t.test('every look-up and login is a failure, and no token is said to be gone', async () => {
    for (const token of tokens) {
      await assert.rejects(store.find(token), /CLUSTERDOWN|no connection/);
      await assert.rejects(logIn(store, token.userID), /CLUSTERDOWN|no connection/);
    }
    await assert.rejects(redis.ping());
  });

  await t.test('when it is complete again, so are the tokens', async () => {
    await dead!.restart();
    await untilTrue('logins go through', async () => {
      for (const { userID } of tokens) await logIn(store, `${userID}2`);
      return true;
    });
    for (const token of tokens) assert.equal((await store.find(token)).record?.state, 'live');
    await redis.ping();
    await assertTidy(redis);
  });
});
