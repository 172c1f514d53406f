/** What only the Redis token store can get wrong: its layout, its scripts' failures, a server that goes away. */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { test } from 'node:test';
import { errorTable, ProtocolError } from '../../src/protocol/errors.ts';
import { platforms } from '../../src/protocol/numbers/platforms.ts';
import { connectRedis } from '../../src/redis/client/client.ts';
import { RedisTokenStore } from '../../src/redis/tokens/redis-token-store.ts';
import { newTokenID } from '../../src/tokens/claims.ts';
import { allPlatforms, noCutoffs } from '../../src/tokens/cutoffs.ts';
import { loginPolicy, type PolicyGroup, policyGroups } from '../../src/tokens/policy.ts';
import type { NewToken, TokenStore } from '../../src/tokens/token-store.ts';
import { redisForSuite } from '../support/test-services.ts';
import { TestAuthority } from '../support/token-authority.ts';
import { tokenValues } from '../support/token-values.ts';
import { openProbe, openStore } from './support/redis-nodes.ts';
import { checkLayoutAfterEach } from './support/token-layout.ts';

const hourMs = 3_600_000;
const onePerPlatform = policyGroups(loginPolicy('one-per-platform', 0), platforms.IOS);
const keepAll: readonly PolicyGroup[] = [];

function tokenOf(userID: string, fields: Partial<NewToken> = {}): NewToken {
  const issuedAt = Math.ceil(Date.now() / 1000) * 1000;
  const jti = newTokenID(randomBytes);
  return { jti, userID, platformID: platforms.IOS, issuedAt, expiresAt: issuedAt + hourMs, deviceName: '', ...fields };
}

const issue = (store: TokenStore, record: NewToken, groups = keepAll) =>
  store.issue({ record, groups, everyonesCutoffs: noCutoffs });

