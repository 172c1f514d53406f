/** Two nodes in processes of their own lose what is between them, and no client loses a message or need do anything. */
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { type TestContext, test } from 'node:test';
import { MsgData } from '../../src/protocol/gen/openim.ts';
import { newMsgData } from '../../src/protocol/message.ts';
import { reqIdentifiers } from '../../src/protocol/numbers/request-identifiers.ts';
import { BackEnd } from '../support/back-end.ts';
import { PushLog } from '../support/push-log.ts';
import { connect } from '../support/socket-client.ts';
import { StormClient } from '../support/storm-client.ts';
import { type Link, TcpProxy } from '../support/tcp-proxy.ts';
import { TesseraProcess } from '../support/tessera-process.ts';
import { postgresUrlForSuite, redisForSuite } from '../support/test-services.ts';
import { within } from '../support/within.ts';

test('M4 two nodes', async (t) => {
  const cluster = await openCluster(t);
  if (cluster === undefined) return;
  const { a, b, backEnd, bob, send, say, proxies, redis } = cluster;
  const delayOf = async (text: string, sentAtMs: number) =>
    `${Math.round((await bob.message(text)).arrivedAtMs - sentAtMs)} ms`;

  await t.test('a publication is lost, and nothing else is said in the conversation', async (s) => {
    await bob.message(await send());
    let lost = 0;
    proxies.redisOfB.watch = (piece, _link, from) => {
      if (from === 'client' || !piece.includes('delivery')) return true;
      lost += 1;
      return false;
    };
    const sentAtMs = performance.now();
    s.diagnostic(`delivered after ${await delayOf(await send(), sentAtMs)}`);
    assert.equal(lost, 1);
    proxies.redisOfB.watch = () => true;
  });

  for (const [index, what] of ['nothing more of PostgreSQL', 'only that its session was ended'].entries()) {
    await t.test(
      `a node stops in the midst of an append and hears ${what}, and others send to the conversation`,
      async () => {
        const { promise: appending, resolve } = Promise.withResolvers<void>();
        let stopped: Link | undefined;
        let kept = '';
        proxies.postgresOfA.watch = (piece, link, from) => {
          if (from === 'client' && stopped === undefined && piece.includes('append-lock')) stopped = link;
          if (from === 'client' || link !== stopped) return true;
          kept += piece.toString('latin1');
          // It holds what it has locked.
          if (kept.includes('max_seq_at')) resolve();
          return index === 1 && piece.includes('25P03');
        };
        const onA = say(a, `stopped ${index}`);
        await within('an append', appending);
        // PostgreSQL ends what has been silent for two seconds; otherwise this one's time would be over.
        assert.equal((await say(b, `elsewhere ${index}`)).errCode, 0);
        assert.equal((await onA).errCode, 0);
        proxies.postgresOfA.watch = () => true;
        for (const text of ['elsewhere', 'stopped']) await bob.message(`${text} ${index}`);
      },
    );
  }

  await t.test('M3 the answer of a COMMIT is lost, and the sender repeats on the other node', async () => {
    let appending: Link | undefined;
    let isCommitting = false;
    const { promise: lost, resolve } = Promise.withResolvers<void>();
    proxies.postgresOfA.watch = (piece, link, from) => {
      if (from === 'client' && piece.includes('append-kept')) appending = link;
      if (from === 'client' && link === appending && piece.includes('COMMIT')) isCommitting = true;
      if (from === 'client' || link !== appending || !isCommitting) return true;
      // Nor can it ask whether it holds.
      proxies.postgresOfA.isClosed = true;
      proxies.postgresOfA.cutAll();
      resolve();
      return false;
    };
    const onA = say(a, 'in doubt').catch(() => undefined);
    await within('a commit', lost);
    const again = await say(b, 'in doubt');
    assert.equal(again.errCode, 0);
    await bob.message('in doubt');
    proxies.postgresOfA.isClosed = false;
    proxies.postgresOfA.watch = () => true;
    // Whatever it says at last.
    await onA;
  });

  await t.test('a node is killed between its COMMIT and the publication', async (s) => {
    const { promise: committed, resolve } = Promise.withResolvers<void>();
    let appending: Link | undefined;
    let isCommitting = false;
    proxies.postgresOfA.watch = (piece, link, from) => {
      if (from === 'client') {
        if (piece.includes('append-kept')) appending = link;
        if (link === appending && piece.includes('COMMIT')) isCommitting = true;
        return true;
      }
      if (link !== appending || !isCommitting) return true;
      resolve();
      return false;
    };
    const text = randomUUID();
    const unanswered = send(text).catch(() => {});
    await within('a commit', committed);
    await a.kill();
    s.diagnostic(`delivered after ${await delayOf(text, performance.now())}`);
    await unanswered;
    proxies.postgresOfA.watch = () => true;
    await a.start();
  });

  await t.test('Redis dies and comes back while messages are sent', async () => {
    const sent: string[] = [];
    const sending = new AbortController();
    const going = (async () => {
      while (!sending.signal.aborted) {
        const text = randomUUID();
        await insist('a message to be acknowledged', () => send(text));
        sent.push(text);
      }
    })();
    await until('messages to be sent', () => sent.length > 5);
    await redis.kill();
    // Both nodes have noticed.
    for (const node of [a, b]) {
      await insist('a node to notice', async () => assert.equal((await fetch(`${node.apiUrl}/readyz`)).status, 503));
    }
    await redis.restart();
    const before = sent.length;
    await until('messages to be sent again', () => sent.length > before + 10);
    sending.abort();
    await going;
    for (const text of sent) await bob.message(text);
  });

  await t.test('O3 both are restarted, one after another, while a client sends', async (s) => {
    await backEnd.call('/group/create_group', {
      groupInfo: { groupID: 'walk', groupName: 'walk', groupType: 2 },
      ...{ ownerUserID: 'alice', memberUserIDs: ['carol'] },
    });
    // As a balancer sends them.
    let up = a;
    const balancer = {
      running: Promise.resolve(),
      get wsPort() {
        return up.wsPort;
      },
    };
    let acknowledged = 0;
    const open = async (userID: string) =>
      new StormClient({
        ...{ server: balancer, userID, token: await backEnd.userToken(userID), groupID: 'walk' },
        ...{ isCutBy: () => false, onAcknowledged: () => (acknowledged += 1) },
      });
    const clients = [await open('alice'), await open('carol')] as const;
    const [alice, carol] = clients;
    const lives = clients.map((client) => client.stayConnected());
    const enough = new AbortController();
    s.after(() => {
      enough.abort();
      for (const client of clients) client.stop();
    });
    const sending = alice.sendUntil(enough.signal, 20);
    const more = async (count: number) => {
      const wanted = acknowledged + count;
      await until('messages to be acknowledged', () => acknowledged >= wanted);
    };
    for (const [node, other] of [
      [a, b],
      [b, a],
    ] as const) {
      await more(5);
      up = other;
      assert.equal(await node.stop(), 0);
      await more(5);
      await node.start();
    }
    await more(5);
    enough.abort();
    await sending;
    await carol.connected;
    await carol.catchUp();
    for (const client of clients) client.stop();
    await Promise.all(lives);
    s.diagnostic(`${acknowledged} messages, ${carol.connections} connections`);
    assert.deepEqual([...alice.faults, ...carol.faults], []);
    const seqs = [...carol.messages.keys()].sort((one, other) => one - other);
    assert.deepEqual(
      seqs,
      Array.from(seqs, (_, index) => index + 1),
      'dense',
    );
    const has = [...carol.messages.values()];
    for (const id of alice.acknowledged.keys()) assert.equal(has.filter((one) => one === id).length, 1, id);
    assert.ok(carol.connections >= 3);
  });

  const { seqs } = bob;
  assert.deepEqual(
    seqs,
    Array.from(seqs, (_, index) => index + 1),
    'each once, in order',
  );
  const stored = await backEnd.call('/msg/get_conversations_has_read_and_max_seq', {
    userID: 'bob',
    conversationIDs: ['si_alice_bob'],
  });
  assert.equal(stored.seqs.si_alice_bob.maxSeq, seqs.length);
});

