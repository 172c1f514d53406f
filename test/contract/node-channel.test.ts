/** Nodes on real Redis: who lives, who has died, and what they say to each other. */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { connectRedis, type RedisClient } from '../../src/redis/client/client.ts';
import { registryKeys } from '../../src/redis/nodes/node-keys.ts';
import { type LeaseTimes, NodeRegistry } from '../../src/redis/nodes/node-registry.ts';
import { testOnEveryRedis } from '../redis/support/every-redis.ts';
import { redisCommand } from '../support/services/redis-command.ts';
import { redisForSuite } from '../support/test-services.ts';
import { within } from '../support/within.ts';
import { openClusterNode, untilPeers } from './support/cluster-nodes.ts';

testOnEveryRedis('nodes hear of each other and speak to each other', async (t, { url, servers }) => {
  // Who hears nothing for two beats and a half subscribes anew, and what is said meanwhile is lost.
  const times = { heartbeatMs: 400, leaseMs: 6000, outageMs: 60_000 };
  const [a, b] = [await openClusterNode(t, url, 'a', { times }), await openClusterNode(t, url, 'b', { times })];
  await untilPeers(a, 'b');
  await untilPeers(b, 'a');

  await t.test('bytes, in the order in which they were said', async () => {
    const heard: (string | number)[] = [];
    const all = Promise.withResolvers<void>();
    b.channel.on('bytes', (from, payload) => heard.push(from, ...payload));
    b.channel.on('text', (_from, payload) => {
      heard.push(payload.toString());
      all.resolve();
    });
    a.channel.send('b', 'bytes', Buffer.from([0, 255]));
    a.channel.send('b', 'new', Buffer.alloc(0));
    a.channel.send('b', 'bytes', Buffer.alloc(0));
    a.channel.send('b', 'text', Buffer.from('ä'));
    await within('what was said last', all.promise);
    assert.deepEqual(heard, ['a', 0, 255, 'a', 'ä']);
    assert.deepEqual(b.diary.entries, ['unknown'], 'what is not known is counted');
  });

  await t.test('a subscription that is lost is told of, and when everything is heard again', async () => {
    await Promise.all(servers.map(({ port }) => redisCommand(port, 'CLIENT', 'KILL', 'TYPE', 'pubsub')));
    await a.diary.until('deaf');
    await a.diary.until('hearing');
    await b.diary.until('hearing');
  });

  await t.test('a node that leaves is gone, and what it leaves has one heir', async () => {
    const c = await openClusterNode(t, url, 'c', { times });
    await untilPeers(a, 'b', 'c');
    await untilPeers(b, 'a', 'c');
    await c.channel[Symbol.asyncDispose]();
    await untilPeers(a, 'b');
    await untilPeers(b, 'a');
    const heirs = [...a.diary.entries, ...b.diary.entries].filter((entry) => entry === 'inherits c.0');
    assert.deepEqual(heirs, ['inherits c.0']);
  });
});

test('a node that stands still is taken for dead, and comes back under another lease', async (t) => {
  const server = await redisForSuite(t);
  if (server === undefined) return;
  const [a, b] = [await openClusterNode(t, server.url, 'a'), await openClusterNode(t, server.url, 'b')];
  await untilPeers(a, 'b');
  b.stillness.stop();
  await a.diary.until('inherits b.0');
  assert.deepEqual(a.channel.peers(), []);
  assert.equal(b.channel.isHeld, false, 'it knows without asking');
  const held = b.channel.hold();
  b.stillness.goOn();
  await held;
  assert.ok(b.channel.isHeld);
  assert.equal(b.channel.lease, 'b.1');
  assert.deepEqual(b.diary.entries, ['lease b.1']);
  await untilPeers(a, 'b');
  assert.ok(a.channel.isLive('b.1'));
  assert.ok(!a.channel.isLive('b.0'));
});

test('a Redis that comes back having forgotten everything is told again, and nobody is dead', async (t) => {
  const server = await redisForSuite(t);
  if (server === undefined) return;
  const [a, b] = [await openClusterNode(t, server.url, 'a'), await openClusterNode(t, server.url, 'b')];
  await untilPeers(a, 'b');
  await server.kill();
  await a.diary.until('deaf');
  await server.restart();
  for (const node of [a, b]) {
    await node.diary.until(`lease ${node.channel.nodeID}.1`);
    await node.diary.until('hearing');
  }
  await untilPeers(a, 'b');
  assert.ok(![...a.diary.entries, ...b.diary.entries].some((entry) => entry.startsWith('inherits')));
});

