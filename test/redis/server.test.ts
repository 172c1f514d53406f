/** What clients of a whole server see while its Redis fails over or is incomplete: 500, never a fact about a token. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createClient } from '@redis/client';
import { GetMaxSeqReq } from '../../src/protocol/gen/openim.ts';
import { heartbeatChannel } from '../../src/redis/tokens/token-keys.ts';
import { BackEnd } from '../support/back-end.ts';
import { redisCommand, untilTrue } from '../support/services/redis-command.ts';
import { connect } from '../support/socket-client.ts';
import { TesseraProcess } from '../support/tessera-process.ts';
import { clusterForSuite, redisForSuite, type SuiteScope, sentinelForSuite } from '../support/test-services.ts';
import { within } from '../support/within.ts';

const userIDs = ['alice', 'bob', 'carol', 'dave', 'erin', 'frank'];

async function startServer(t: SuiteScope, redisUrl: string) {
  const server = await TesseraProcess.start({ env: { TESSERA_REDIS_URL: redisUrl } });
  t.after(() => server.dispose());
  const backEnd = new BackEnd(() => server.apiUrl);
  await backEnd.register(...userIDs);
  const tokens = await Promise.all(userIDs.map((userID) => backEnd.userToken(userID)));
  const codesOf = () =>
    Promise.all(tokens.map(async (token) => (await backEnd.post('/auth/parse_token', { token })).errCode));
  return { server, backEnd, tokens, codesOf };
}

test('a server whose Redis fails over under Sentinel', async (t) => {
  const sentinel = await sentinelForSuite(t);
  if (sentinel === undefined) return;
  const { server, backEnd, codesOf } = await startServer(t, sentinel.url);
  const master = await sentinel.master();
  const replica = sentinel.nodes.find((node) => node !== master);
  await untilTrue('the replica has every token', async () => {
    const sizes = await Promise.all([master, replica!].map(({ port }) => redisCommand(port, 'DBSIZE')));
    return sizes[0] === sizes[1];
  });
  await master.kill();

  await t.test(
    'T5: until there is a new master, a token is good or the answer is 500; then it is good again',
    async () => {
      let isReplaced = false;
      const replaced = sentinel.untilReplaced(master).then(() => {
        isReplaced = true;
      });
      const seen = new Set<number>();
      for (let last: number[] = []; !isReplaced || last.some((code) => code !== 0); ) {
        last = await codesOf();
        for (const code of last) seen.add(code);
        await new Promise((resolve) => setTimeout(resolve, 200));
      }
      await replaced;
      assert.deepEqual([...seen].sort(), [0, 500]);
    },
  );

  await t.test('it is ready again, and issues tokens', async () => {
    await untilTrue('ready', async () => (await fetch(`${server.apiUrl}/readyz`)).status === 200);
    for (const userID of userIDs) await backEnd.userToken(userID);
  });

  await t.test('T6: nothing of it has put a token into the log', () => {
    assert.ok(server.logLines.some((line) => line.includes('Redis')));
    assert.ok(!server.logLines.some((line) => line.includes('eyJ')));
  });
});

test('a server on a Redis Cluster that loses a third of its slots, and gets them back', async (t) => {
  const cluster = await clusterForSuite(t, { args: ['--appendonly', 'yes', '--appendfsync', 'always'] });
  if (cluster === undefined) return;
  const { server, codesOf } = await startServer(t, cluster.url);
  const victim = cluster.masters[0]!;
  await victim.kill();
  const codes = await codesOf();
  assert.ok(
    codes.every((code) => code === 0 || code === 500),
    `T5: ${codes}`,
  );
  assert.equal((await fetch(`${server.apiUrl}/readyz`)).status, 503);
  await victim.restart();
  await untilTrue('T1: every token is good again', async () => (await codesOf()).every((code) => code === 0));
  await untilTrue('ready', async () => (await fetch(`${server.apiUrl}/readyz`)).status === 200);
});

test('T4: a node that does not hear of the others is not ready, and serves no revoked session', async (t) => {
  const redis = await redisForSuite(t);
  if (redis === undefined) return;
  const [near, far] = [await startServer(t, redis.url), await startServer(t, redis.url)];
  const query = { sendID: 'alice', token: far.tokens[0]! };
  const client = await connect({ port: far.server.wsPort, query });
  const request = GetMaxSeqReq.encode({ userID: 'alice' }).finish();

  await redisCommand(redis.port, 'ACL', 'SETUSER', 'default', '-subscribe', '-ssubscribe');
  await redisCommand(redis.port, 'CLIENT', 'KILL', 'TYPE', 'pubsub');
  await untilTrue('not ready', async () => {
    const answer = await fetch(`${far.server.apiUrl}/readyz`);
    return answer.status === 503 && (await answer.text()).includes('token feed');
  });
  assert.equal((await client.request(1001, request)).errCode, 0);
  await near.backEnd.call('/auth/force_logout', { userID: 'alice', platformID: 5 });
  const kicked = async () => {
    // What the store said is believed for a second.
    while ((await client.request(1001, request)).reqIdentifier !== 2002)
      await new Promise((resolve) => setTimeout(resolve, 50));
  };
  await within('2002', kicked());

  await redisCommand(redis.port, 'ACL', 'SETUSER', 'default', '+subscribe', '+ssubscribe');
  await untilTrue('ready', async () => (await fetch(`${far.server.apiUrl}/readyz`)).status === 200);
});

test('T4: a node that has stood still asks the store before it serves what came in meanwhile', async (t) => {
  const redis = await redisForSuite(t);
  if (redis === undefined) return;
  const [near, far] = [await startServer(t, redis.url), await startServer(t, redis.url)];
  const [userID, token] = [userIDs[0]!, far.tokens[0]!];
  const client = await connect({ port: far.server.wsPort, query: { sendID: userID, token } });
  assert.equal((await far.backEnd.post('/auth/parse_token', { token })).errCode, 0);

  process.kill(far.server.pid, 'SIGSTOP');
  await near.backEnd.call('/auth/force_logout', { userID, platformID: 5 });
  // For a second a node may not know of it. So much lies between the first and the last of these, of the other node.
  await heartbeats(redis.port, heartbeatsPerSecond + 1);
  const parsed = far.backEnd.post('/auth/parse_token', { token });
  client.send(1001, GetMaxSeqReq.encode({ userID }).finish());
  process.kill(far.server.pid, 'SIGCONT');

  assert.equal((await parsed).errCode, 1506);
  assert.equal((await within('2002', client.nextReply())).reqIdentifier, 2002);
});

/** Every node sends them all the time. */
const heartbeatsPerSecond = 2;

/** Resolves when so many have been sent, by nodes that are awake. */
async function heartbeats(port: number, count: number): Promise<void> {
  const client = createClient({ socket: { host: '127.0.0.1', port } });
  await client.connect();
  try {
    let seen = 0;
    const enough = Promise.withResolvers<void>();
    await client.pSubscribe(`${heartbeatChannel}:*`, () => {
      seen += 1;
      if (seen === count) enough.resolve();
    });
    await within(`${count} heartbeats`, enough.promise);
  } finally {
    client.destroy();
  }
}

test('a server that cannot use its Redis does not start, and names the setting but not the password', async () => {
  const env = { TESSERA_REDIS_URL: 'redis+sentinel://me:hush@127.0.0.1:1/mymaster?sentinelPassword=hush' };
  await assert.rejects(TesseraProcess.start({ env }), (error) => {
    assert.match(String(error), /TESSERA_REDIS_URL: cannot use Redis: no Sentinel knows .*ECONNREFUSED/);
    assert.doesNotMatch(String(error), /hush/);
    return true;
  });
});
