/** Two nodes on a PostgreSQL with a synchronous standby: what is acknowledged is on both servers, and on whichever is left. */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import pg from 'pg';
import { openPostgres } from '../../src/database/postgres-database.ts';
import { MsgData } from '../../src/protocol/gen/openim.ts';
import { newMsgData } from '../../src/protocol/message.ts';
import { reqIdentifiers } from '../../src/protocol/numbers/request-identifiers.ts';
import { PushLog } from '../support/push-log.ts';
import { promotePostgres } from '../support/services/postgres.ts';
import type { Service } from '../support/services/service.ts';
import { connect } from '../support/socket-client.ts';
import { TcpProxy } from '../support/tcp-proxy.ts';
import { postgresPairForSuite, redisForSuite } from '../support/test-services.ts';
import { World } from '../wire/world.ts';

test('M1 nodes on a primary with a synchronous standby', async (t) => {
  const place = await openPlace(t);
  if (place === undefined) return;
  const { a, b, bob, primary, standby, proxies } = place;

  await t.test('what waits for the standby holds when it is there, and not when somebody ends the wait', async () => {
    const [receiver] = await place.onStandby<{ pid: number }>('SELECT pid FROM pg_stat_wal_receiver');
    assert.ok(receiver !== undefined);
    await using db = await openPostgres(primary.url, silent);
    process.kill(receiver.pid, 'SIGSTOP');
    let isDone = false;
    const writing = db
      .write((connection) => connection.query(`INSERT INTO app_badges VALUES ('bob', 1)`))
      .then(() => {
        isDone = true;
      });
    await place.untilFound(`SELECT pg_cancel_backend(pid) ${waitingForStandby} AND 'app_badges' = ANY (${written})`);
    // Whoever looks whether it holds waits for the standby, too.
    const looking = `SELECT 1 ${waitingForStandby} AND ARRAY['commit_marks'] = ${written}`;
    while (!isDone && (await place.onPrimary(looking)).length === 0);
    const wasDone = isDone;
    process.kill(receiver.pid, 'SIGCONT');
    await writing;
    assert.equal(wasDone, false);
  });

  const sent: string[] = [];
  await t.test('the primary is killed and the standby takes its place: nothing acknowledged is lost', async () => {
    const sending = (async () => {
      for (let index = 0; index < 24; index += 1) {
        const text = `message ${index}`;
        // What one node was asked and never answered may be asked of the other.
        await place.insist(index % 2 === 0 ? a : b, text);
        sent.push(text);
      }
    })();
    while (sent.length < 6) await delay(5);
    await primary.kill();
    await promotePostgres(standby);
    for (const proxy of proxies) proxy.turnTo(standby.url);
    await sending;
    for (const text of sent) await bob.message(text);
    assert.deepEqual(
      [...new Set(bob.seqs)].toSorted((x, y) => x - y),
      Array.from({ length: sent.length }, (_, index) => index + 1),
    );
    const [stored] = await place.onStandby<{ n: number }>('SELECT count(*)::int AS n FROM messages');
    assert.equal(stored?.n, sent.length, 'each once');
  });

  await t.test('the old primary comes back writable, and takes nothing', async () => {
    await primary.restart();
    await place.onPrimary('ALTER SYSTEM RESET synchronous_standby_names');
    await place.onPrimary('SELECT pg_reload_conf()');
    const count = async () => (await place.onPrimary<{ n: number }>('SELECT count(*)::int AS n FROM messages'))[0]?.n;
    const before = await count();
    await assert.rejects(place.join(primary.url), { name: 'StartError', message: /an old primary/ });

    const [, proxyOfB] = proxies;
    proxyOfB.turnTo(primary.url);
    const reply = await place.send(b, 'to the old one');
    assert.equal(reply.errCode, 500);
    assert.equal((await b.send({ method: 'GET', path: '/readyz' })).status, 503);
    assert.equal(await count(), before);
    proxyOfB.turnTo(standby.url);
    await place.insist(b, 'to the old one');
    await bob.message('to the old one');
  });
});

async function openPlace(t: TestContext) {
  const pair = await postgresPairForSuite(t);
  const redis = await redisForSuite(t);
  if (pair === undefined || redis === undefined) return undefined;
  const { primary, standby } = pair;
  const owned = new AsyncDisposableStack();
  t.after(() => owned.disposeAsync());
  const proxies = [owned.use(await TcpProxy.to(primary.url)), owned.use(await TcpProxy.to(primary.url))] as const;
  const settings = (databaseUrl: string) => ({ TESSERA_DATABASE_URL: databaseUrl, TESSERA_REDIS_URL: redis.url });
  const a = owned.use(await World.open(settings(proxies[0].urlOf(primary.url))));
  const join = async (databaseUrl: string) => owned.use(await World.join(a, settings(databaseUrl)));
  const b = await join(proxies[1].urlOf(primary.url));
  const bob = await PushLog.open({
    port: b.wsPort,
    query: { sendID: 'bob', platformID: '5', token: await a.issue('bob', 5) },
  });
  owned.defer(() => bob.close());
  const token = await a.issue('alice', 5);
  const send = async (node: World, text: string) => {
    const client = await connect({ port: node.wsPort, query: { sendID: 'alice', platformID: '5', token } });
    try {
      return await client.request(reqIdentifiers.sendMessage, MsgData.encode(toBob(text)).finish());
    } finally {
      client.ws.terminate();
    }
  };
  const query = async <Row>(server: Service, text: string, values: readonly unknown[] = []) => {
    const client = new pg.Client({ connectionString: server.url });
    await client.connect();
    try {
      return (await client.query(text, [...values])).rows as Row[];
    } finally {
      await client.end();
    }
  };
  const onPrimary = <Row>(text: string, values?: readonly unknown[]) => query<Row>(primary, text, values);
  return {
    ...{ a, b, bob, primary, standby, proxies, join, send, onPrimary },
    onStandby: <Row>(text: string) => query<Row>(standby, text),
    /** What is done elsewhere is asked for, for it tells nobody. */
    untilFound: async <Row>(text: string) => {
      for (;;) {
        const rows = await onPrimary<Row>(text);
        if (rows.length > 0) return rows;
      }
    },
    /** With the same ID until it is acknowledged. */
    insist: async (node: World, text: string) => {
      for (;;) {
        const reply = await send(node, text).catch(() => undefined);
        if (reply?.errCode === 0) return;
        await delay(20);
      }
    },
  };
}

const waitingForStandby = `FROM pg_stat_activity AS activity WHERE wait_event = 'SyncRep' AND query = 'COMMIT'`;
/** The tables that one of these transactions has written. */
const written = `ARRAY(SELECT DISTINCT relname::text FROM pg_locks JOIN pg_class ON pg_class.oid = relation
  WHERE relkind = 'r' AND mode = 'RowExclusiveLock' AND pg_locks.pid = activity.pid)`;

const silent = { onEffectFailure: () => {}, onConnectionLost: () => {}, onFailing: () => {}, onRecovered: () => {} };

function toBob(text: string): MsgData {
  return newMsgData({
    ...{ sendID: 'alice', recvID: 'bob', clientMsgID: text, sessionType: 1, contentType: 101, senderPlatformID: 5 },
    content: Buffer.from(JSON.stringify({ content: text })),
    // The next frame that its sender gets is the answer.
    options: new Map([['senderSync', false]]),
  });
}
