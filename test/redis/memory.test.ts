/** Redis is out of memory: it refuses to write, or forgets what it was told to keep. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { platforms } from '../../src/protocol/numbers/platforms.ts';
import { RedisMemory } from '../../src/redis/tokens/redis-memory.ts';
import { RedisTokenStore } from '../../src/redis/tokens/redis-token-store.ts';
import { allPlatforms } from '../../src/tokens/cutoffs.ts';
import type { NewToken } from '../../src/tokens/token-store.ts';
import type { KnownToStore } from '../../src/tokens/token-store-memory.ts';
import { redisCommand, redisInfo } from '../support/services/redis-command.ts';
import { redisForSuite } from '../support/test-services.ts';
import { assertTidy } from './support/assert-tidy.ts';
import { connectForTest, testOnEveryRedis } from './support/every-redis.ts';
import { logIn } from './support/logins.ts';

const users = ['a', 'b', 'c', 'd', 'e', 'f', 'g'];

testOnEveryRedis('Redis that is full and evicts nothing', async (t, { url }) => {
  const redis = await connectForTest(t, url);
  const store = new RedisTokenStore(redis, Date.now);
  const tokens = await Promise.all(users.map((userID) => logIn(store, userID)));
  const setLimit = async (maxmemory: string) => {
    for (const { command } of await redis.masters()) await command(['CONFIG', 'SET', 'maxmemory', maxmemory]);
  };
  const stateOf = (token: NewToken) => Promise.all([store.find(token), store.list(token.userID)]);
  const before = await Promise.all(tokens.map(stateOf));
  await setLimit('1');

  await t.test('T3: logins fail and change nothing; tokens are still known', async () => {
    for (const { userID } of tokens) await assert.rejects(logIn(store, userID), /OOM/);
    assert.deepEqual(await Promise.all(tokens.map(stateOf)), before);
    await assertTidy(redis);
  });

  await t.test('T4: tokens can be ended all the same', async () => {
    for (const { userID, jti } of tokens.slice(0, 3)) {
      assert.equal((await store.kick(userID, { jtis: [jti] }, 'forced', 'kicked')).length, 1);
    }
    await assertTidy(redis);
  });

  await t.test('logins succeed once there is room again', async () => {
    await setLimit('0');
    for (const { userID } of tokens) await logIn(store, userID);
    for (const token of tokens) assert.equal((await store.find(token)).record?.state, 'kicked');
    await assertTidy(redis);
  });

  await t.test('T4 all that it knows to have ended can be told, and whether it was ever told anything', async () => {
    const now = Date.now();
    await store.cutOff('a', platforms.Web, now - 1000, now + 3_600_000);
    await store.cutOff('', allPlatforms, now - 2000, now + 7_200_000);
    const listed = await Promise.all(users.map(async (userID) => (await store.list(userID)).tokens));
    const ended = listed.flat().filter(({ state }) => state !== 'live');
    await redis.command('tessera:{a}:token:x', ['HSET', 'tessera:{a}:token:x', 'of', 'another type']);
    await redis.command('tessera:{b}:not-before', ['SET', 'tessera:{b}:not-before', 'unreadable', 'EX', '60']);
    const memory = new RedisMemory(redis, Date.now);
    const known: KnownToStore[] = [];
    for await (const portion of memory.knownEnds()) known.push(portion);
    const byName = (one: { jti: string }, other: { jti: string }) => (one.jti < other.jti ? -1 : 1);
    assert.deepEqual(
      known.flatMap(({ ends }) => ends).sort(byName),
      ended.map(({ deviceName: _, lastSeenAt: __, ...end }) => end).sort(byName),
    );
    assert.equal(ended.length, users.length);
    const cutoffs = known.flatMap((portion) => portion.cutoffs);
    assert.deepEqual(
      cutoffs.map(({ keepUntil, ...cutoff }) => ({ ...cutoff, keepsHours: Math.round((keepUntil - now) / 3_600_000) })),
      [
        { userID: '', platformID: allPlatforms, notBefore: now - 2000, keepsHours: 2 },
        { userID: 'a', platformID: platforms.Web, notBefore: now - 1000, keepsHours: 1 },
      ],
    );
    const look = await memory.look();
    assert.deepEqual([look.knowsAll, look.isUntold], [false, true]);
    await memory.confirm(look);
    assert.partialDeepStrictEqual(await memory.look(), { knowsAll: true, isUntold: false });
  });
});

test('Redis that evicts what it was told to keep', async (t) => {
  const server = await redisForSuite(t);
  if (server === undefined) return;
  const redis = await connectForTest(t, server.url);
  const store = new RedisTokenStore(redis, Date.now);
  const tokens = await Promise.all(Array.from({ length: 200 }, (_, i) => logIn(store, `user${i}`)));
  await redisCommand(server.port, 'CONFIG', 'SET', 'maxmemory-policy', 'allkeys-random');
  await redisCommand(server.port, 'CONFIG', 'SET', 'maxmemory', (await redisInfo(server.port)).used_memory!);
  for (let i = 0; (await redisInfo(server.port)).evicted_keys === '0' || i < 500; i++) {
    await redisCommand(server.port, 'SET', `filler${i}`, 'x'.repeat(1000));
  }
  const found = await Promise.all(tokens.map((token) => store.find(token)));
  const gone = tokens.filter((_, i) => found[i]?.record === undefined);

  await t.test('tokens are gone, and the store knows why', async () => {
    assert.ok(gone.length > 0);
    const { userID, issuedAt } = gone[0]!;
    assert.equal(await store.explainLoss(userID, issuedAt), 'eviction');
  });

  await t.test('a login does without them and leaves no index entry behind', async () => {
    await redisCommand(server.port, 'CONFIG', 'SET', 'maxmemory', '0');
    for (const { userID } of tokens) {
      const token = await logIn(store, userID);
      assert.equal((await store.find(token)).record?.state, 'live');
    }
    await Promise.all(tokens.map(({ userID }) => store.list(userID)));
    await assertTidy(redis);
  });
});
