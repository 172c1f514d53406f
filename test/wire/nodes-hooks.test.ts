/**
 * Three nodes, the operator's receiver, and a push service: who comes and goes is told once, whichever nodes live and
 * whatever Redis has forgotten, and nobody is woken because nobody knows.
 */
import assert from 'node:assert/strict';
import { mkdtempDisposable, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { type TestContext, test } from 'node:test';
import pg from 'pg';
import { PushMessages } from '../../src/protocol/gen/openim.ts';
import type { HookName } from '../../src/webhooks/hook-table.ts';
import { HookReceiver } from '../support/hook-receiver.ts';
import { FcmStandIn } from '../support/push/fcm-stand-in.ts';
import { redisCommand, untilTrue } from '../support/services/redis-command.ts';
import { connect, type SocketClient } from '../support/socket-client.ts';
import { TcpProxy } from '../support/tcp-proxy.ts';
import { postgresUrlForSuite, redisForSuite } from '../support/test-services.ts';
import { shortCommand } from './hook-world.ts';
import { sendText, woken } from './offline-push-states.ts';
import { envelopeOf } from './raw-http.ts';
import { World } from './world.ts';

const followed: readonly HookName[] = ['afterUserOnline', 'afterUserOffline', 'afterUserKickOff'];

test('three nodes and who is online', async (t) => {
  const cluster = await openCluster(t);
  if (cluster === undefined) return;
  const { a, b, c, open, heardBy, lookedAgain, proxy, redis, fcm } = cluster;
  await a.register('dave', 'erin', 'frank', 'gina', 'hans', 'ida');

  await t.test('3.5 a user comes online on two nodes, by one platform each: each is told once', async () => {
    await heardBy(['Online dave 5', 'Online dave 1'], async () => {
      await open(a, 'dave', 5);
      await open(b, 'dave', 1);
    });
  });

  await t.test('3.5 who comes back on another node is not offline when the node before hears of it late', async () => {
    const token = await a.issue('erin', 5);
    const first = await heardBy(['Online erin 5'], () => open(a, 'erin', 5, token));
    const second = await heardBy([], () => open(b, 'erin', 5, token));
    await heardBy([], () => leave(first));
    await heardBy(['Offline erin 5'], () => leave(second));
  });

  await t.test('3.5 a kick by a third node is told, and that those whom it ended went offline: each once', async () => {
    const kick = (platformID: number) => c.call('/auth/force_logout', { userID: 'dave', platformID });
    await heardBy(['KickOff dave 5', 'Offline dave 5'], () => kick(5));
    await heardBy(['KickOff dave 1', 'Offline dave 1'], () => kick(1));
  });

  await t.test(
    '3.5 of a node that dies its heir tells who went offline, once; who goes on, is online again',
    async () => {
      const token = await a.issue('frank', 5);
      await heardBy(['Online ida 5', 'Online frank 5'], async () => {
        await open(c, 'ida', 5);
        await open(c, 'frank', 5, token);
        await open(b, 'frank', 5, token);
      });
      await heardBy(['Offline ida 5'], async () => {
        await lookedAgain();
        proxy.isClosed = true;
        proxy.cutAll();
        // As if the lease had come to its end.
        await redisCommand(redis.port, 'ZADD', leasesKey, '1', cluster.leaseOfC);
      });
      await lookedAgain();
      // It stood still, and goes on.
      await heardBy(['Online ida 5'], async () => {
        proxy.isClosed = false;
      });
    },
  );

  await t.test(
    '2.1 and 3.5 Redis is lost: nobody is offline for it, and nobody is woken who is connected',
    async () => {
      const phones = new Map<string, SocketClient>();
      await heardBy(['Online gina 2', 'Online hans 1'], async () => {
        phones.set('gina', await open(b, 'gina', 2));
        phones.set('hans', await open(c, 'hans', 1));
      });
      for (const userID of ['gina', 'hans', 'carol']) {
        await a.call('/third/fcm_update_token', { account: userID, platformID: 2, fcmToken: `of-${userID}` });
      }
      await a.call('/group/create_group', {
        ...{ ownerUserID: 'alice', memberUserIDs: ['gina', 'hans', 'carol'], adminUserIDs: [] },
        groupInfo: { groupID: 'phones', groupName: 'phones', groupType: 2 },
      });
      await cluster.settled();
      fcm.asked.length = 0;
      const sendAll = async (node: World) => {
        for (const recvID of ['gina', 'hans', 'carol']) await sendText(node, { recvID });
        await sendText(node, { groupID: 'phones', sessionType: 3 });
      };
      await heardBy(['Online alice 5', 'Online bob 5', 'Online carol 5'], async () => {
        await redis.kill();
        await sendAll(a);
        await redis.restart();
        await sendAll(a);
        await untilTrue('all nodes know again', async () => {
          const statuses = await Promise.all([a, b, c].map((node) => statusOf(node, ['gina', 'hans', 'carol'])));
          return statuses.every((one) => `${one}` === '1,1,0');
        });
        await sendAll(b);
        await cluster.settled();
        // What is told of these is told with whatever a node has still to tell of others.
        await open(a, 'alice', 5);
        await open(b, 'bob', 5);
        await open(c, 'carol', 5);
      });
      // What nobody could say of at the time may come twice, for clients to drop.
      for (const [userID, client] of phones) assert.equal((await messagesOf(client)).size, 6, userID);
      assert.deepEqual(woken(fcm), Array(6).fill('carol'));
    },
  );
});

async function leave(client: SocketClient): Promise<void> {
  client.ws.close();
  await client.closed;
}

/** Takes what has come to a socket. @returns the texts, by their IDs */
async function messagesOf(client: SocketClient): Promise<ReadonlySet<string>> {
  await client.roundTrip();
  const found = new Set<string>();
  while (client.pending.length > 0) {
    const { reqIdentifier, data } = await client.nextReply();
    if (reqIdentifier !== 2001) continue;
    const { msgs } = PushMessages.decode(Buffer.from(data ?? '', 'base64'));
    for (const { Msgs } of msgs.values()) {
      for (const { contentType, serverMsgID } of Msgs) if (contentType === 101) found.add(serverMsgID);
    }
  }
  return found;
}

/** Of each, 1 if online; undefined while nobody knows. */
async function statusOf(node: World, userIDs: readonly string[]): Promise<readonly number[] | undefined> {
  const asked = await node.post('/user/get_users_online_status', { userIDs }, node.token('admin'));
  return (envelopeOf(asked).data as { status: number }[] | null)?.map(({ status }) => status);
}

const leasesKey = 'tessera:{nodes}:leases';

async function openCluster(t: TestContext) {
  const databaseUrl = await postgresUrlForSuite(t);
  const redis = await redisForSuite(t);
  if (databaseUrl === undefined || redis === undefined) return undefined;
  const directory = await mkdtempDisposable(`${tmpdir()}/tessera-nodes-`);
  t.after(() => directory.remove());
  const receiver = await HookReceiver.open();
  t.after(() => receiver[Symbol.asyncDispose]());
  const fcm = await new FcmStandIn().listen();
  t.after(() => fcm[Symbol.asyncDispose]());
  const [hooks, account] = [`${directory.path}/hooks.yml`, `${directory.path}/account.json`];
  await writeFile(hooks, [`url: ${receiver.url}`, ...followed.map((name) => `${name}: { enable: true }`)].join('\n'));
  await writeFile(account, JSON.stringify(fcm.account), { mode: 0o600 });
  const proxy = await TcpProxy.to(redis.url);
  t.after(() => proxy[Symbol.asyncDispose]());
  const settings = {
    ...{ TESSERA_WEBHOOKS_FILE: hooks, TESSERA_FCM_ACCOUNT_FILE: account, TESSERA_FCM_URL: fcm.url },
    ...{ TESSERA_DATABASE_URL: databaseUrl, TESSERA_REDIS_URL: redis.url, TESSERA_FILES_DIR: directory.path },
    ...{ TESSERA_FILES_DIR_SHARED: 'true', TESSERA_TOKENS_WHEN_STORE_DOWN: 'accept-signed' },
  };
  const a = await World.open(settings);
  t.after(() => a[Symbol.asyncDispose]());
  const join = async (own: Readonly<Record<string, string>>) => {
    const world = await World.join(a, { ...settings, ...own });
    t.after(() => world[Symbol.asyncDispose]());
    return world;
  };
  const leases = async () => (await redisCommand(redis.port, 'ZRANGE', leasesKey, '0', '-1')) as string[];
  const b = await join({});
  const before = new Set(await leases());
  const c = await join({ TESSERA_REDIS_URL: proxy.urlOf(redis.url) });
  const leaseOfC = (await leases()).find((lease) => !before.has(lease)) ?? '';
  const database = new pg.Client({ connectionString: databaseUrl });
  await database.connect();
  t.after(() => database.end());
  const settled = () =>
    untilTrue(
      'nothing to be told',
      async () => (await database.query('SELECT 1 FROM deliveries LIMIT 1')).rowCount === 0,
    );
  /** Open when the other nodes know of it. */
  const open = async (node: World, userID: string, platformID: number, own?: string) => {
    const token = own ?? (await a.issue(userID, platformID));
    const query = { sendID: userID, platformID: `${platformID}`, token };
    const client = await connect({ port: node.wsPort, query });
    t.after(() => client.ws.terminate());
    await client.roundTrip();
    return client;
  };
  /** What it makes the receiver hear. What comes too much, as a node looks again a second later, is in the next one's way. */
  const heardBy = async <T>(expected: readonly string[], act: () => Promise<T>): Promise<T> => {
    const from = receiver.heard.length;
    const done = await act();
    await receiver.since(from, expected.length);
    await settled();
    const heard = receiver.heard.slice(from).map(({ command, body }) => {
      return `${shortCommand(command).replace('AfterUser', '')} ${body.userID} ${body.platformID}`;
    });
    assert.deepEqual(heard.sort(), expected.toSorted());
    return done;
  };
  /** Whoever told something looks once more whether it is still so, a second later, and then no more. */
  const lookedAgain = async () => {
    const beat = async () => Number(await redisCommand(redis.port, 'HGET', 'tessera:{nodes}:state', 'beat'));
    const from = await beat();
    await untilTrue('nodes to have looked again', async () => (await beat()) > from + 1500);
  };
  return { lookedAgain, a, b, c, open, heardBy, settled, leaseOfC, proxy, redis, fcm };
}