test('RedisTokenStore data', async (t) => {
  const server = await redisForSuite(t);
  if (server === undefined) return;
  const { store } = await openStore(t, server.url);
  const probe = await openProbe(t, server.url);
  await checkLayoutAfterEach(t, server.url);

  await t.test('is one key per token in one allocation, and one index, in one Cluster slot', async () => {
    const token = tokenOf('alice');
    await issue(store, token, keepAll);
    const key = `tessera:{alice}:token:${token.jti}`;
    assert.deepEqual((await probe.keys('*')).sort(), [key, 'tessera:{alice}:tokens']);
    assert.equal(await probe.objectEncoding(key), 'embstr');
    assert.equal(await probe.pExpireTime(key), token.expiresAt);
  });

  await t.test('survives a flush of the script cache', async () => {
    await issue(store, tokenOf('alice'), onePerPlatform);
    await probe.scriptFlush();
    const { kicked } = await issue(store, tokenOf('alice'), onePerPlatform);
    assert.equal(kicked.length, 1);
  });

  await t.test('T3 an index that is no index: the issue fails and writes nothing', async () => {
    const expiresAt = Date.now() + hourMs;
    await probe.set('tessera:{alice}:tokens', 'x', { expiration: { type: 'PXAT', value: expiresAt } });
    await assert.rejects(issue(store, tokenOf('alice'), onePerPlatform), /WRONGTYPE/);
    assert.deepEqual(await probe.keys('*'), ['tessera:{alice}:tokens']);
    await probe.flushAll();
  });

  await t.test('T3 a Redis that is out of memory: the issue fails and changes nothing', async () => {
    const first = tokenOf('alice');
    await issue(store, first, onePerPlatform);
    const before = await store.list('alice');
    await probe.configSet('maxmemory', '1');
    await assert.rejects(issue(store, tokenOf('alice'), onePerPlatform), /OOM/);
    await probe.configSet('maxmemory', '0');
    assert.deepEqual(await store.list('alice'), before);
    assert.equal((await issue(store, tokenOf('alice'), onePerPlatform)).kicked[0]?.jti, first.jti);
  });

  await t.test('T4 a Redis that is out of memory: tokens can still be ended, one by one and by a cutoff', async () => {
    const [one, other] = [tokenOf('alice'), tokenOf('alice', { platformID: platforms.Web })];
    for (const record of [one, other]) await issue(store, record, keepAll);
    await probe.configSet('maxmemory', '1');
    const ended = await store.kick('alice', { jtis: [one.jti] }, 'revoked', 'revoked');
    const hasMoved = await store.cutOff('alice', platforms.Web, Date.now(), Date.now() + hourMs);
    const hasMovedForAll = await store.cutOff('', platforms.Linux, Date.now(), Date.now() + hourMs);
    await probe.configSet('maxmemory', '0');
    assert.deepEqual([ended.map(({ jti }) => jti), hasMoved, hasMovedForAll], [[one.jti], true, true]);
    assert.equal((await store.find(one)).record?.state, 'revoked');
  });

  await t.test('a superseded token past its grace is not read by later logins, and stays what it is', async () => {
    const record = tokenOf('alice', { platformID: platforms.Admin });
    await issue(store, record, keepAll);
    const supersede = { which: 'platform', acceptedUntil: Date.now() - 1000 } as const;
    const admin = (jti: string) => ({
      ...tokenOf('alice', { platformID: platforms.Admin }),
      jti,
      issuedAt: Date.now(),
    });
    const request = (jti: string) => ({ record: admin(jti), groups: [], everyonesCutoffs: noCutoffs, supersede });
    await store.issue(request('second'));
    const { superseded } = await store.issue(request('third'));
    assert.deepEqual(
      superseded.map(({ jti }) => jti),
      ['second'],
    );
    assert.equal(await probe.zScore('tessera:{alice}:tokens', record.jti), null);
    assert.equal((await store.find(record)).record?.state, 'superseded');
    assert.equal((await store.list('alice')).tokens.length, 3);
  });

  await t.test('T4 a Redis that is out of memory still ends tokens', async () => {
    const [kicked, cutOff] = [tokenOf('alice'), tokenOf('bob')];
    for (const record of [kicked, cutOff]) await issue(store, record);
    await probe.configSet('maxmemory', '1');
    try {
      assert.equal((await store.kick('alice', { jtis: [kicked.jti] }, 'revoked', 'revoked')).length, 1);
      assert.equal(await store.cutOff('bob', allPlatforms, cutOff.issuedAt + 1, cutOff.expiresAt), true);
    } finally {
      await probe.configSet('maxmemory', '0');
    }
    assert.equal((await store.find(kicked)).record?.state, 'revoked');
    assert.equal((await store.find(cutOff)).cutoffs.get(allPlatforms), cutOff.issuedAt + 1);
  });

  await t.test('T4 a token that has ended by the clock of Redis is not taken in any more', async () => {
    const past = tokenOf('alice', { issuedAt: Date.now() - hourMs, expiresAt: Math.floor(Date.now() / 1000) * 1000 });
    const record = { ...past, state: 'live', reason: '', acceptedUntil: 0, lastSeenAt: 0 } as const;
    assert.equal(await store.adopt(record), undefined);
    assert.deepEqual(await probe.keys('*'), []);
  });

  await t.test('defect 3: a token that Redis would drop at once is refused, not stored by half', async () => {
    await issue(store, tokenOf('alice'), keepAll);
    const before = await probe.keys('*');
    const late = tokenOf('alice', { issuedAt: Date.now() - 2 * hourMs, expiresAt: Date.now() - hourMs });
    await assert.rejects(issue(store, late, onePerPlatform), /expired/);
    assert.deepEqual((await probe.keys('*')).sort(), before.sort());
  });

  for (const [touch, run] of Object.entries({
    list: () => store.list('alice'),
    kick: () => store.kick('alice', { platformIDs: [platforms.Web] }, 'forced', 'kicked'),
    issue: () => issue(store, tokenOf('alice'), keepAll),
  })) {
    await t.test(`${touch} prunes index entries of tokens that are gone, and shortens the index's life`, async () => {
      const kept = tokenOf('alice');
      const evicted = tokenOf('alice', { expiresAt: kept.expiresAt + hourMs });
      for (const record of [evicted, kept]) await issue(store, record, keepAll);
      await probe.del(`tessera:{alice}:token:${evicted.jti}`);

      await run();

      const entries = await probe.zRange('tessera:{alice}:tokens', 0, -1);
      assert.ok(entries.includes(kept.jti) && !entries.includes(evicted.jti));
    });
  }

  await t.test('an issue drops index entries that have expired, of accepted and of ended tokens', async () => {
    const past = Math.floor(Date.now() / 1000) - 1;
    await probe.zAdd('tessera:{alice}:tokens', [
      { value: 'accepted', score: past },
      { value: 'ended', score: -past },
    ]);
    const token = tokenOf('alice');
    await issue(store, token, onePerPlatform);
    assert.deepEqual(await probe.zRange('tessera:{alice}:tokens', 0, -1), [token.jti]);
  });

  await t.test('what an earlier version left in one set is taken apart, by a list and by logins', async () => {
    for (const work of ['list', 'issue'] as const) {
      const [kicked, superseded, live, gone] = [tokenOf('alice'), tokenOf('alice'), tokenOf('alice'), tokenOf('alice')];
      for (const record of [kicked, superseded, live, gone]) await issue(store, record);
      await store.kick('alice', { jtis: [kicked.jti] }, 'forced', 'kicked');
      const supersede = { which: { jti: superseded.jti }, acceptedUntil: Date.now() + 60_000 };
      const renewed = tokenOf('alice');
      await store.issue({ record: renewed, groups: [], supersede, everyonesCutoffs: noCutoffs });
      await probe.del(['tessera:{alice}:past', 'tessera:{alice}:superseded', `tessera:{alice}:token:${gone.jti}`]);
      const before = [
        { value: kicked.jti, score: -kicked.expiresAt / 1000 },
        { value: superseded.jti, score: superseded.expiresAt / 1000 },
        { value: gone.jti, score: -gone.expiresAt / 1000 },
      ];
      await probe.zAdd('tessera:{alice}:tokens', before);
      if (work === 'issue') await issue(store, tokenOf('alice', { platformID: platforms.Web }), onePerPlatform);
      const listed = (await store.list('alice')).tokens.map(({ jti }) => jti);
      for (const { jti } of [kicked, superseded, live, renewed]) assert.ok(listed.includes(jti));
      assert.ok(!listed.includes(gone.jti));
      assert.equal(await probe.zScore('tessera:{alice}:tokens', kicked.jti), null);
      const ended = await store.kick('alice', { platformIDs: [platforms.IOS] }, 'forced', 'kicked');
      if (work === 'list') assert.equal(ended.length, 3, 'the superseded one too');
      await probe.flushAll();
    }
  });

  await t.test('an index of nothing but gone tokens goes as a whole', async () => {
    const token = tokenOf('alice');
    await issue(store, token, keepAll);
    await probe.del(`tessera:{alice}:token:${token.jti}`);
    assert.deepEqual((await store.list('alice')).tokens, []);
    assert.deepEqual(await probe.keys('*'), []);
  });

  await t.test('T1 a kick gives back its own end to a key whose TTL was lost or moved', async () => {
    const tokens = [tokenOf('alice'), tokenOf('alice')];
    for (const record of tokens) await issue(store, record, keepAll);
    await probe.persist(`tessera:{alice}:token:${tokens[0]?.jti}`);
    await probe.expire(`tessera:{alice}:token:${tokens[1]?.jti}`, 7 * 24 * 3600);
    // The check after each test compares every TTL with the token's end.
    await store.kick('alice', { platformIDs: [platforms.IOS] }, 'forced', 'kicked');
  });

  const changes: Record<string, (token: NewToken) => Promise<unknown>> = {
    kick: ({ jti }) => store.kick('alice', { jtis: [jti] }, 'forced', 'kicked'),
    touch: ({ jti }) => store.touch('alice', [jti], Date.now()),
    renewal: ({ jti }) => {
      const supersede = { which: { jti }, acceptedUntil: Date.now() + 60_000 };
      return store.issue({ record: tokenOf('alice'), groups: [], supersede, everyonesCutoffs: noCutoffs });
    },
    'policy kick': () => issue(store, tokenOf('alice'), onePerPlatform),
    list: () => store.list('alice'),
  };
  for (const [name, change] of Object.entries(changes)) {
    await t.test(`fields that a later version adds are kept by a ${name}, and read over`, async () => {
      const token = tokenOf('alice', { deviceName: "Alice's | phone" });
      await issue(store, token);
      const key = `tessera:{alice}:token:${token.jti}`;
      await probe.set(key, `${await probe.get(key)}||||later|fields`, { expiration: 'KEEPTTL' });
      await change(token);
      assert.match((await probe.get(key)) ?? '', /\|Alice's%20%7C%20phone\|\w*\|[\w-]*\|\w*\|later\|fields$/);
      assert.equal((await store.find(token)).record?.deviceName, "Alice's | phone");
    });
  }

  await t.test('T1 touch neither gives nor takes an end', async () => {
    const [token, eternal] = [tokenOf('alice'), tokenOf('alice')];
    for (const record of [token, eternal]) await issue(store, record);
    await probe.persist(`tessera:{alice}:token:${eternal.jti}`);
    await store.touch('alice', [token.jti, eternal.jti, newTokenID(randomBytes)], Date.now());
    assert.equal(await probe.pExpireTime(`tessera:{alice}:token:${token.jti}`), token.expiresAt);
    assert.equal(await probe.pExpireTime(`tessera:{alice}:token:${eternal.jti}`), -1);
    assert.equal((await probe.keys('*')).length, 3);
    await store.kick('alice', { jtis: [eternal.jti] }, 'forced', 'kicked'); // heals it
  });

  await t.test(
    'a cutoff is kept as long as it was asked for, and as long as a token that it ends could live',
    async () => {
      const key = 'tessera:{alice}:not-before';
      const now = Date.now();
      await store.cutOff('alice', platforms.IOS, now, now + hourMs);
      assert.equal(await probe.pExpireTime(key), now + hourMs);
      await store.cutOff('alice', allPlatforms, now, now + hourMs / 2);
      const kept = await probe.pExpireTime(key);
      assert.ok(Math.abs(kept - (now + hourMs)) <= 5, 'the longer time stays');
      const token = tokenOf('alice', { expiresAt: Math.ceil(now / 1000) * 1000 + 24 * hourMs });
      await issue(store, token);
      await store.cutOff('alice', platforms.Web, now, now + hourMs);
      assert.ok((await probe.pExpireTime(key)) >= token.expiresAt);
      assert.equal((await store.find(token)).cutoffs.size, 3);
      await store.cutOff('', allPlatforms, now, now + hourMs);
      assert.equal(await probe.pExpireTime('tessera:not-before'), now + hourMs);
    },
  );

  await t.test('T5 cutoffs that cannot be read are a failure, not a statement about the token', async () => {
    const token = tokenOf('alice');
    await issue(store, token);
    await probe.set('tessera:{alice}:not-before', 'x=y', { expiration: { type: 'EX', value: 60 } });
    await assert.rejects(store.find(token), /unreadable/);
    await probe.del('tessera:{alice}:not-before');
  });

  await t.test('no login, kick, find or page of a list does more work for a user with many ended tokens', async () => {
    const crowd = 3000;
    // All of one end, so that no set has to live longer for a later token.
    const end = { expiresAt: Math.ceil(Date.now() / 1000) * 1000 + 2 * hourMs };
    const supersede = { which: 'platform', acceptedUntil: Date.now() } as const;
    const admin = () => {
      const record = tokenOf('busy', { platformID: platforms.Admin, ...end });
      return store.issue({ record, groups: [], supersede, everyonesCutoffs: noCutoffs });
    };
    /** How often each command is called in one round; what prunes by chance may find something or not. */
    const work = async (userID: string) => {
      const record = tokenOf(userID, end);
      await issue(store, record, onePerPlatform);
      await probe.configResetStat();
      await issue(store, tokenOf(userID, end), onePerPlatform);
      await store.kick(userID, { platformIDs: [platforms.IOS] }, 'forced', 'kicked');
      await store.list(userID, { limit: 5 });
      await store.find(record);
      await store.touch(userID, [record.jti], Date.now());
      await store.cutOff(userID, platforms.IOS, Date.now() - 1, Date.now() + hourMs);
      const stats = await probe.info('commandstats');
      return Array.from(stats.matchAll(/cmdstat_(\w+):calls=(\d+)/g), ([, command, calls]) => [command, Number(calls)]);
    };
    for (let i = 0; i < 8; i += 1) await issue(store, tokenOf('quiet', end), onePerPlatform);
    for (let i = 0; i < crowd; i += 100) {
      await Promise.all(Array.from({ length: 100 }, () => issue(store, tokenOf('busy', end), onePerPlatform)));
    }
    assert.ok((await probe.zCard('tessera:{busy}:past')) >= crowd - 1);
    assert.deepEqual(await work('busy'), await work('quiet'));

    for (let i = 0; i < 400; i += 100) await Promise.all(Array.from({ length: 100 }, admin));
    await probe.configResetStat();
    await admin();
    const calls = (await probe.info('commandstats')).match(/cmdstat_get:calls=(\d+)/)?.[1];
    assert.ok(Number(calls) <= 3, `${calls} tokens were read for one more admin token`);
    assert.ok((await probe.zCard('tessera:{busy}:superseded')) <= 102, 'and the superseded ones are bounded');
    await probe.flushAll();
  });

  await t.test('tokens of some platforms are ended in portions', async () => {
    const records = Array.from({ length: 1200 }, (_, i) => tokenOf('alice', { platformID: i % 6 === 0 ? 5 : 1 }));
    for (let i = 0; i < records.length; i += 100) {
      await Promise.all(records.slice(i, i + 100).map((record) => issue(store, record)));
    }
    await probe.configResetStat();
    const ended = await store.kick(
      'alice',
      { platformIDs: [platforms.IOS], exceptJti: records[1]?.jti ?? '' },
      'forced',
      'kicked',
    );
    assert.equal(ended.length, 999);
    assert.ok(Number((await probe.info('commandstats')).match(/cmdstat_evalsha:calls=(\d+)/)?.[1]) >= 3);
    assert.equal(
      (await store.list('alice', { limit: 2000 })).tokens.filter(({ state }) => state === 'live').length,
      201,
    );
    await probe.flushAll();
  });

  const junk: Record<string, (key: string) => Promise<unknown>> = {
    ...Object.fromEntries(
      tokenValues()
        .filter(({ token }) => token === null)
        .map(({ what, value }) => [what, (key: string) => probe.set(key, value, { expiration: 'KEEPTTL' })]),
    ),
    'a key of another type': async (key) => {
      await probe.del(key);
      await probe.hSet(key, 'a', 'b');
      await probe.expire(key, 60);
    },
  };
  for (const [what, spoil] of Object.entries(junk)) {
    await t.test(`T5 one record that nobody can read harms no other token of its user: ${what}`, async () => {
      const [broken, web, phone] = [
        tokenOf('alice'),
        tokenOf('alice', { platformID: platforms.Web }),
        tokenOf('alice'),
      ];
      for (const record of [broken, web, phone]) await issue(store, record);
      const told: string[] = [];
      const { redis } = await openStore(t, server.url);
      const node = new RedisTokenStore(redis, Date.now, (userID, jti) => told.push(`${userID} ${jti}`));
      await spoil(`tessera:{alice}:token:${broken.jti}`);

      const listed = async () => (await node.list('alice')).tokens.map(({ jti, state }) => [jti, state]).sort();
      assert.deepEqual(await listed(), [web, phone].map(({ jti }) => [jti, 'live']).sort());
      await node.touch('alice', [broken.jti, web.jti], Date.now());
      assert.equal((await node.countLive()).get(platforms.IOS), 1);
      // One that may have been anything is never accepted.
      const found = await node.find(broken).catch((error: unknown) => error);
      assert.ok(found instanceof Error || (found as { record: unknown }).record === undefined);
      const kicked = await node.kick('alice', { platformIDs: [platforms.Web] }, 'forced', 'kicked');
      assert.deepEqual(
        kicked.map(({ jti }) => jti),
        [web.jti],
      );
      assert.deepEqual(
        (await issue(node, tokenOf('alice'), onePerPlatform)).kicked.map(({ jti }) => jti),
        [phone.jti],
      );
      assert.equal((await listed()).length, 3);
      assert.deepEqual(told, [`alice ${broken.jti}`], 'told of, once');
      await probe.flushAll();
    });
  }
});

test('RedisTokenStore without its server', async (t) => {
  const server = await redisForSuite(t, { args: ['--appendonly', 'yes', '--appendfsync', 'always'] });
  if (server === undefined) return;

  await t.test('T5 T1 fails at once while Redis is dead, and knows its tokens when it is back', async (t) => {
    const back = Promise.withResolvers<void>();
    const { store, redis } = await openStore(t, server.url, { onReconnect: back.resolve });
    const authority = new TestAuthority(store);
    const token = await authority.loginAdmin();

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
    const authority = new TestAuthority(store);
    const token = await authority.loginAdmin();

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

function codeOf(result: PromiseSettledResult<unknown> | undefined): number | undefined {
  assert.ok(result?.status === 'rejected' && result.reason instanceof ProtocolError);
  return result.reason.code;
}
