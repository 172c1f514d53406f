/** TESSERA_OPENIM_TOKENS=mirror: OpenIM's servers and ours share the work, and each side sees what the other does. */
import assert from 'node:assert/strict';
import { platforms } from '../../src/protocol/numbers/platforms.ts';
import type { RedisClient } from '../../src/redis/client/client.ts';
import { openimHash, signOpenimToken } from '../support/openim-redis.ts';
import { asAdmin, callOf, hourMs, lifetimesOf } from '../support/token-authority.ts';
import { testOnEveryRedis } from './support.ts';

const { IOS, Web, Admin } = platforms;
const dayMs = 24 * hourMs;
const noCache = { cache: { maxTokens: 0, ttlMs: 0 } };

testOnEveryRedis('tokens of ours, mirrored', 'mirror', async (t, world) => {
  const { openim, redis } = world;
  const { authority, failures } = await world.node(noCache);
  t.afterEach(() => assert.deepEqual(failures.splice(0), []));

  await t.test('OpenIM accepts a token of ours, for as long as it lives', async () => {
    const userID = world.newUser();
    const token = await authority.login(userID, Web);
    assert.deepEqual(await openim.fields(userID, Web), { [token]: '0' });
    const { expiresAt } = await authority.verify(token);
    const hashEndsAt = Date.now() + (await openim.hashLifeMs(userID, Web));
    assert.ok(Math.abs(hashEndsAt - expiresAt) < 1000, String(hashEndsAt - expiresAt));
  });

  await t.test('T1 the hash’s life is never shortened', async () => {
    const userID = world.newUser();
    const long = await openim.issue(userID, Web);
    const before = await openim.hashLifeMs(userID, Web);
    await authority.login(userID, Web);
    assert.ok((await openim.hashLifeMs(userID, Web)) > before - 5000);
    assert.equal((await openim.fields(userID, Web))[long], '2');
  });

  await t.test('T1 a hash that is about to lapse is kept for the new token', async () => {
    const userID = world.newUser();
    await openim.issue(userID, Web);
    await redis.command(openimHash(userID, Web), ['PEXPIRE', openimHash(userID, Web), '1000']);
    await authority.login(userID, Web);
    assert.ok((await openim.hashLifeMs(userID, Web)) > dayMs - 5000);
  });

  await t.test('defects 3, 8: a hash without a TTL gets one that every token in it can live with', async () => {
    const userID = world.newUser();
    const hash = openimHash(userID, Web);
    const longest = { userID, platformID: Web, issuedAt: Date.now(), expiresAt: Date.now() + 40 * dayMs };
    const fields = [signOpenimToken(longest), '2', 'no token', '0', 'x.e30.y', '0', '', '0'];
    await redis.command(hash, ['HSET', hash, ...fields]);
    await authority.login(userID, Web);
    const lifeMs = await openim.hashLifeMs(userID, Web);
    assert.ok(Math.abs(lifeMs - 40 * dayMs) < 5000, String(lifeMs));
  });

  await t.test('a token that claims to live for ever does not make the hash do so', async () => {
    const userID = world.newUser();
    const hash = openimHash(userID, Web);
    const boast = { userID, platformID: Web, issuedAt: Date.now(), expiresAt: 9e14 };
    await redis.command(hash, ['HSET', hash, signOpenimToken(boast, 'another secret'), '0']);
    await authority.login(userID, Web);
    const lifeMs = await openim.hashLifeMs(userID, Web);
    assert.ok(lifeMs > 0 && lifeMs <= 3650 * dayMs, String(lifeMs));
  });

  await t.test('what the policy ends here is 2 in the hash, ours and OpenIM’s', async () => {
    const userID = world.newUser();
    const tokens = [await openim.issue(userID, Web)];
    for (let i = 0; i < 3; i++) tokens.push(await authority.login(userID, Web));
    const codes = await Promise.all(tokens.map((token) => openim.codeOf(userID, Web, token)));
    assert.deepEqual(codes, [1506, 1506, 1506, 0]);
  });

  await t.test('O2 logins do not make the hash grow for ever, nor do tokens that have expired', async () => {
    const userID = world.newUser();
    const hash = openimHash(userID, Web);
    const past = { userID, platformID: Web, expiresAt: Date.now() - hourMs };
    const expired = Array.from({ length: 30 }, (_, i) => signOpenimToken({ ...past, issuedAt: i * 1000 }));
    await redis.command(hash, ['HSET', hash, ...expired.flatMap((token) => [token, '0'])]);
    const tokens: string[] = [];
    for (let i = 0; i < 30; i++) tokens.push(await authority.login(userID, Web));
    const left = await openim.fields(userID, Web);
    assert.ok(Object.keys(left).length <= 22, String(Object.keys(left).length));
    assert.equal(left[tokens.at(-1)!], '0');
    assert.ok(expired.every((token) => left[token] === undefined));
    for (const token of tokens.slice(0, -1)) assert.equal(await authority.verdict(token), 1506);
  });

  await t.test('a forced logout and each way to revoke is 2 in the hash', async () => {
    const ways: ((userID: string, token: string) => Promise<unknown>)[] = [
      (userID) => authority.forceLogout(asAdmin, { userID, platformID: Web }),
      (_userID, token) => authority.revokeToken(asAdmin, { token, jti: '', userID: '' }),
      (userID) => authority.revokeTokens(asAdmin, { userID, platformIDs: [], exceptCaller: false }),
      async (userID) => {
        const past = { userID, platformIDs: [Web], issuedBefore: Date.now() };
        await authority.revokeIssuedBefore(asAdmin, past);
      },
    ];
    for (const end of ways) {
      const userID = world.newUser();
      const legacy = await openim.issue(userID, Web);
      await end(userID, legacy);
      assert.equal(await openim.codeOf(userID, Web, legacy), 1506);
    }
  });

  await t.test('defect 8: a hash that is gone is not brought back by a mark', async () => {
    const userID = world.newUser();
    const token = await authority.login(userID, Web);
    await openim.lapse(userID, Web);
    await authority.forceLogout(asAdmin, { userID, platformID: Web });
    assert.equal(await authority.verdict(token), 1506);
    assert.equal(await openim.hashLifeMs(userID, Web), -2);
  });

  await t.test('defect 8: nor by a mark for a token that OpenIM takes out at that moment', async () => {
    const userID = world.newUser();
    let token = '';
    const command: RedisClient['command'] = async (key, [name = '', ...rest]) =>
      name === 'HKEYS' ? [token] : redis.command(key, [name, ...rest]);
    const { authority: node } = await world.node(noCache, { command });
    token = await node.login(userID, Web);
    await openim.lapse(userID, Web);
    await node.forceLogout(asAdmin, { userID, platformID: Web });
    assert.equal(await openim.hashLifeMs(userID, Web), -2);
  });

  await t.test('an older admin token is accepted by both for five minutes', async () => {
    const [older, newer] = [await openim.issue('imAdmin', Admin), await authority.loginAdmin()];
    assert.deepEqual(await openim.fields('imAdmin', Admin), { [newer]: '0' });
    for (const token of [older, newer]) {
      assert.equal(await openim.codeOf('imAdmin', Admin, token), 0);
      assert.equal(await authority.verdict(token), 0);
    }
    const key = `UID_PID_TOKEN_STATUS::TEMPORARY:imAdmin:Admin:${older}`;
    const graceMs = Number(await redis.command(key, ['PTTL', key]));
    assert.ok(graceMs > 290_000 && graceMs <= 300_000, String(graceMs));
    await redis.command(key, ['DEL', key]);
  });

  await t.test('a renewed token is taken out of the hash, and not kicked', async () => {
    let now = Date.now();
    const { authority: node } = await world.node({ ...noCache, clock: () => now });
    const userID = world.newUser();
    const old = await node.login(userID, Web);
    const session = await node.verify(old);
    now += hourMs;
    const { token } = await node.renewToken(callOf(userID, session), {});
    assert.deepEqual(await openim.fields(userID, Web), { [token]: '0' });
    assert.equal(await node.verdict(old), 0, 'in its overlap');
  });

  await t.test('T4 what is ended elsewhere before it is in the hash is 2 as soon as it is', async () => {
    const userID = world.newUser();
    const evalScript: RedisClient['evalScript'] = async (script, keys, args) => {
      if (keys[0] === openimHash(userID, Web) && args.length === 4) {
        await authority.forceLogout(asAdmin, { userID, platformID: Web });
      }
      return redis.evalScript(script, keys, args);
    };
    const { authority: node } = await world.node(noCache, { evalScript });
    const token = await node.login(userID, Web);
    assert.equal(await openim.codeOf(userID, Web, token), 1506);
  });

  await t.test('OpenIM’s servers are told which hash to read anew', async (t) => {
    const heard: unknown[] = [];
    let next = Promise.withResolvers<void>();
    const userID = world.newUser();
    const subscription = await redis.subscribe(['DELETE_CACHE_AUTH'], {
      onMessage: (_channel, message) => {
        const keys = JSON.parse(message.toString());
        // What was told of users before may come late.
        if (!keys.includes(openimHash(userID, Web))) return;
        heard.push(keys);
        next.resolve();
      },
      onLost: () => {},
      onRestored: () => {},
    });
    t.after(() => subscription[Symbol.asyncDispose]());
    await authority.login(userID, Web);
    await next.promise;
    next = Promise.withResolvers();
    await authority.forceLogout(asAdmin, { userID, platformID: Web });
    await next.promise;
    assert.deepEqual(heard, [[openimHash(userID, Web)], [openimHash(userID, Web)]]);
  });

  await t.test('a token that expires at once leaves the others in the hash', async () => {
    const { authority: brief } = await world.node({ ...noCache, lifetimes: lifetimesOf(1) });
    const userID = world.newUser();
    const token = await openim.issue(userID, Web);
    await brief.login(userID, Web);
    assert.equal((await openim.fields(userID, Web))[token], '2');
    assert.ok((await openim.hashLifeMs(userID, Web)) > dayMs);
  });

  await t.test('what cannot be mirrored is reported, and fails nothing', async () => {
    const userID = world.newUser();
    const [web, ios] = [openimHash(userID, Web), openimHash(userID, IOS)];
    await redis.command(web, ['SET', web, 'x', 'EX', '60']);
    const token = await authority.login(userID, Web);
    assert.equal(await authority.verdict(token), 0);
    await authority.forceLogout(asAdmin, { userID, platformID: Web });
    assert.equal(await authority.verdict(token), 1506);
    assert.equal(failures.length, 2);
    assert.ok(failures.every((error) => /WRONGTYPE/.test(String(error)) && !String(error).includes(token)));
    failures.splice(0);
    assert.equal(await redis.command(ios, ['EXISTS', ios]), 0);
  });

  await t.test('a token of ours that our store has lost is 1507, though OpenIM’s hash has it', async () => {
    const userID = world.newUser();
    const token = await authority.login(userID, Web);
    const { jti } = await authority.verify(token);
    const key = `tessera:{${userID}}:token:${jti}`;
    await redis.command(key, ['DEL', key]);
    await authority.listTokens(asAdmin, { userID, cursor: '', limit: 0 });
    assert.equal(await authority.verdict(token), 1507);
  });
});

