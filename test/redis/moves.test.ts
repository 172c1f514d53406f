/** A Cluster's slot moves to another server while its user logs in and is verified. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { connectRedis, redisScript } from '../../src/redis/client/client.ts';
import { RedisTokenStore } from '../../src/redis/tokens/redis-token-store.ts';
import { redisCommand } from '../support/services/redis-command.ts';
import { clusterForSuite } from '../support/test-services.ts';
import { assertTidy } from './support/assert-tidy.ts';
import { connectForTest } from './support/every-redis.ts';
import { logIn } from './support/logins.ts';

test('a slot moves', async (t) => {
  const cluster = await clusterForSuite(t);
  if (cluster === undefined) return;
  const redis = await connectForTest(t, cluster.url);
  const store = new RedisTokenStore(redis, Date.now);
  const userID = 'alice';
  const slot = await cluster.slotOf(userID);
  const ends = async () => {
    const from = await cluster.ownerOf(userID);
    return { from, to: cluster.masters.find((master) => master !== from)! };
  };
  const old = await logIn(store, userID);
  const token = await logIn(store, userID);
  const assertKnown = async () => {
    assert.equal((await store.find(token)).record?.state, 'live');
    assert.equal((await store.find(old)).record?.state, 'kicked');
  };

  await t.test('T5: tokens are known at every step, and none is ever said to be gone', async () => {
    const { from, to } = await ends();
    await cluster.beginMove(slot, from, to);
    await assertKnown();
    const key = `tessera:{${userID}}:token:${token.jti}`;
    await redisCommand(from.port, 'MIGRATE', '127.0.0.1', String(to.port), key, '0', '5000');
    await assertKnown();
    assert.deepEqual(await redis.mget([key, `${key}x`]), [await redis.get(key), null]);
    await cluster.moveKeys(slot, from, to);
    await assertKnown();
    await cluster.endMove(slot, to);
    await assertKnown();
    assert.equal(await cluster.ownerOf(userID), to);
  });

  await t.test('T3, T4: logins and revocations fail while its keys are on the way, and change nothing', async () => {
    const { from, to } = await ends();
    await cluster.beginMove(slot, from, to);
    // The worst of moments: the index is over there, its tokens are not.
    await redisCommand(from.port, 'MIGRATE', '127.0.0.1', String(to.port), `tessera:{${userID}}:tokens`, '0', '5000');
    await assert.rejects(logIn(store, userID), /ASK|TRYAGAIN|non local key/);
    await assert.rejects(store.kick(userID, { jtis: [token.jti] }, 'forced', 'revoked'), /ASK|TRYAGAIN|non local key/);
    await assert.rejects(store.list(userID), /ASK|TRYAGAIN|non local key/);
    await cluster.moveKeys(slot, from, to);
    await cluster.endMove(slot, to);
    await assertKnown();
    const { tokens } = await store.list(userID);
    assert.deepEqual(
      tokens.map(({ jti }) => jti),
      [token.jti, old.jti],
    );
    await assertTidy(redis);
  });

  await t.test('a client that closes while it is sent elsewhere opens no connection there', async () => {
    const leaving = await connectRedis(cluster.url, { onConnectionFailure: () => {} });
    const { from, to } = await ends();
    await cluster.beginMove(slot, from, to);
    await cluster.moveKeys(slot, from, to);
    await cluster.endMove(slot, to);
    // It answers when the client is closing already.
    await redisCommand(from.port, 'CLIENT', 'PAUSE', '300', 'ALL');
    const sent = assert.rejects(leaving.get('{alice}x'), /no master of the Cluster any more/);
    await nextTurn();
    await leaving[Symbol.asyncDispose]();
    await sent;
  });

  await t.test('a login waits a moment for a slot that is on its way', async () => {
    const { from, to } = await ends();
    await cluster.beginMove(slot, from, to);
    const waiting = redis.evalScript(
      redisScript("return redis.call('SET', KEYS[1], 'x', 'PX', 1000)"),
      ['{alice}x'],
      [],
    );
    await cluster.moveKeys(slot, from, to);
    await cluster.endMove(slot, to);
    assert.equal(await waiting, 'OK');
    await logIn(store, userID);
    assert.equal((await store.find(token)).record?.state, 'kicked');
  });

  await t.test('commands without a moment to lose follow it there', async () => {
    const { from, to } = await ends();
    await cluster.beginMove(slot, from, to);
    await redis.command('{alice}new', ['SET', '{alice}new', 'over there', 'PX', '60000']);
    assert.equal(await redis.get('{alice}new'), 'over there');
    await assert.rejects(redisCommand(from.port, 'GET', '{alice}new'), /ASK/);
    await cluster.moveKeys(slot, from, to);
    await cluster.endMove(slot, to);
    assert.equal(await redis.get('{alice}new'), 'over there');
  });
});
