/** What clients of a whole server see while its Redis fails over or is incomplete: 500, never a fact about a token. */
import assert from 'node:assert/strict';
import { PassThrough } from 'node:stream';
import { test } from 'node:test';
import { createClient } from '@redis/client';
import { GetMaxSeqReq } from '../../src/protocol/gen/openim.ts';
import { heartbeatChannel } from '../../src/redis/tokens/token-keys.ts';
import { BackEnd } from '../support/back-end.ts';
import { runTesseraHere } from '../support/run-tessera.ts';
import { redisCommand, untilTrue } from '../support/services/redis-command.ts';
import { connect } from '../support/socket-client.ts';
import { adminSecret, TesseraProcess } from '../support/tessera-process.ts';
import { clusterForSuite, redisForSuite, type SuiteScope, sentinelForSuite } from '../support/test-services.ts';
import { within } from '../support/within.ts';
import { envelopeOf } from '../wire/raw-http.ts';
import { World } from '../wire/world.ts';

const userIDs = ['dave', 'erin', 'frank', 'grace', 'heidi', 'ivan'];

async function startServer(t: SuiteScope, redisUrl: string) {
  const logLines: string[] = [];
  const logDestination = new PassThrough().on('data', (chunk) => logLines.push(...String(chunk).split('\n')));
  const world = await World.open({ TESSERA_REDIS_URL: redisUrl, TESSERA_LOG_LEVEL: 'info' }, { logDestination });
  t.after(() => world[Symbol.asyncDispose]());
  await world.register(...userIDs);
  const tokens = await Promise.all(userIDs.map((userID) => world.issue(userID, 5)));
  const codesOf = () => Promise.all(tokens.map(async (token) => (await parse(world, token)).errCode));
  const readiness = () => world.send({ method: 'GET', path: '/readyz' });
  return { world, logLines, tokens, codesOf, readiness };
}

async function parse(world: World, token: string) {
  return envelopeOf(await world.post('/auth/parse_token', { token }, world.token('admin')));
}

test('a server whose Redis fails over under Sentinel', async (t) => {
  const sentinel = await sentinelForSuite(t);
  if (sentinel === undefined) return;
  const { world, logLines, codesOf, readiness } = await startServer(t, sentinel.url);
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
      const seen = new Set<number>();
      const ask = async () => {
        const codes = await codesOf();
        for (const code of codes) seen.add(code);
        return codes.every((code) => code === 0);
      };
      // What was found good is believed for a second.
      world.passTime(2000);
      let asking = ask();
      await onEach(t, sentinel.sentinel.port, '*', () => {
        asking = asking.then(ask);
      });
      await sentinel.untilReplaced(master);
      await asking;
      await untilTrue('every token is good again', ask);
      assert.deepEqual([...seen].sort(), [0, 500]);
    },
  );

  await t.test('it is ready again, and issues tokens', async () => {
    await untilTrue('ready', async () => (await readiness()).status === 200);
    for (const userID of userIDs) await world.issue(userID, 5);
  });

  await t.test('T6: nothing of it has put a token into the log', () => {
    assert.ok(logLines.some((line) => line.includes('Redis')));
    assert.ok(!logLines.some((line) => line.includes('eyJ')));
  });
});

test('a server on a Redis Cluster that loses a third of its slots, and gets them back', async (t) => {
  const cluster = await clusterForSuite(t, { args: ['--appendonly', 'yes', '--appendfsync', 'always'] });
  if (cluster === undefined) return;
  const { codesOf, readiness } = await startServer(t, cluster.url);
  const victim = cluster.masters[0]!;
  await victim.kill();
  const codes = await codesOf();
  assert.ok(
    codes.every((code) => code === 0 || code === 500),
    `T5: ${codes}`,
  );
  assert.equal((await readiness()).status, 503);
  await victim.restart();
  await untilTrue('T1: every token is good again', async () => (await codesOf()).every((code) => code === 0));
  await untilTrue('ready', async () => (await readiness()).status === 200);
});

