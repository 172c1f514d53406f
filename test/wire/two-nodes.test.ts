/** Two nodes on one PostgreSQL and one Redis: whoever is on one is there for everybody on the other. */
import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { type TestContext, test } from 'node:test';
import pg from 'pg';
import authSign from '../../src/http/routes/object/auth_sign.ts';
import { SubUserOnlineStatus, SubUserOnlineStatusTips } from '../../src/protocol/gen/openim.ts';
import { FcmStandIn } from '../support/push/fcm-stand-in.ts';
import { freePort } from '../support/services/free-port.ts';
import { redisCommand } from '../support/services/redis-command.ts';
import { connect, type SocketClient } from '../support/socket-client.ts';
import { postgresUrlForSuite, redisForSuite } from '../support/test-services.ts';
import { within } from '../support/within.ts';
import { complete, contentOf, hashOf, initiate, partsIn, pathOf, put } from './file-uploads.ts';
import { offlinePushStates } from './offline-push-states.ts';
import { envelopeOf } from './raw-http.ts';
import { adminSecret, World } from './world.ts';

test('two nodes', async (t) => {
  const cluster = await openCluster(t);
  if (cluster === undefined) return;
  const { a, b, open } = cluster;
  const metricsPort = await freePort();
  const [api, gateway] = [
    await cluster.join({ TESSERA_ROLES: 'api' }, -5000),
    await cluster.join({
      ...{ TESSERA_ROLES: 'gateway', TESSERA_ADVERTISED_HOST: 'im3.internal' },
      TESSERA_METRICS_PORT: String(metricsPort),
    }),
  ];
  // It waits for some seconds whether somebody is just ending.
  const refused = assert.rejects(World.open({ TESSERA_DATABASE_URL: cluster.databaseUrl }), {
    name: 'StartError',
    message: /TESSERA_REDIS_URL too, which is missing here/,
  });
  await a.register('dave', 'erin', 'frank');

  await t.test('who is online is the same on both, tokens included', async () => {
    const [web, phone] = [await a.issue('dave', 5), await a.issue('dave', 1)];
    const sockets = [await open(a, 'dave', 5, web), await open(b, 'dave', 1, phone)];
    for (const node of [a, b]) {
      const [status] = await node.call('/user/get_users_online_status', { userIDs: ['dave'] });
      assert.equal(status.status, 1);
      const platforms = status.detailPlatformStatus.map(({ platformID }: { platformID: number }) => platformID);
      assert.deepEqual(platforms.sort(), [1, 5]);
      const [detail] = await node.call('/user/get_users_online_token_detail', { userIDs: ['dave'] });
      assert.equal(detail.singlePlatformToken.length, 2);
    }
    for (const socket of sockets) await leave(socket);
    await untilOffline(a, 'dave');
  });

  await t.test('whoever subscribes on one node hears of those who come and go on the other', async () => {
    const watcher = await open(a, 'erin', 5);
    const request = SubUserOnlineStatus.encode({ subscribeUserID: ['frank'], unsubscribeUserID: [] }).finish();
    const reply = await watcher.request(2005, request);
    assert.deepEqual(statusesIn(reply), [['frank', []]]);
    const frank = await open(b, 'frank', 5);
    assert.deepEqual(statusesIn(await watcher.nextReply()), [['frank', [5]]]);
    await leave(frank);
    assert.deepEqual(statusesIn(await watcher.nextReply()), [['frank', []]]);
    await leave(watcher);
  });

  await t.test('T3 the later connection wins, on whichever node, and ends the token of the earlier one', async () => {
    const [first, second] = [await a.issue('dave', 5), await a.issue('dave', 5)];
    const older = await open(a, 'dave', 5, first);
    const newer = await open(b, 'dave', 5, second);
    assert.equal((await older.nextReply()).reqIdentifier, 2002);
    await older.closed;
    assert.deepEqual([await a.verdict(first), await b.verdict(first)], [1506, 1506]);
    await newer.roundTrip();
    assert.equal(newer.pending.length, 0);
    await leave(newer);
  });

  await t.test('T4 a kick by one node ends the connections on both', async () => {
    const token = await a.issue('dave', 5);
    const sockets = [await open(a, 'dave', 5, token), await open(b, 'dave', 5, token)];
    for (const socket of sockets) await socket.roundTrip();
    await b.call('/auth/force_logout', { userID: 'dave', platformID: 5 });
    for (const socket of sockets) {
      assert.equal((await socket.nextReply()).reqIdentifier, 2002);
      await socket.closed;
    }
  });

  await t.test('T4 the open socket of a token that Redis has lost ends on the other node with the token', async () => {
    const caller = await a.issue('erin', 1);
    for (const [path, body, by] of [
      ['/auth/revoke_tokens', () => ({ userID: 'erin', exceptCaller: true }), caller],
      ['/auth/force_logout', () => ({ userID: 'erin', platformID: 5 }), a.token('admin')],
      ['/auth/revoke_token', (jti: string) => ({ userID: 'erin', jti }), a.token('admin')],
    ] as const) {
      const lost = await a.issue('erin', 5);
      const socket = await open(b, 'erin', 5, lost);
      const jti = jtiOf(lost);
      await redisCommand(cluster.redisPort, 'DEL', `tessera:{erin}:token:${jti}`);
      // Redis knows another one of that platform.
      await a.issue('erin', 5);
      assert.equal(envelopeOf(await a.post(path, body(jti), by)).errCode, 0, path);
      assert.equal((await socket.nextReply()).reqIdentifier, 2002, path);
      await socket.closed;
    }
    assert.equal(await b.verdict(caller), 0);
  });

  await t.test('M4 a message sent on one node comes to a socket on the other', async () => {
    const bob = await open(b, 'bob', 5);
    await sendText(a, 'bob');
    assert.equal((await bob.nextReply()).reqIdentifier, 2001);
    await leave(bob);
  });

  await t.test(
    'the clocks of the hosts are 5 s ahead and 5 s behind: nodes go by the time that they share',
    async () => {
      const { nodes } = await a.call('/nodes/list', {});
      const ahead = nodes.map(({ clockAheadMs }: { clockAheadMs: number }) => clockAheadMs).sort(byValue);
      for (const [index, is] of [-5000, 0, 0, 5000].entries()) {
        assert.ok(Math.abs(ahead[index] - is) <= toleranceMs, `${ahead}`);
      }
      // One that is ahead would take these for younger than the next token.
      await b.call('/auth/revoke_tokens', { userID: 'erin', issuedBefore: Date.now() - toleranceMs });
      const young = await api.issue('erin', 5);
      assert.deepEqual([await a.verdict(young), await b.verdict(young), await api.verdict(young)], [0, 0, 0]);
      assert.equal(await api.verdict(a.token('expired')), 1501, 'ended a second ago, by a host that is behind too');
      const times: number[] = [Date.now() - toleranceMs];
      for (const node of [b, api, a, b, api]) times.push((await sendText(node, 'carol')).sendTime);
      times.push(Date.now() + toleranceMs);
      assert.deepEqual(times, times.toSorted(byValue), 'M2 sendTime never falls in a conversation');
    },
  );

  await t.test(
    'a node of this version starts beside one that has brought the schema further, and serves with it',
    async () => {
      const db = await cluster.database();
      await db.query(
        `INSERT INTO kysely_migration VALUES ('997-next', '2100-01-01'); ALTER TABLE messages ADD COLUMN next text`,
      );
      const again = await cluster.join();
      const bob = await open(again, 'bob', 1);
      await sendText(a, 'bob');
      assert.equal((await bob.nextReply()).reqIdentifier, 2001);
      await leave(bob);
      await db.query(`UPDATE schema_version SET oldest = 997`);
      await assert.rejects(cluster.join(), {
        name: 'StartError',
        message: /only programs that know schema 997 can use/,
      });
      await db.query(`DELETE FROM kysely_migration WHERE name = '997-next'; UPDATE schema_version SET oldest = 1`);
    },
  );

  await t.test(
    'an upload is begun and its parts are sent on different nodes, completed on a third and fetched',
    async () => {
      const content = contentOf('over three nodes ', 6 * 2 ** 20);
      const [first, second] = partsIn(content);
      const asked = { hash: hashOf(content), size: content.length, maxParts: 1, name: 'alice/wandering.bin' };
      const { upload } = await initiate(a, a.token('user'), asked);
      assert.equal((await put(a, upload.sign.parts[0].url, first ?? '')).status, 200);
      const by = { uploadID: upload.uploadID, partNumbers: [2] };
      const signed = envelopeOf(await b.post(authSign.path, by, b.token('user'))).data as { parts: { url: string }[] };
      assert.equal((await put(b, `${signed.parts[0]?.url}`, second ?? '')).status, 200);
      const { url } = await complete(api, api.token('user'), upload.uploadID, partsIn(content), asked);
      for (const node of [a, b]) {
        assert.ok((await node.send({ method: 'GET', path: pathOf(url) })).body.equals(content));
      }
    },
  );

  await t.test('whoever has no phone on any node that takes a message is woken, and nobody else', async (t) => {
    const rows = await cluster.database();
    const count = "SELECT count(*)::int AS n FROM deliveries WHERE topic = 'push'";
    const waiting = async () => (await rows.query(count)).rows[0].n;
    await offlinePushStates(t, { senders: [a, api], homes: [a, gateway, b], fcm: cluster.fcm, waiting });
  });

  await t.test('any of them tells where the metrics of all are', async () => {
    const { body } = await a.send({ method: 'GET', path: '/prometheus_discovery/api' });
    assert.deepEqual(JSON.parse(body.toString())[0].targets, [`im3.internal:${metricsPort}`]);
  });

  await t.test(
    'who has other settings than most is counted, by subject: the first has a login policy of its own',
    async () => {
      const { body } = await b.send({ method: 'GET', path: '/metrics' });
      const found = body.toString().matchAll(/^tessera_cluster_settings_differ{subject="(\w+)"} ([1-9])/gm);
      assert.deepEqual(
        Array.from(found, ([, subject, count]) => [subject, count]),
        [['tokens', '1']],
      );
    },
  );

  await t.test('wrong secrets count together, whichever node they are sent to', async () => {
    const guess = async (node: World, secret = 'wrong') => {
      return envelopeOf(await node.post('/auth/get_admin_token', { secret, userID: 'imAdmin' }, '')).errCode;
    };
    const frank = await open(b, 'frank', 5);
    for (let i = 0; i < 10; i += 1) assert.equal(await guess(a), 1002);
    // It goes the same way behind them.
    await sendText(a, 'frank');
    assert.equal((await frank.nextReply()).reqIdentifier, 2001);
    assert.equal(await guess(b, adminSecret), 429);
    await leave(frank);
  });

  await t.test('one process more that is no node is refused, and says what is missing', () => refused);
});

