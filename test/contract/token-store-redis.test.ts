/** What only the Redis token store can get wrong: its layout, its scripts' failures, a server that goes away. */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { type TestContext, test } from 'node:test';
import { createClient } from 'redis';
import { platforms } from '../../src/protocol/constants.ts';
import { errorTable, ProtocolError } from '../../src/protocol/errors.ts';
import { connectRedis, type RedisClientOptions } from '../../src/redis/client.ts';
import { RedisTokenStore } from '../../src/redis/redis-token-store.ts';
import { TokenAuthority } from '../../src/tokens/authority.ts';
import { newTokenID } from '../../src/tokens/claims.ts';
import { TokenEvents } from '../../src/tokens/events.ts';
import { policyGroups } from '../../src/tokens/policy.ts';
import type { NewToken } from '../../src/tokens/token-store.ts';
import { redisForSuite } from '../support/test-services.ts';
import { checkAndClear } from './support/token-layout.ts';

const hourMs = 3_600_000;
const onePerPlatform = policyGroups(1, 0, platforms.IOS);
const keepAll = policyGroups(0, 0, platforms.IOS);

function tokenOf(userID: string, fields: Partial<NewToken> = {}): NewToken {
  const now = Date.now();
  const jti = newTokenID(randomBytes);
  return { jti, userID, platformID: platforms.IOS, issuedAt: now, expiresAt: now + hourMs, ...fields };
}

async function openStore(t: TestContext, url: string, options: Partial<RedisClientOptions> = {}) {
  const redis = await connectRedis(url, { onConnectionFailure: () => {}, ...options });
  t.after(() => redis[Symbol.asyncDispose]());
  return { redis, store: new RedisTokenStore(redis, Date.now) };
}

/** A second, plain client to look at the data and to break it. */
async function openProbe(t: TestContext, url: string) {
  const probe = createClient({ url });
  probe.on('error', () => {});
  await probe.connect();
  t.after(() => probe.destroy());
  return probe;
}

