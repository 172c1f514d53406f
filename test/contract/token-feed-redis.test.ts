/** The feed of changes on a real Redis: two nodes, and a subscription that is lost in every way there is. */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { test } from 'node:test';
import { platforms } from '../../src/protocol/numbers/platforms.ts';
import { newTokenID } from '../../src/tokens/claims.ts';
import { allPlatforms, noCutoffs } from '../../src/tokens/cutoffs.ts';
import { loginPolicy, policyGroups } from '../../src/tokens/policy.ts';
import type { NewToken } from '../../src/tokens/token-store.ts';
import { redisCommand } from '../support/services/redis-command.ts';
import { clusterForSuite, redisForSuite } from '../support/test-services.ts';
import { ChangeLog, openProbe, openStore } from './support/redis-nodes.ts';
import { startSilentProxy } from './support/silent-proxy.ts';

const hourMs = 3_600_000;
const groups = policyGroups(loginPolicy('one-per-platform', 0), platforms.IOS);
const everyonesCutoffs = noCutoffs;

function tokenOf(userID: string): NewToken {
  const issuedAt = Math.ceil(Date.now() / 1000) * 1000;
  const jti = newTokenID(randomBytes);
  return { jti, userID, platformID: platforms.IOS, issuedAt, expiresAt: issuedAt + hourMs, deviceName: '' };
}

test('changes by one node are heard by it and by the other', async (t) => {
  const server = await redisForSuite(t);
  if (server === undefined) return;
  const [here, there] = [await openStore(t, server.url), await openStore(t, server.url)];
  const logs = [await ChangeLog.of(t, here.store), await ChangeLog.of(t, there.store)];
  const userID = 'ä{1}"\n|';
  const [first, second, third] = [tokenOf(userID), tokenOf(userID), tokenOf(userID)];
  const now = Date.now();

  await here.store.issue({ record: first, groups, everyonesCutoffs });
  await here.store.issue({ record: second, groups, everyonesCutoffs });
  const supersede = { which: { jti: second.jti }, acceptedUntil: now + 60_001 };
  await there.store.issue({ record: third, groups: [], supersede, everyonesCutoffs });
  await here.store.kick(userID, { platformIDs: [platforms.IOS] }, 'forced', 'kicked');
  await here.store.kick(userID, { platformIDs: [platforms.IOS] }, 'forced', 'kicked');
  await there.store.cutOff(userID, platforms.Web, now + 1, now + hourMs);
  await there.store.cutOff(userID, platforms.Web, now, now + hourMs);
  await here.store.cutOff('', allPlatforms, now - 5, now + hourMs);

  const name = ({ jti }: NewToken) => ({ jti, platformID: platforms.IOS });
  for (const log of logs) {
    const heard = await log.until((change) => typeof change === 'object' && change.userID === '');
    const byName = heard.map((change) =>
      typeof change === 'object' && change.kind === 'ended'
        ? { ...change, tokens: [...change.tokens].sort((a, b) => (a.jti < b.jti ? -1 : 1)) }
        : change,
    );
    assert.deepEqual(byName, [
      { kind: 'ended', userID, tokens: [name(first)], reason: 'policy' },
      { kind: 'superseded', userID, jtis: [second.jti], acceptedUntil: now + 60_001 },
      {
        kind: 'ended',
        userID,
        tokens: [name(second), name(third)].sort((a, b) => (a.jti < b.jti ? -1 : 1)),
        reason: 'forced',
      },
      // Not of the one that moved nothing.
      { kind: 'cutoff', userID, platformID: platforms.Web, notBefore: now + 1 },
      { kind: 'cutoff', userID: '', platformID: 0, notBefore: now - 5 },
    ]);
  }
});

test('in a Cluster every node hears of every master', async (t) => {
  const cluster = await clusterForSuite(t);
  if (cluster === undefined) return;
  const [here, there] = [await openStore(t, cluster.url), await openStore(t, cluster.url)];
  const logs = [await ChangeLog.of(t, here.store), await ChangeLog.of(t, there.store)];
  const users = Array.from({ length: 12 }, (_, i) => `user${i}`);
  for (const user of users) {
    const token = tokenOf(user);
    await here.store.issue({ record: token, groups, everyonesCutoffs });
    await here.store.kick(user, { jtis: [token.jti] }, 'forced', 'kicked');
    for (const log of logs) await log.until((change) => typeof change === 'object' && change.userID === user);
  }
  for (const { port } of cluster.masters) assert.ok(Number(await redisCommand(port, 'DBSIZE')) > 0, 'each had users');
});

test('T4 a subscription that is lost, in whatever way, is told of and made again', async (t) => {
  const server = await redisForSuite(t);
  if (server === undefined) return;
  const proxy = await startSilentProxy(t, server.port);
  const { store } = await openStore(t, proxy.url);
  const log = await ChangeLog.of(t, store);
  const probe = await openProbe(t, server.url);
  const kick = async () => {
    const token = tokenOf('alice');
    await store.issue({ record: token, groups, everyonesCutoffs });
    await store.kick('alice', { jtis: [token.jti] }, 'forced', 'kicked');
    return token.jti;
  };
  const hears = async () => {
    const jti = await kick();
    await log.until((change) => JSON.stringify(change).includes(jti));
  };
  await hears();

  await t.test('killed', async () => {
    await probe.sendCommand(['CLIENT', 'KILL', 'TYPE', 'pubsub']);
    assert.deepEqual(await log.until((heard) => heard === 'restored'), ['lost', 'restored']);
    await hears();
  });

  await t.test('fallen silent without being closed: within two seconds and a half', async () => {
    const silentAt = performance.now();
    proxy.silenceSubscriptions();
    assert.deepEqual(await log.until((heard) => heard === 'lost'), ['lost']);
    const noticedMs = performance.now() - silentAt;
    assert.ok(noticedMs > 900 && noticedMs < 2500, `noticed after ${noticedMs} ms`);
    await log.until((heard) => heard === 'restored');
    await hears();
  });

  await t.test('on a Redis that is paused', async () => {
    await probe.sendCommand(['CLIENT', 'PAUSE', '4000', 'ALL']);
    await log.until((heard) => heard === 'lost');
    await log.until((heard) => heard === 'restored');
    await hears();
  });

  await t.test('on a Redis that was restarted', async () => {
    await server.kill();
    await log.until((heard) => heard === 'lost');
    await server.restart();
    await log.until((heard) => heard === 'restored');
    await hears();
  });
});