const byValue = (one: number, other: number) => one - other;
/** Of what nodes know of the time that they share, as docs/several-nodes.md has it. */
const toleranceMs = 100;

async function openCluster(t: TestContext) {
  const databaseUrl = await postgresUrlForSuite(t);
  const redis = await redisForSuite(t);
  if (databaseUrl === undefined || redis === undefined) return undefined;
  const filesDir = await mkdtemp(`${tmpdir()}/tessera-files-`);
  t.after(() => rm(filesDir, { recursive: true, force: true }));
  const fcm = await new FcmStandIn().listen();
  t.after(() => fcm[Symbol.asyncDispose]());
  const account = `${filesDir}/account.json`;
  await writeFile(account, JSON.stringify(fcm.account), { mode: 0o600 });
  const settings = {
    ...{ TESSERA_FCM_ACCOUNT_FILE: account, TESSERA_FCM_URL: fcm.url },
    ...{ TESSERA_DATABASE_URL: databaseUrl, TESSERA_REDIS_URL: redis.url },
    ...{ TESSERA_FILES_DIR: filesDir, TESSERA_FILES_DIR_SHARED: 'true' },
  };
  // One that issues tokens which the other's policy has no room for.
  const a = await World.open({ ...settings, TESSERA_LOGIN_POLICY: '0' });
  t.after(() => a[Symbol.asyncDispose]());
  const join = async (own: Readonly<Record<string, string>> = {}, hostAheadMs = 0) => {
    const world = await World.join(a, { ...settings, ...own }, hostAheadMs);
    t.after(() => world[Symbol.asyncDispose]());
    return world;
  };
  // As its host has it; nobody is to notice.
  const b = await join({}, 5000);
  /** Open when the other nodes know of it, before which none of its frames is read. */
  const open = async (node: World, userID: string, platformID: number, own?: string) => {
    const token = own ?? (await a.issue(userID, platformID));
    const query = { sendID: userID, platformID: String(platformID), token };
    const client = await connect({ port: node.wsPort, query });
    await client.roundTrip();
    return client;
  };
  const database = async () => {
    const client = new pg.Client({ connectionString: databaseUrl });
    await client.connect();
    t.after(() => client.end());
    return client;
  };
  return { a, b, join, open, database, databaseUrl, redisPort: redis.port, fcm };
}

// biome-ignore lint/suspicious/noExplicitAny: as the endpoint answers
async function sendText(node: World, recvID: string): Promise<any> {
  return node.call('/msg/send_msg', {
    sendID: 'alice',
    recvID,
    senderPlatformID: 1,
    content: { content: 'over there' },
    contentType: 101,
    sessionType: 1,
  });
}

function jtiOf(token: string): string {
  return JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString()).jti;
}

async function leave(client: SocketClient): Promise<void> {
  client.ws.close();
  await client.closed;
}

async function untilOffline(node: World, userID: string): Promise<void> {
  const come = async () => {
    for (;;) {
      const [status] = await node.call('/user/get_users_online_status', { userIDs: [userID] });
      if (status.status === 0) return;
    }
  };
  await within(`${userID} to be offline`, come());
}

function statusesIn({ data }: { readonly data: string | null }): [string, number[]][] {
  const { subscribers } = SubUserOnlineStatusTips.decode(Buffer.from(data ?? '', 'base64'));
  return subscribers.map(({ userID, onlinePlatformIDs }) => [userID, onlinePlatformIDs]);
}