test('RedisTokenStore data', async (t) => {
  const server = await redisForSuite(t);
  if (server === undefined) return;
  const { store } = await openStore(t, server.url);
  const probe = await openProbe(t, server.url);
  t.afterEach(() => checkAndClear(server.url));

  await t.test('is one key per token in one allocation, and one index, in one Cluster slot', async () => {
    const token = tokenOf('alice');
    await store.issue({ record: token, groups: keepAll });
    const key = `tessera:{alice}:token:${token.jti}`;
    assert.deepEqual((await probe.keys('*')).sort(), [key, 'tessera:{alice}:tokens']);
    assert.equal(await probe.objectEncoding(key), 'embstr');
    assert.equal(await probe.pExpireTime(key), token.expiresAt);
  });

  await t.test('survives a flush of the script cache', async () => {
    await store.issue({ record: tokenOf('alice'), groups: onePerPlatform });
    await probe.scriptFlush();
    const { kicked } = await store.issue({ record: tokenOf('alice'), groups: onePerPlatform });
    assert.equal(kicked.length, 1);
  });

  await t.test('T3 an index that is no index: the issue fails and writes nothing', async () => {
    const expiresAt = Date.now() + hourMs;
    await probe.set('tessera:{alice}:tokens', 'x', { expiration: { type: 'PXAT', value: expiresAt } });
    await assert.rejects(store.issue({ record: tokenOf('alice'), groups: onePerPlatform }), /WRONGTYPE/);
    assert.deepEqual(await probe.keys('*'), ['tessera:{alice}:tokens']);
    await probe.flushAll();
  });

  await t.test('T3 a Redis that is out of memory: the issue fails and changes nothing', async () => {
    const first = tokenOf('alice');
    await store.issue({ record: first, groups: onePerPlatform });
    const before = await store.list('alice');
    await probe.configSet('maxmemory', '1');
    await assert.rejects(store.issue({ record: tokenOf('alice'), groups: onePerPlatform }), /OOM/);
    await probe.configSet('maxmemory', '0');
    assert.deepEqual(await store.list('alice'), before);
    assert.equal((await store.issue({ record: tokenOf('alice'), groups: onePerPlatform })).kicked[0]?.jti, first.jti);
  });

  await t.test('defect 3: a token that Redis would drop at once is refused, not stored by half', async () => {
    await store.issue({ record: tokenOf('alice'), groups: keepAll });
    const before = await probe.keys('*');
    const late = tokenOf('alice', { issuedAt: Date.now() - 2 * hourMs, expiresAt: Date.now() - hourMs });
    await assert.rejects(store.issue({ record: late, groups: onePerPlatform }), /expired/);
    assert.deepEqual((await probe.keys('*')).sort(), before.sort());
  });

  for (const [touch, run] of Object.entries({
    list: () => store.list('alice'),
    kick: () => store.kick('alice', { platformID: platforms.Web }, 'forced', 'kicked'),
    issue: () => store.issue({ record: tokenOf('alice'), groups: keepAll }),
  })) {
    await t.test(`${touch} prunes index entries of tokens that are gone, and shortens the index's life`, async () => {
      const [evicted, kept] = [tokenOf('alice', { expiresAt: Date.now() + 2 * hourMs }), tokenOf('alice')];
      for (const record of [evicted, kept]) await store.issue({ record, groups: keepAll });
      await probe.del(`tessera:{alice}:token:${evicted.jti}`);

      await run();

      const entries = await probe.zRange('tessera:{alice}:tokens', 0, -1);
      assert.ok(entries.includes(kept.jti) && !entries.includes(evicted.jti));
    });
  }

  await t.test('an issue drops index entries that have expired, of accepted and of ended tokens', async () => {
    const past = Date.now() - 1;
    await probe.zAdd('tessera:{alice}:tokens', [
      { value: 'accepted', score: past },
      { value: 'ended', score: -past },
    ]);
    const token = tokenOf('alice');
    await store.issue({ record: token, groups: onePerPlatform });
    assert.deepEqual(await probe.zRange('tessera:{alice}:tokens', 0, -1), [token.jti]);
  });

  await t.test('an index of nothing but gone tokens goes as a whole', async () => {
    const token = tokenOf('alice');
    await store.issue({ record: token, groups: keepAll });
    await probe.del(`tessera:{alice}:token:${token.jti}`);
    assert.deepEqual(await store.list('alice'), []);
    assert.deepEqual(await probe.keys('*'), []);
  });

  await t.test('T1 a kick gives back its own end to a key whose TTL was lost or moved', async () => {
    const tokens = [tokenOf('alice'), tokenOf('alice')];
    for (const record of tokens) await store.issue({ record, groups: keepAll });
    await probe.persist(`tessera:{alice}:token:${tokens[0]?.jti}`);
    await probe.expire(`tessera:{alice}:token:${tokens[1]?.jti}`, 7 * 24 * 3600);
    // checkAndClear compares every TTL with the exp in the record.
    await store.kick('alice', { platformID: platforms.IOS }, 'forced', 'kicked');
  });

  await t.test('fields that a later version adds are kept by a kick', async () => {
    const token = tokenOf('alice');
    await store.issue({ record: token, groups: keepAll });
    const key = `tessera:{alice}:token:${token.jti}`;
    await probe.set(key, `${await probe.get(key)}|Alice's phone`, { expiration: 'KEEPTTL' });
    await store.kick('alice', { jtis: [token.jti] }, 'forced', 'kicked');
    assert.match((await probe.get(key)) ?? '', /^k\|.*\|forced\|Alice's phone$/);
  });

  await t.test('T5 a record that cannot be read is a failure, and does not block a login', async () => {
    const token = tokenOf('alice');
    await store.issue({ record: token, groups: keepAll });
    await probe.set(`tessera:{alice}:token:${token.jti}`, 'x', { expiration: 'KEEPTTL' });
    await assert.rejects(store.find('alice', token.jti), /unreadable/);
    await store.issue({ record: tokenOf('alice'), groups: onePerPlatform });
    await probe.flushAll();
  });
});

test('RedisTokenStore without its server', async (t) => {
  const server = await redisForSuite(t, { args: ['--appendonly', 'yes', '--appendfsync', 'always'] });
  if (server === undefined) return;

  await t.test('T5 T1 fails at once while Redis is dead, and knows its tokens when it is back', async (t) => {
    const back = Promise.withResolvers<void>();
    const { store, redis } = await openStore(t, server.url, { onReconnect: back.resolve });
    const authority = authorityOver(store);
    const { token } = await authority.issueAdminToken({ secret: 'admin secret', userID: 'imAdmin' });

    await server.kill();
    const [verify, get] = await Promise.allSettled([authority.verify(token), redis.get('x')]);
    await server.restart();
    await back.promise;

    assert.equal(codeOf(verify), errorTable.internal.code);
    assert.ok(get.status === 'rejected' && !/gave no answer/.test(String(get.reason)), 'not queued until the time-out');
    assert.equal((await authority.verify(token)).userID, 'imAdmin');
  });

  await t.test('T5 fails after its time limit while Redis hangs, and goes on afterwards', async (t) => {
    const { store, redis } = await openStore(t, server.url, { commandTimeoutMs: 500 });
    const authority = authorityOver(store);
    const { token } = await authority.issueAdminToken({ secret: 'admin secret', userID: 'imAdmin' });

    process.kill(server.pid, 'SIGSTOP');
    const [refusal] = await Promise.allSettled([authority.verify(token)]);
    process.kill(server.pid, 'SIGCONT');

    assert.equal(codeOf(refusal), errorTable.internal.code);
    await assert.doesNotReject(async () => {
      // Answers come in order: this one after the late one.
      await redis.ping();
      await authority.verify(token);
    });
  });

  await t.test('says so at once when there is no server to begin with', async () => {
    await server.kill();
    await assert.rejects(connectRedis(server.url, { onConnectionFailure: assert.ifError }), /ECONNREFUSED/);
  });
});

function authorityOver(store: RedisTokenStore): TokenAuthority {
  return new TokenAuthority({
    store,
    signingKeys: ['a signing key of the test'],
    adminSecret: 'admin secret',
    adminUserIDs: ['imAdmin'],
    loginPolicy: 1,
    maxTokensPerPlatform: 30,
    ttlMs: hourMs,
    clock: Date.now,
    randomBytes,
    users: { findForToken: async () => ({ appManagerLevel: 2 }) },
    events: new TokenEvents((error) => assert.fail(String(error))),
  });
}

function codeOf(result: PromiseSettledResult<unknown> | undefined): number | undefined {
  assert.ok(result?.status === 'rejected' && result.reason instanceof ProtocolError);
  return result.reason.code;
}
