/** Presence in one process, and of several nodes on one Redis. */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { MemoryPresence } from '../../src/presence/memory-presence.ts';
import type { OnlineConnection, Presence } from '../../src/presence/presence.ts';
import type { NodeTimes } from '../../src/redis/nodes/redis-node-channel.ts';
import { onlineKey } from '../../src/redis/presence/presence-keys.ts';
import { type PresenceTimes, RedisPresence } from '../../src/redis/presence/redis-presence.ts';
import { redisCommand } from '../support/services/redis-command.ts';
import { clusterForSuite, redisForSuite } from '../support/test-services.ts';
import { within } from '../support/within.ts';
import { presenceSuite } from './presence.suite.ts';
import { type ClusterNode, Diary, openClusterNode, untilPeers } from './support/cluster-nodes.ts';

test('presence in memory', (t) => presenceSuite(t, async () => new MemoryPresence()));

test('presence in Redis', async (t) => {
  const server = await redisForSuite(t);
  if (server === undefined) return;
  let nodes = 0;
  await presenceSuite(t, async (t) => (await openNode(t, server.url, `n${nodes++}`)).presence);
});

test('presence in a Redis Cluster', async (t) => {
  const server = await clusterForSuite(t);
  if (server === undefined) return;
  let nodes = 0;
  await presenceSuite(t, async (t) => (await openNode(t, server.url, `n${nodes++}`)).presence);
});

test('presence of several nodes', async (t) => {
  const server = await redisForSuite(t);
  if (server === undefined) return;
  const [a, b, c] = [
    await openNode(t, server.url, 'a'),
    await openNode(t, server.url, 'b'),
    await openNode(t, server.url, 'c'),
  ];
  await untilPeers(a, 'b', 'c');
  await untilPeers(b, 'a', 'c');
  await untilPeers(c, 'a', 'b');

  await t.test('is the same on each, oldest connection first', async () => {
    const all = [of('alice', 5, 'x'), of('alice', 1, 'y'), of('alice', 2, 'z')];
    for (const [index, node] of [b, a, c].entries()) await node.presence.opened(all[index] ?? assert.fail());
    for (const { presence } of [a, b, c]) {
      assert.deepEqual(await presence.platformsOf(['alice', 'nobody']), [[1, 2, 5], []]);
      assert.deepEqual((await presence.connectionsOf(['alice']))[0], all);
    }
    for (const [index, node] of [b, a, c].entries()) node.presence.closed(all[index] ?? assert.fail());
    for (const { presence } of [a, b, c]) await untilPlatforms(presence, 'alice', []);
  });

  await t.test('a change is told to nodes where somebody watches, with what is open elsewhere', async () => {
    a.presence.watch(['bob']);
    const [web, phone] = [of('bob', 5, 'web'), of('bob', 1, 'phone')];
    b.presence.opened(web);
    assert.deepEqual(await a.heard.until('bob 5'), ['bob 5']);
    c.presence.opened(phone);
    await a.heard.until('bob 1,5');
    b.presence.closed(web);
    await a.heard.until('bob 1');
    c.presence.closed(phone);
    await a.heard.until('bob ');
    assert.deepEqual([...b.heard.entries, ...c.heard.entries], []);
    a.presence.unwatch(['bob']);
  });

  await t.test('a late end on one node takes away nothing of another', async () => {
    const [old, renewed] = [of('carol', 5, 'old'), of('carol', 5, 'new')];
    await a.presence.opened(old);
    await b.presence.opened(renewed);
    a.presence.closed(old);
    for (const { presence } of [a, b, c]) await untilConnections(presence, 'carol', ['new']);
    b.presence.closed(renewed);
  });

  await t.test('whoever comes later is told of those who came before, and nobody else', async () => {
    for (const { neighbours } of [a, b, c]) neighbours.entries.length = 0;
    const [first, second, third] = [of('dave', 5, 'first'), of('dave', 5, 'second'), of('dave', 1, 'third')];
    await a.presence.opened(first);
    await b.presence.opened(second);
    await c.presence.opened(third);
    await c.neighbours.until('third after first,second');
    assert.deepEqual(await b.neighbours.until('second after first'), ['second after first']);
    assert.deepEqual(a.neighbours.entries, []);
    // So may one that says something else of itself: it is no new one.
    a.presence.changed(first);
    await a.presence.opened(of('dave', 2, 'fourth'));
    assert.deepEqual(await a.neighbours.until('fourth after second,third'), ['fourth after second,third']);
  });

  await t.test('the same token on another node casts doubt on the older connection', async () => {
    for (const { neighbours } of [a, b, c]) neighbours.entries.length = 0;
    const [older, newer] = [
      { ...of('erin', 5, 'older'), jti: 'same' },
      { ...of('erin', 5, 'newer'), jti: 'same' },
    ];
    await a.presence.opened(older);
    await b.presence.opened(newer);
    assert.deepEqual(await a.neighbours.until('erin older is doubted'), ['erin older is doubted']);
  });

  await t.test('the users of a dead node are offline, which one heir tells', async () => {
    a.presence.watch(['frank', 'grace']);
    const d = await openNode(t, server.url, 'd');
    await untilPeers(a, 'b', 'c', 'd');
    const frank = of('frank', 1, 'f');
    d.presence.opened(frank);
    d.presence.opened(of('grace', 1, 'g'));
    b.presence.opened(of('grace', 5, 'h'));
    await a.heard.until('frank 1');
    await untilPlatforms(a.presence, 'grace', [1, 5]);
    d.stillness.stop();
    await a.heard.until('frank ');
    await untilPlatforms(a.presence, 'grace', [5]);
    assert.deepEqual(await c.presence.platformsOf(['frank', 'grace']), [[], [5]]);
    const lost = [a, b, c].flatMap((node) => node.lost).sort();
    assert.deepEqual(lost, ['frank f', 'grace g']);

    // It has only stood still, and comes back.
    d.stillness.goOn();
    await a.heard.until('frank 1');
    assert.deepEqual(await b.presence.platformsOf(['frank', 'grace']), [[1], [1, 5]]);
    d.presence.closed(frank);
    await a.heard.until('frank ');
  });
});