async function openCluster(t: TestContext) {
  const databaseUrl = await postgresUrlForSuite(t);
  const redis = await redisForSuite(t, { args: ['--appendonly', 'yes'] });
  if (databaseUrl === undefined || redis === undefined) return undefined;
  const owned = new AsyncDisposableStack();
  t.after(() => owned.disposeAsync());
  const proxies = {
    postgresOfA: owned.use(await TcpProxy.to(databaseUrl)),
    redisOfB: owned.use(await TcpProxy.to(redis.url)),
  };
  const startNode = async (database: string, redisUrl: string) => {
    const node = await TesseraProcess.start({
      env: {
        TESSERA_DATABASE_URL: database,
        TESSERA_REDIS_URL: redisUrl,
        TESSERA_SIGNING_KEYS: 'one-key-for-all-nodes-of-the-test',
      },
    });
    owned.defer(() => node.dispose());
    return node;
  };
  const [a, b] = await Promise.all([
    startNode(proxies.postgresOfA.urlOf(databaseUrl), redis.url),
    startNode(databaseUrl, proxies.redisOfB.urlOf(redis.url)),
  ]);
  const backEnd = new BackEnd(() => a.apiUrl);
  await backEnd.register('alice', 'bob', 'carol');
  const bob = await PushLog.open({ port: b.wsPort, query: { sendID: 'bob', token: await backEnd.userToken('bob') } });
  /** On node A. @returns what it says, once it is acknowledged */
  const send = async (text: string = randomUUID()) => {
    await backEnd.call('/msg/send_msg', {
      ...{ sendID: 'alice', recvID: 'bob', senderPlatformID: 1 },
      ...{ content: { content: text }, contentType: 101, sessionType: 1 },
    });
    return text;
  };
  const token = await backEnd.userToken('alice');
  /** From a client of either node, with an ID of its own. */
  const say = async (node: TesseraProcess, text: string) => {
    const client = await connect({ port: node.wsPort, query: { sendID: 'alice', token } });
    try {
      return await client.request(reqIdentifiers.sendMessage, MsgData.encode(toBob(text)).finish());
    } finally {
      client.ws.terminate();
    }
  };
  return { a, b, backEnd, bob, send, say, proxies, redis };
}

/** The next frame that its sender gets is the answer. */
function toBob(text: string): MsgData {
  return newMsgData({
    ...{ sendID: 'alice', recvID: 'bob', clientMsgID: text, sessionType: 1, contentType: 101, senderPlatformID: 5 },
    content: Buffer.from(JSON.stringify({ content: text })),
    options: new Map([['senderSync', false]]),
  });
}

async function insist(name: string, work: () => Promise<unknown>): Promise<void> {
  await until(name, () =>
    work().then(
      () => true,
      () => false,
    ),
  );
}

/** What another process does is asked for, for it tells nobody. */
async function until(name: string, isSo: () => boolean | Promise<boolean>): Promise<void> {
  const stop = new AbortController();
  const asking = async () => {
    while (!stop.signal.aborted && !(await isSo())) await new Promise((resolve) => setTimeout(resolve, 20));
  };
  await within(name, asking()).finally(() => stop.abort());
}
