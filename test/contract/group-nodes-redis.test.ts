/** Where messages have to go, as nodes tell each other over a real Redis. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { connectRedis } from '../../src/redis/client/client.ts';
import { GroupNodes } from '../../src/redis/nodes/group-nodes.ts';
import { RedisWhereabouts } from '../../src/redis/nodes/redis-whereabouts.ts';
import { redisForSuite } from '../support/test-services.ts';

test('GroupNodes and RedisWhereabouts', async (t) => {
  const service = await redisForSuite(t);
  if (service === undefined) return;
  const failSuite = (error: unknown) => {
    throw error;
  };
  const redis = await connectRedis(service.url, { onConnectionFailure: failSuite });
  t.after(() => redis[Symbol.asyncDispose]());
  const nodeOf = (nodeID: string) => new GroupNodes({ redis, nodeID, onFailure: failSuite, releaseAfterMs: 0 });
  const known = new Set(['a', 'b']);
  let timeMs = 0;
  const whereabouts = new RedisWhereabouts({
    redis,
    onlineKey: (userID) => `tessera:{${userID}}:online`,
    nodeIDs: () => known,
    monotonicMs: () => timeMs,
  });
  const groups = async (...groupIDs: string[]) => {
    const { ofGroups } = await whereabouts.find([], groupIDs);
    return Object.fromEntries(Array.from(ofGroups, ([groupID, nodeIDs]) => [groupID, nodeIDs.toSorted()]));
  };

  await t.test(
    'a group is found on the nodes that hold it, from the moment on that holding it has resolved',
    async () => {
      const [a, b] = [nodeOf('a'), nodeOf('b')];
      await Promise.all([a.hold(['g', 'h']), b.hold(['g'])]);
      assert.deepEqual(await groups('g', 'h', 'none'), { g: ['a', 'b'], h: ['a'] });
      await a.hold(['g']);
      a.release('g');
      a.release('h');
      await a.hold(['h']);
      for (let found = await groups('g'); found.g?.length !== 1; found = await groups('g'));
      assert.deepEqual(await groups('g', 'h'), { g: ['b'], h: ['a'] });
      await a[Symbol.asyncDispose]();
      await b[Symbol.asyncDispose]();
      assert.deepEqual(await groups('g', 'h'), {});
    },
  );

  await t.test('many groups at once, and all of them again once Redis has forgotten', async () => {
    const a = nodeOf('a');
    const many = Array.from({ length: 1200 }, (_, index) => `many${index}`);
    await Promise.all([a.hold(many), a.hold(many.slice(0, 10))]);
    await redis.command(undefined, ['FLUSHALL']);
    await a.retell();
    assert.equal(Object.keys(await groups(...many)).length, many.length);
    await a[Symbol.asyncDispose]();
  });

  await t.test('users are found by their connections, whatever else stands there', async () => {
    const key = 'tessera:{u}:online';
    await redis.command(key, ['HSET', key, 'a.0:1', 'x', 'a.0:2', 'x', 'b.3:1', 'x', '#', '7']);
    const { ofUsers } = await whereabouts.find(['u', 'nobody'], []);
    assert.deepEqual([...ofUsers], [['u', ['a', 'b']]]);
  });

  await t.test('a node that was killed is taken out of its groups after a minute', async () => {
    await nodeOf('dead').hold(['g']);
    assert.deepEqual(await groups('g'), { g: ['dead'] });
    timeMs = 61_000;
    await groups('g');
    for (let found = await groups('g'); found.g !== undefined; found = await groups('g'));
  });
});