test('a Redis that has forgotten everything makes nobody offline', async (t) => {
  const server = await redisForSuite(t);
  if (server === undefined) return;
  const [a, b] = [await openNode(t, server.url, 'a'), await openNode(t, server.url, 'b')];
  await untilPeers(a, 'b');
  await untilPeers(b, 'a');
  a.presence.watch(['alice', 'bob', 'carol']);
  const [here, there, leaving] = [of('alice', 1, 'here'), of('alice', 5, 'there'), of('bob', 2, 'leaving')];
  await a.presence.opened(here);
  await b.presence.opened(there);
  await b.presence.opened(leaving);
  await a.heard.until('alice 1,5');
  await a.heard.until('bob 2');
  a.heard.entries.length = 0;

  await server.kill();
  await a.diary.until('deaf');
  await assert.rejects(a.presence.platformsOf(['alice']));
  b.presence.closed(leaving);
  b.presence.opened(of('carol', 3, 'coming'));
  await server.restart();
  await a.diary.until('lease a.1');
  await assert.rejects(a.presence.platformsOf(['alice']), /Redis/);

  // Only what has really changed is told, when all have told again.
  const told: string[] = [];
  while (told.length < 2) told.push(...(await a.heard.next()));
  assert.deepEqual(told.sort(), ['bob ', 'carol 3']);
  for (const { presence } of [a, b]) await untilPlatforms(presence, 'alice', [1, 5]);
  assert.deepEqual(a.heard.entries, []);
});

test('Redis lost means unknown: from the first question after a flush, before any heartbeat', async (t) => {
  const server = await redisForSuite(t);
  if (server === undefined) return;
  const unhurried = { heartbeatMs: 60_000, leaseMs: 240_000, outageMs: 140_000 };
  const [a, b] = [await openNode(t, server.url, 'a', unhurried), await openNode(t, server.url, 'b', unhurried)];
  await a.presence.opened(of('alice', 1, 'here'));
  await b.presence.opened(of('alice', 5, 'there'));
  await redisCommand(server.port, 'FLUSHALL');
  await assert.rejects(a.presence.connectionsOf(['alice']), /forgotten/);
  b.presence.watch(['alice']);
  await b.presence.opened(of('alice', 2, 'coming'));
  await b.diary.until('lease b.1');
  assert.deepEqual(b.heard.entries, [], 'nobody is told that alice has gone from here');
  for (const { presence } of [a, b]) await untilPlatforms(presence, 'alice', [1, 2, 5]);
});

