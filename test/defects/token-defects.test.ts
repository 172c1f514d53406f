/**
 * The known defects of rest-core.md 5.11, each by its number: what goes wrong in OpenIM 3.8, tried on Tessera. Where the
 * store could matter it is tried on both kinds; the last few are of one of them.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { loginPolicy } from '../../src/tokens/policy.ts';
import { openNode, openProbe, openStore } from '../contract/support/redis-nodes.ts';
import { checkKeys } from '../contract/support/token-layout.ts';
import { redisCommand } from '../support/services/redis-command.ts';
import { connect } from '../support/socket-client.ts';
import { clusterForSuite, redisForSuite } from '../support/test-services.ts';
import { asAdmin, TestAuthority } from '../support/token-authority.ts';
import { adminSecret, World } from '../wire/world.ts';
import { endingDefects } from './ending.suite.ts';
import { issuingDefects } from './issuing.suite.ts';
import { redisPlace, sqlitePlace } from './places.ts';
import { verifyingDefects } from './verifying.suite.ts';

test('known defects, with tokens in SQLite', async (t) => {
  const place = await sqlitePlace(t);
  for (const suite of [issuingDefects, endingDefects, verifyingDefects]) await suite(t, place);
});

test('known defects, with tokens in Redis', async (t) => {
  const place = await redisPlace(t);
  if (place === undefined) return;
  for (const suite of [issuingDefects, endingDefects, verifyingDefects]) await suite(t, place);

  await t.test('Defect 18: a forced logout on one node closes sockets of platform 11 on another', async (t) => {
    const [here, there] = [await place.openWorld(t), await place.openWorld(t)];
    const userID = place.newUser();
    for (const world of [here, there]) await world.register(userID);
    const token = await there.issue(userID, 11);
    const socket = await connect({ port: there.wsPort, query: { sendID: userID, platformID: '11', token } });
    await here.call('/auth/force_logout', { userID, platformID: 11 });
    assert.equal((await socket.nextReply()).reqIdentifier, 2002);
    await socket.closed;
  });

  await t.test(
    'Defect 20: each token whose socket a new connection closes is ended, on whatever platform',
    async (t) => {
      const userID = place.newUser();
      const loose = await place.openWorld(t, { TESSERA_LOGIN_POLICY: '0' });
      await loose.register(userID);
      const [phone, pad, desktop] = [
        await loose.issue(userID, 1),
        await loose.issue(userID, 9),
        await loose.issue(userID, 3),
      ];
      // The same tokens under a policy that has one place for phone and pad together.
      const strict = await place.openWorld(t, { TESSERA_LOGIN_POLICY: '5' });
      const open = (token: string, platformID: string) =>
        connect({ port: strict.wsPort, query: { sendID: userID, platformID, token } });
      const sockets = [await open(phone, '1'), await open(desktop, '3')];
      const last = await open(pad, '9');
      assert.equal((await sockets[0]!.nextReply()).reqIdentifier, 2002);
      await last.roundTrip();
      const verdicts = await Promise.all([phone, desktop, pad].map((token) => strict.verdict(token)));
      assert.deepEqual(verdicts, [1506, 0, 0]);
      await sockets[1]!.roundTrip();
      for (const socket of [...sockets, last]) socket.ws.terminate();
    },
  );
});

test('Defect 3: a Redis that crashes during logins leaves no key without an end', async (t) => {
  const server = await redisForSuite(t, { args: ['--appendonly', 'yes', '--appendfsync', 'everysec'] });
  if (server === undefined) return;
  let back = Promise.withResolvers<void>();
  const { store } = await openStore(t, server.url, { onReconnect: () => back.resolve() });
  const authority = new TestAuthority(store, { loginPolicy: loginPolicy('keep-all', 3) });
  const probe = await openProbe(t, server.url);
  for (let round = 0; round < 3; round++) {
    back = Promise.withResolvers();
    let issued = 0;
    const crash = Promise.withResolvers<void>();
    const logins = Array.from({ length: 300 }, async (_, i) => {
      await authority.login(`user${i % 20}`, (i % 9) + 1);
      if (++issued === 100) crash.resolve(server.kill());
    });
    await Promise.allSettled(logins);
    await crash.promise;
    await server.restart();
    await back.promise;

    // Also that no login was done by half: what the indexes say and what there is.
    assert.ok((await checkKeys(probe)).length > 0);
  }
});

test('Defect 13: a node whose cache misses the news goes by the store', async (t) => {
  const server = await redisForSuite(t);
  if (server === undefined) return;
  const cache = { maxTokens: 1000, ttlMs: 3_600_000 };
  const [here, deaf] = [await openNode(t, server.url, { cache }), await openNode(t, server.url, { cache })];
  const old = await here.authority.login('alice');
  await deaf.authority.verify(old);
  const lost = deaf.untilLost();
  // As of a subscriber that connects again and again: nothing is heard on this node.
  const probe = await openProbe(t, server.url);
  const deafen = () => probe.sendCommand(['CLIENT', 'KILL', 'TYPE', 'pubsub']).catch(() => {});
  const deafness = setInterval(() => void deafen(), 20);
  t.after(() => clearInterval(deafness));
  await lost;
  const young = await here.authority.login('alice');
  assert.deepEqual([await deaf.authority.verdict(young), await deaf.authority.verdict(old)], [0, 1506]);
});

test('Defect 22: without Redis every policy holds, and admin tokens are demoted', async (t) => {
  const accepted = async (policy: string) => {
    const world = await World.open({ TESSERA_LOGIN_POLICY: policy, TESSERA_MAX_TOKENS_PER_PLATFORM: '2' });
    t.after(() => world[Symbol.asyncDispose]());
    await world.register('dave');
    const issued = [];
    for (const platformID of [1, 1, 1, 2, 3, 4, 5, 9]) issued.push(await world.issue('dave', platformID));
    const codes = await Promise.all(issued.map((token) => world.verdict(token)));
    return codes.map((code, i) => (code === 0 ? i : -1)).filter((i) => i >= 0);
  };
  await t.test('Defect 22: policies', async () => {
    assert.deepEqual(await accepted('0'), [1, 2, 3, 4, 5, 6, 7]);
    assert.deepEqual(await accepted('1'), [2, 3, 4, 5, 6, 7]);
    assert.deepEqual(await accepted('4'), [3, 5, 6, 7]);
    assert.deepEqual(await accepted('5'), [4, 5, 7]);
  });

  await t.test(
    'Defect 22: an admin token that was never issued is unknown; an older one has five minutes',
    async (t) => {
      const world = await World.open();
      t.after(() => world[Symbol.asyncDispose]());
      const older = world.token('admin');
      const codes: number[] = [];
      let isOver = false;
      const watched = (async () => {
        while (!isOver) codes.push(await world.verdict(older));
      })();
      for (let i = 0; i < 10; i++) {
        await world.call('/auth/get_admin_token', { secret: adminSecret, userID: 'imAdmin' });
      }
      isOver = true;
      await watched;
      assert.deepEqual([...new Set(codes)], [0], 'there is no gap while it is demoted');
      assert.equal(await world.verdict(world.token('unknown')), 1507);
      world.passTime(301_000);
      assert.equal(await world.verdict(older), 1507);
    },
  );

  await t.test('Defect 22: what is ended is ended at once, also just after it was found good', async (t) => {
    const world = await World.open();
    t.after(() => world[Symbol.asyncDispose]());
    assert.equal(await world.verdict(world.token('user')), 0);
    await world.call('/auth/force_logout', { userID: 'alice', platformID: 1 });
    assert.equal(await world.verdict(world.token('user')), 1506);
  });

  await t.test("Defect 22: a user's tokens are nobody else's, whatever the names", async (t) => {
    const authority = await (await sqlitePlace(t)).openAuthority();
    const users = ['a.c', 'abc', 'a', 'a%', 'a_c', '.*', '['];
    const issued = new Map<string, string>();
    for (const userID of users) issued.set(userID, await authority.login(userID));
    for (const [i, userID] of users.entries()) {
      await authority.forceLogout(asAdmin, { userID, platformID: 1 });
      const codes = await Promise.all(users.map((each) => authority.verdict(issued.get(each) ?? '')));
      assert.deepEqual(
        codes,
        users.map((_, j) => (j <= i ? 1506 : 0)),
      );
    }
  });
});

test('Defect 23: in a Cluster tokens are marked in one go, each once', async (t) => {
  const cluster = await clusterForSuite(t);
  if (cluster === undefined) return;
  const { store } = await openStore(t, cluster.url);
  const authority = new TestAuthority(store, { loginPolicy: loginPolicy('keep-all', 0) });
  for (let i = 0; i < 20; i++) await authority.login('alice');
  const countCalls = async (command: string) => {
    const infos = await Promise.all(cluster.masters.map(({ port }) => redisCommand(port, 'INFO', 'commandstats')));
    return infos.reduce<number>(
      (sum, info) => sum + Number(new RegExp(`cmdstat_${command}:calls=(\\d+)`).exec(String(info))?.[1] ?? 0),
      0,
    );
  };
  const [scripts, writes] = [await countCalls('evalsha'), await countCalls('set')];
  const ended = await store.kick('alice', { platformIDs: [1] }, 'forced', 'kicked');
  assert.equal(ended.length, 20);
  // The first EVALSHA of a script fails, as the master does not have it; EVAL follows.
  assert.deepEqual([(await countCalls('evalsha')) - scripts, (await countCalls('set')) - writes], [1, 20]);
});
