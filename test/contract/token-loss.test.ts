/** Tokens that a real Redis has lost before their time: found out, counted once, and explained. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { RedisMemory } from '../../src/redis/tokens/redis-memory.ts';
import { memoryKey, replacedKey } from '../../src/redis/tokens/token-keys.ts';
import type { LossCause } from '../../src/tokens/token-store.ts';
import { redisCommand, redisInfo, untilTrue } from '../support/services/redis-command.ts';
import { redisForSuite, sentinelForSuite } from '../support/test-services.ts';
import { type Node, openNode, openStore } from './support/redis-nodes.ts';

const options = { cache: { maxTokens: 0, ttlMs: 0 } };

/** Uses a token that is gone, twice, and gives what was told of it. */
async function explained({ authority }: Node, token: string): Promise<LossCause[]> {
  const told = authority.heardOf('tokenLost');
  assert.equal(await authority.verdict(token), 1507);
  await told;
  assert.equal(await authority.verdict(token), 1507);
  return authority.takeHeard('tokenLost').map(({ cause }) => cause);
}

test('T1 a token that was evicted is told of as such', async (t) => {
  const server = await redisForSuite(t);
  if (server === undefined) return;
  const node = await openNode(t, server.url, options);
  const token = await node.authority.login('alice');
  await redisCommand(server.port, 'CONFIG', 'SET', 'maxmemory-policy', 'volatile-ttl');
  await redisCommand(server.port, 'CONFIG', 'SET', 'maxmemory', '1');
  await redisCommand(server.port, 'SET', 'a', 'b').catch(() => {});
  await redisCommand(server.port, 'CONFIG', 'SET', 'maxmemory', '0');
  assert.deepEqual(await explained(node, token), ['eviction']);
});

for (const command of ['FLUSHALL', 'FLUSHDB']) {
  test(`T1 a token that went with ${command} is told of as flushed`, async (t) => {
    const server = await redisForSuite(t);
    if (server === undefined) return;
    const node = await openNode(t, server.url, options);
    const token = await node.authority.login('alice');
    await redisCommand(server.port, command);
    assert.deepEqual(await explained(node, token), ['flush']);
  });
}

test('T1 a token that a restart without persistence has lost is told of as such', async (t) => {
  const server = await redisForSuite(t);
  if (server === undefined) return;
  const node = await openNode(t, server.url, options);
  const token = await node.authority.login('alice');
  const restored = node.untilRestored();
  await server.restart();
  await restored;
  assert.deepEqual(await explained(node, token), ['restart']);
});

test('T1 a token that only the old master had is told of as lost in the failover', async (t) => {
  const sentinel = await sentinelForSuite(t);
  if (sentinel === undefined) return;
  for (const { port } of sentinel.nodes) await untilSettled(port);
  const node = await openNode(t, sentinel.url, options);
  const token = await node.authority.login('alice');
  const { jti } = await node.authority.verify(token);
  const old = await sentinel.master();
  const replica = sentinel.nodes.find((other) => other !== old);
  assert.ok(replica !== undefined);
  await redisCommand(replica.port, 'CONFIG', 'SET', 'replica-read-only', 'no');
  const key = `tessera:{alice}:token:${jti}`;
  await untilTrue(
    'the replica has the token',
    async () => Number(await redisCommand(replica.port, 'EXISTS', key)) === 1,
  );
  await redisCommand(replica.port, 'DEL', key);
  const restored = node.untilRestored();
  await sentinel.failOver();
  await restored;
  assert.deepEqual(await explained(node, token), ['failover']);
});

test('T1 a token that went with a master before this one, which was never its replica, is told of as such', async (t) => {
  const server = await redisForSuite(t);
  if (server === undefined) return;
  await untilSettled(server.port);
  const node = await openNode(t, server.url, options);
  const token = await node.authority.login('alice');
  const { jti } = await node.authority.verify(token);
  await redisCommand(server.port, 'DEL', `tessera:{alice}:token:${jti}`);
  const { redis } = await openStore(t, server.url);
  const memory = new RedisMemory(redis, Date.now);
  const look = await memory.look();
  assert.equal(look.isUntold, true);
  await memory.confirm(look);
  assert.equal(await redis.get(replacedKey), null, 'nothing was before it');
  await redisCommand(server.port, 'SET', memoryKey, 'the run of another');
  await memory.confirm(await memory.look());
  assert.deepEqual(await explained(node, token), ['failover']);

  // Another node went on with the master before for a moment.
  const later = await node.authority.login('bob');
  const { jti: laterJti } = await node.authority.verify(later);
  await redisCommand(server.port, 'DEL', `tessera:{bob}:token:${laterJti}`);
  assert.deepEqual(await explained(node, later), ['failover']);
});

test('T1 what nobody can explain is unknown, and what ended in good order is no loss', async (t) => {
  const server = await redisForSuite(t);
  if (server === undefined) return;
  // A token issued in the second in which the server started would be taken for one from before it.
  await untilTrue(
    'the server is a second old',
    async () => Number((await redisInfo(server.port)).uptime_in_seconds) > 0,
  );
  const node = await openNode(t, server.url, options);
  const token = await node.authority.login('alice');
  const { jti } = await node.authority.verify(token);
  const kicked = await node.authority.login('alice', 5);
  await node.authority.login('alice', 5);
  assert.equal(await node.authority.verdict(kicked), 1506);
  assert.deepEqual(node.authority.takeHeard('tokenLost'), []);
  await redisCommand(server.port, 'DEL', `tessera:{alice}:token:${jti}`);
  assert.deepEqual(await explained(node, token), ['unknown']);
});

/** A token issued in the second in which a server started would be taken for one from before that. */
async function untilSettled(port: number): Promise<void> {
  await untilTrue('the server is a second old', async () => Number((await redisInfo(port)).uptime_in_seconds) > 0);
}