test('who has left stays gone when a master comes back that had not heard of it', async (t) => {
  const server = await redisForSuite(t);
  if (server === undefined) return;
  const [a, b] = [await openNode(t, server.url, 'a'), await openNode(t, server.url, 'b')];
  await untilPeers(a, 'b');
  a.presence.watch(['alice']);
  const leaving = of('alice', 5, 'leaving');
  await b.presence.opened(leaving);
  await a.heard.until('alice 5');
  const before = (await redisCommand(server.port, 'HGETALL', onlineKey('alice'))) as string[];
  b.presence.closed(leaving);
  await a.heard.until('alice ');

  await redisCommand(server.port, 'HSET', onlineKey('alice'), ...before);
  assert.deepEqual(await a.presence.platformsOf(['alice']), [[5]]);
  await redisCommand(server.port, 'CLIENT', 'KILL', 'TYPE', 'pubsub');
  await untilPlatforms(a.presence, 'alice', []);
});

/** Whatever is told is told within the second. */
const shortTimes: PresenceTimes = {
  keepMs: 60_000,
  tellAgainMs: 60_000,
  settleMs: 1000,
  retryMs: 50,
  recallMs: 60_000,
};

interface PresentNode extends ClusterNode {
  readonly presence: RedisPresence;
  /** `<userID> <platforms>` for each change that it heard of. */
  readonly heard: Diary;
  readonly neighbours: Diary;
  /** `<userID> <connID>` for each connection of a dead node that it told of. */
  readonly lost: string[];
}

async function openNode(t: TestContext, url: string, nodeID: string, times?: NodeTimes): Promise<PresentNode> {
  const [heard, neighbours, lost] = [new Diary(), new Diary(), [] as string[]];
  const node = await openClusterNode(t, url, nodeID, times === undefined ? {} : { times });
  const { channel, redis, stillness } = node;
  const presence = new RedisPresence({
    redis: stillness.over(redis),
    channel,
    onFailure: () => {},
    times: shortTimes,
  });
  t.after(() => presence[Symbol.asyncDispose]());
  presence.onChange(({ userID, platformIDs }) => heard.write(`${userID} ${platformIDs}`));
  presence.onNeighbours({
    onOlder: ({ connID }, older) => neighbours.write(`${connID} after ${older.map((one) => one.connID)}`),
    onDoubted: (userID, connID) => neighbours.write(`${userID} ${connID} is doubted`),
  });
  presence.onLost(async (connections) => {
    lost.push(...connections.map(({ userID, connID }) => `${userID} ${connID}`));
  });
  return { ...node, presence, heard, neighbours, lost };
}

function of(userID: string, platformID: number, connID: string): OnlineConnection {
  return { userID, platformID, connID, jti: `jti of ${connID}`, isBackground: false };
}

function untilPlatforms(presence: Presence, userID: string, expected: readonly number[]): Promise<void> {
  return untilSame(`platforms of ${userID}`, expected, async () => (await presence.platformsOf([userID]))[0]);
}

function untilConnections(presence: Presence, userID: string, expected: readonly string[]): Promise<void> {
  return untilSame(`connections of ${userID}`, expected, async () =>
    (await presence.connectionsOf([userID]))[0]?.map(({ connID }) => connID),
  );
}

async function untilSame(name: string, expected: unknown, read: () => Promise<unknown>): Promise<void> {
  const wanted = JSON.stringify(expected);
  let hasEnded = false;
  const come = async () => {
    while (!hasEnded && JSON.stringify(await read().catch(() => undefined)) !== wanted) {
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  };
  await within(`${name} to be ${wanted}`, come()).finally(() => {
    hasEnded = true;
  });
}