test('T4: a node that does not hear of the others is not ready, and serves no revoked session', async (t) => {
  const redis = await redisForSuite(t);
  if (redis === undefined) return;
  const [near, far] = [await startServer(t, redis.url), await startServer(t, redis.url)];
  const [userID, token] = [userIDs[0]!, far.tokens[0]!];
  const client = await connect({ port: far.world.wsPort, query: { sendID: userID, token } });
  const request = GetMaxSeqReq.encode({ userID }).finish();

  await redisCommand(redis.port, 'ACL', 'SETUSER', 'default', '-subscribe', '-ssubscribe');
  await redisCommand(redis.port, 'CLIENT', 'KILL', 'TYPE', 'pubsub');
  await untilTrue('not ready', async () => {
    const { status, body } = await far.readiness();
    return status === 503 && body.includes('token feed');
  });
  assert.equal((await client.request(1001, request)).errCode, 0);
  await near.world.call('/auth/force_logout', { userID, platformID: 5 });
  const kicked = async () => {
    // What the store said is believed for a second.
    while ((await client.request(1001, request)).reqIdentifier !== 2002)
      await new Promise((resolve) => setTimeout(resolve, 50));
  };
  await within('2002', kicked());

  await redisCommand(redis.port, 'ACL', 'SETUSER', 'default', '+subscribe', '+ssubscribe');
  await untilTrue('ready', async () => (await far.readiness()).status === 200);
});

test('T4: a node that has stood still asks the store before it serves what came in meanwhile', async (t) => {
  const redis = await redisForSuite(t);
  if (redis === undefined) return;
  const near = await startServer(t, redis.url);
  const far = await TesseraProcess.start({ env: { TESSERA_REDIS_URL: redis.url } });
  t.after(() => far.dispose());
  const backEnd = new BackEnd(() => far.apiUrl);
  const [userID] = userIDs as [string];
  await backEnd.register(userID);
  const token = await backEnd.userToken(userID);
  const client = await connect({ port: far.wsPort, query: { sendID: userID, token } });
  assert.equal((await backEnd.post('/auth/parse_token', { token })).errCode, 0);

  process.kill(far.pid, 'SIGSTOP');
  await near.world.call('/auth/force_logout', { userID, platformID: 5 });
  // For a second a node may not know of it. So much lies between the first and the last of these, of the other node.
  await heartbeats(t, redis.port, heartbeatsPerSecond + 1);
  const parsed = backEnd.post('/auth/parse_token', { token });
  client.send(1001, GetMaxSeqReq.encode({ userID }).finish());
  process.kill(far.pid, 'SIGCONT');

  assert.equal((await parsed).errCode, 1506);
  assert.equal((await within('2002', client.nextReply())).reqIdentifier, 2002);
});

/** Every node sends them all the time. */
const heartbeatsPerSecond = 2;

/** Resolves when so many have been sent, by nodes that are awake. */
async function heartbeats(t: SuiteScope, port: number, count: number): Promise<void> {
  let seen = 0;
  const enough = Promise.withResolvers<void>();
  await onEach(t, port, `${heartbeatChannel}:*`, () => {
    seen += 1;
    if (seen === count) enough.resolve();
  });
  await within(`${count} heartbeats`, enough.promise);
}

/** From now on, of what Redis or Sentinel publishes. */
async function onEach(t: SuiteScope, port: number, channels: string, listener: () => void): Promise<void> {
  const client = await createClient({ RESP: 2, socket: { host: '127.0.0.1', port } }).connect();
  t.after(() => client.destroy());
  await client.pSubscribe(channels, listener);
}

test('a server that cannot use its Redis does not start, and names the setting but not the password', async () => {
  const { code, stderr } = await runTesseraHere(['serve'], {
    TESSERA_SECRET: adminSecret,
    TESSERA_REDIS_URL: 'redis+sentinel://me:hush@127.0.0.1:1/mymaster?sentinelPassword=hush',
  });
  assert.equal(code, 1);
  assert.match(stderr, /TESSERA_REDIS_URL: cannot use Redis: no Sentinel knows .*ECONNREFUSED/);
  assert.doesNotMatch(stderr, /hush/);
});
