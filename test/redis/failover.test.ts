/** The master changes while users log in: commands fail or succeed, none is half done, none comes late. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { RedisClient } from '../../src/redis/client/client.ts';
import { RedisTokenStore } from '../../src/redis/tokens/redis-token-store.ts';
import { redisCommand, untilTrue } from '../support/services/redis-command.ts';
import type { Service } from '../support/services/service.ts';
import { clusterForSuite, redisForSuite, sentinelForSuite } from '../support/test-services.ts';
import { assertTidy } from './support/assert-tidy.ts';
import { connectForTest } from './support/every-redis.ts';
import { Logins, logIn } from './support/logins.ts';

test('Sentinel makes another server the master in the midst of logins', async (t) => {
  const sentinel = await sentinelForSuite(t);
  if (sentinel === undefined) return;
  const clients = [await connectForTest(t, sentinel.url), await connectForTest(t, sentinel.url)];
  const [redis] = clients as [RedisClient];
  const nodes = clients.map((client) => new RedisTokenStore(client, Date.now));

  const survives = async (breakMaster: (master: Service) => Promise<void>) => {
    const old = await sentinel.master();
    const logins = new Logins(nodes);
    await logins.untilMore(100);
    await breakMaster(old);
    await sentinel.untilReplaced(old);
    await logins.untilEveryone();
    await logins.stop();
    // Replication is asynchronous: the last acknowledged logins may be lost with the old master, each as a whole.
    await logins.assertWhole();
    await assertTidy(redis);
    const [master] = await redis.masters();
    assert.equal(master?.address, `127.0.0.1:${(await sentinel.master()).port}`);
  };

  await t.test('T3: as an operator asks it to', () => survives(() => sentinel.failOver()));

  await t.test('T3: because the master hangs', async () => {
    const old = await sentinel.master();
    await survives(async ({ pid }) => void process.kill(pid, 'SIGSTOP'));
    process.kill(old.pid, 'SIGCONT');
    await sentinel.untilReady();
  });

  await t.test('T3: because the master is dead', () => survives((master) => master.kill()));
});

test('a command that was told to have failed for want of a connection does not come late', async (t) => {
  const sentinel = await sentinelForSuite(t);
  if (sentinel === undefined) return;
  const redis = await connectForTest(t, sentinel.url);
  const master = await sentinel.master();
  const accepted: string[] = [];
  const refused: string[] = [];
  const push = async (item: string) => {
    try {
      await redis.command('list', ['RPUSH', 'list', item]);
      accepted.push(item);
    } catch (error) {
      // The one reason that means that it was never sent.
      if (error instanceof Error && error.message.startsWith('no connection')) refused.push(item);
    }
  };
  await push('first');
  await master.kill();
  let number = 0;
  await untilTrue('the new master takes commands', async () => {
    await push(String(number++));
    return accepted.length > 3;
  });
  const stored = (await redis.command('list', ['LRANGE', 'list', '0', '-1'])) as string[];
  assert.ok(refused.length > 0);
  assert.deepEqual(
    stored.filter((item) => refused.includes(item)),
    [],
  );
  const numbers = stored.filter((item) => item !== 'first').map(Number);
  assert.deepEqual(
    numbers,
    numbers.toSorted((a, b) => a - b),
  );
});

test('a server that has become a replica', async (t) => {
  const server = await redisForSuite(t);
  if (server === undefined) return;
  let reconnects = 0;
  const redis = await connectForTest(t, server.url, { onReconnect: () => reconnects++ });
  const store = new RedisTokenStore(redis, Date.now);
  const token = await logIn(store, 'alice');
  // Of a master that is not there: so it keeps its data.
  await redisCommand(server.port, 'REPLICAOF', '127.0.0.1', '1');

  await t.test('T5, T3: logins fail and change nothing, tokens are still known', async () => {
    const before = await store.list('alice');
    await assert.rejects(logIn(store, 'alice'), /READONLY/);
    await assert.rejects(store.kick('alice', { jtis: [token.jti] }, 'forced', 'revoked'), /READONLY/);
    assert.deepEqual(await store.list('alice'), before);
    assert.equal((await store.find(token)).record?.state, 'live');
  });

  await t.test('the client looks whether its name now leads to another server', async () => {
    await untilTrue('a new connection', async () => {
      await assert.rejects(logIn(store, 'alice'), /READONLY|no connection|disconnected/i);
      return reconnects > 0;
    });
  });

  await t.test('logins succeed once it is the master again', async () => {
    await redisCommand(server.port, 'REPLICAOF', 'NO', 'ONE');
    await untilTrue('a login', async () => (await logIn(store, 'alice')) !== undefined);
    assert.equal((await store.find(token)).record?.state, 'kicked');
    await assertTidy(redis);
  });
});

test('a Cluster puts a replica in the place of a master', async (t) => {
  const cluster = await clusterForSuite(t, { withReplica: true });
  if (cluster === undefined) return;
  const clients = [await connectForTest(t, cluster.url), await connectForTest(t, cluster.url)];
  const nodes = clients.map((client) => new RedisTokenStore(client, Date.now));
  const [redis] = clients as [RedisClient];
  const [first] = cluster.masters as [Service];

  const survives = async (breakMaster: () => Promise<void>, successor: Service | undefined) => {
    const logins = new Logins(nodes);
    await logins.untilMore(100);
    await breakMaster();
    await logins.untilMoreFailures(1);
    await untilMasterOf(redis, successor);
    await logins.untilEveryone();
    await logins.stop();
    await logins.assertWhole();
    await assertTidy(redis);
  };

  await t.test('T3: because the master hangs', async () => {
    await survives(async () => void process.kill(first.pid, 'SIGSTOP'), cluster.replica);
    process.kill(first.pid, 'SIGCONT');
    await cluster.untilFollows(first, cluster.replica!);
  });

  await t.test('T3: because the master is dead', () => survives(() => cluster.replica!.kill(), first));
});

/** Resolves when the client knows the server as a master. */
async function untilMasterOf(redis: RedisClient, server: Service | undefined): Promise<void> {
  await untilTrue('the client knows the new master', async () =>
    (await redis.masters()).some(({ address }) => address === `127.0.0.1:${server?.port}`),
  );
}