test('what an heir could not do is done again', async (t) => {
  const server = await redisForSuite(t);
  if (server === undefined) return;
  let failures = 2;
  const a = await openClusterNode(t, server.url, 'a', {
    inherit: async () => {
      failures -= 1;
      if (failures >= 0) throw new Error('not now');
    },
  });
  const b = await openClusterNode(t, server.url, 'b');
  await untilPeers(a, 'b');
  await b.channel[Symbol.asyncDispose]();
  for (let times = 0; times < 3; times += 1) await a.diary.until('inherits b.0');
});

test('leases', async (t) => {
  const server = await redisForSuite(t);
  if (server === undefined) return;

  await t.test('that have ended have one heir, and when that one dies another', async (t) => {
    await using cluster = await Registries.open(t, server.url);
    await cluster.beat('old', { leaseMs: 1, outageMs: hourMs });
    assert.deepEqual((await cluster.until('first', 'old', { leaseMs: 1, outageMs: hourMs })).inherited, ['old']);
    const second = await cluster.until('second', 'first', { leaseMs: hourMs, outageMs: hourMs });
    assert.deepEqual([...second.inherited].sort(), ['first', 'old']);
    const third = await cluster.beat('third', { leaseMs: hourMs, outageMs: hourMs });
    assert.deepEqual(third.inherited, []);
    await cluster.registry().settle('old');
    assert.deepEqual((await cluster.renew('second')).inherited, ['first']);
    assert.equal((await cluster.renew('first')).isHeld, false, 'what has ended is not renewed');
  });

  await t.test('do not end while nobody could renew them', async (t) => {
    await using cluster = await Registries.open(t, server.url);
    await cluster.beat('old', { leaseMs: 1, outageMs: hourMs });
    // However little time has passed, it is more than this.
    const beat = await cluster.beat('next', { leaseMs: hourMs, outageMs: -1 });
    assert.deepEqual(beat.live.map(({ lease }) => lease).sort(), ['next', 'old']);
    const listed = await cluster.registry().list();
    assert.deepEqual(listed.live, beat.live, 'as who is no node sees them');
    assert.ok(listed.now >= beat.now);
    assert.equal((await cluster.renew('old')).isHeld, true);
  });

  await t.test('are given to versions that can read what is kept beside them', async (t) => {
    await using cluster = await Registries.open(t, server.url);
    await cluster.registry().checkLayout();
    await cluster.registry().checkLayout();
    await redisCommand(server.port, 'HINCRBY', registryKeys[3], 'layout', '1');
    await assert.rejects(cluster.registry().checkLayout(), { name: 'StartError', message: /of a later version/ });
  });
});

const hourMs = 3_600_000;

class Registries implements AsyncDisposable {
  readonly #redis: RedisClient;

  static async open(t: TestContext, url: string): Promise<Registries> {
    const redis = await connectRedis(url, { onConnectionFailure: () => {} });
    t.after(() => redis[Symbol.asyncDispose]());
    return new Registries(redis);
  }

  private constructor(redis: RedisClient) {
    this.#redis = redis;
  }

  registry(times: LeaseTimes = { leaseMs: hourMs, outageMs: hourMs }): NodeRegistry {
    return new NodeRegistry(this.#redis, times);
  }

  beat(lease: string, times: LeaseTimes) {
    return this.registry(times).beat(lease, true, nothing);
  }

  renew(lease: string) {
    return this.registry().beat(lease, false, nothing);
  }

  /** Beats until another lease has ended. */
  async until(lease: string, ended: string, times: LeaseTimes) {
    for (;;) {
      const beat = await this.beat(lease, times);
      if (!beat.live.some((node) => node.lease === ended)) return beat;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#redis.command(registryKeys[0], ['DEL', ...registryKeys]);
  }
}

const nothing = {
  version: '',
  roles: [],
  host: '',
  pid: 0,
  startedAt: 0,
  connections: 0,
  lagMs: 0,
  clockAheadMs: 0,
  metricsAddress: '',
  settings: {},
};