testOnEveryRedis('kicks by OpenIM, heard', 'mirror', async (t, world) => {
  const { openim, redis } = world;
  const nodes = [await world.node(), await world.node()];
  const [{ authority }, { authority: other }] = nodes as [(typeof nodes)[0], (typeof nodes)[0]];

  for (const [whose, issue] of Object.entries({
    ours: (userID: string) => authority.login(userID, Web),
    'OpenIM’s': (userID: string) => openim.issue(userID, Web),
  })) {
    await t.test(`T4 ends a token of ${whose} on every node, cached or not, and its sockets`, async () => {
      const userID = world.newUser();
      const token = await issue(userID);
      for (const node of [authority, other]) assert.equal(await node.verdict(token), 0);
      const { jti } = await authority.verify(token);
      const ended = [authority, other].map((node) =>
        node.heardOf('tokensEnded', ({ jtis, reason }) => jtis.includes(jti) && reason === 'openim'),
      );

      await openim.kick(userID, Web, token);

      await Promise.all(ended);
      for (const node of [authority, other]) assert.equal(await node.verdict(token), 1506);
      await openim.purge(userID, Web);
      for (const node of [authority, other]) assert.equal(await node.verdict(token), 1506);
    });
  }

  await t.test('T4 a token that was not used here yet is 1506 for good, too', async () => {
    const userID = world.newUser();
    const token = signOpenimToken({ userID, platformID: Web, issuedAt: Date.now(), expiresAt: Date.now() + hourMs });
    const imported = nodes.map((node) => node.authority.heardOf('tokenImported', (event) => event.userID === userID));
    await openim.kick(userID, Web, token);
    await Promise.race(imported);
    await openim.purge(userID, Web);
    assert.equal(await authority.verdict(token), 1506);
  });

  await t.test('of two nodes that hear of it, one counts it', async () => {
    const userID = world.newUser();
    const token = await openim.issue(userID, Web);
    await authority.verify(token);
    for (const node of [authority, other]) node.takeHeard('tokensEnded');
    const ended = [authority, other].map((node) => node.heardOf('tokensEnded', ({ origin }) => origin === 'elsewhere'));
    await openim.forceLogout(userID, Web);
    await Promise.all(ended);
    const here = [authority, other].flatMap((node) => node.takeHeard('tokensEnded'));
    assert.equal(here.filter(({ origin }) => origin === 'here').length, 1);
  });

  await t.test('T4 a kick whose message went astray is found at the next look', async () => {
    const { authority: node } = await world.node(noCache);
    const userID = world.newUser();
    const token = await node.login(userID, Web);
    assert.equal(await node.verdict(token), 0);
    const hash = openimHash(userID, Web);
    await redis.command(hash, ['HSET', hash, token, '2']);
    assert.equal(await node.verdict(token), 1506);
    await redis.command(hash, ['HSET', hash, token, '0']);
    assert.equal(await node.verdict(token), 1506);
  });

  await t.test('T1 a hash that has lapsed is no kick', async () => {
    const userID = world.newUser();
    const tokens = [await authority.login(userID, Web), await openim.issue(userID, IOS)];
    for (const token of tokens) await authority.verify(token);
    for (const platformID of [Web, IOS]) await openim.lapse(userID, platformID);
    const { authority: node } = await world.node(noCache);
    for (const token of tokens) assert.equal(await node.verdict(token), 0);
  });

  await t.test('O1 what anybody may publish on OpenIM’s channel does no harm', async () => {
    const texts = [
      '',
      '[',
      'null',
      '{}',
      '[1,null]',
      '"x"',
      '["UID_PID_TOKEN_STATUS:"]',
      '["UID_PID_TOKEN_STATUS:a:b"]',
    ];
    const long = JSON.stringify(Array.from({ length: 1000 }, (_, i) => `UID_PID_TOKEN_STATUS:nobody${i}:Web`));
    for (const text of [...texts, long]) await redis.publish('DELETE_CACHE_AUTH', text);
    const userID = world.newUser();
    const token = await authority.login(userID, Web);
    const ended = authority.heardOf('tokensEnded', (event) => event.userID === userID);
    await openim.kick(userID, Web, token);
    await ended;
    assert.deepEqual(
      nodes.flatMap(({ failures }) => failures),
      [],
    );
  });

  await t.test('a login here ends what OpenIM kicked unheard, before it counts who may stay', async () => {
    const userID = world.newUser();
    const token = await authority.login(userID, Web);
    const hash = openimHash(userID, Web);
    await redis.command(hash, ['HSET', hash, token, '2']);
    await authority.login(userID, IOS);
    const reasons = authority.takeHeard('tokensEnded').filter((event) => event.userID === userID);
    assert.equal(reasons[0]?.reason, 'openim');
    assert.equal(await other.verdict(token), 1506);
  });
});
