/** A move as clients see it: a real server on OpenIM's Redis, over REST and over sockets. */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { platforms } from '../../src/protocol/numbers/platforms.ts';
import { connectRedis } from '../../src/redis/client/client.ts';
import { BackEnd } from '../support/back-end.ts';
import { OpenimServer, openimSecret, openimTemporary } from '../support/openim-redis.ts';
import { runTesseraHere } from '../support/run-tessera.ts';
import { connect } from '../support/socket-client.ts';
import { TesseraProcess } from '../support/tessera-process.ts';
import { redisForSuite } from '../support/test-services.ts';

const { Web, IOS, Admin } = platforms;
const hourMs = 3_600_000;

for (const mode of ['read', 'mirror'] as const) {
  test(`clients of OpenIM on Tessera, TESSERA_OPENIM_TOKENS=${mode}`, async (t) => {
    const world = await openWorld(t, mode);
    if (world === undefined) return;
    const { openim, backEnd, socket } = world;
    await backEnd.register('alice', 'bob');

    await t.test('T1 who logged in at OpenIM goes on working, also when OpenIM’s hash has lapsed', async () => {
      const token = await openim.issue('alice', Web);
      assert.equal((await backEnd.post('/user/get_users_info', { userIDs: ['bob'] }, token)).errCode, 0);
      const client = await socket('alice', token);
      await openim.lapse('alice', Web);
      await client.roundTrip();
      assert.equal((await backEnd.post('/auth/parse_token', { token })).errCode, 0);
      await client.close();
    });

    await t.test('T7 a socket of a token of OpenIM ends with the token, and hears 1501 then', async () => {
      const token = await openim.issue('alice', IOS, 2000);
      const client = await socket('alice', token, IOS);
      await client.closed;
      assert.equal(client.pending.length, 0, 'no 2002, which would be a kick');
      assert.equal((await backEnd.post('/auth/parse_token', { token })).errCode, 1501);
    });

    await t.test('T4 a login on the platform ends the session of OpenIM, and its socket', async () => {
      const token = await openim.issue('bob', Web);
      const client = await socket('bob', token);
      await backEnd.userToken('bob', Web);
      assert.equal((await client.nextReply()).reqIdentifier, 2002);
      await client.closed;
      assert.equal((await backEnd.post('/auth/parse_token', { token })).errCode, 1506);
      assert.equal(await openim.codeOf('bob', Web, token), mode === 'mirror' ? 1506 : 0);
    });

    await t.test('an admin of OpenIM goes on, in the grace of an older token too', async () => {
      const token = await openim.issue('imAdmin', Admin);
      assert.equal((await backEnd.post('/user/account_check', { checkUserIDs: ['alice'] }, token)).errCode, 0);
      const older = await openim.issue('imAdmin', Admin, 10 * hourMs);
      await openim.supersede('imAdmin', older);
      assert.equal((await backEnd.post('/auth/parse_token', { token: older })).errCode, 0);
      await world.redis.command(undefined, ['DEL', openimTemporary('imAdmin', older)]);
    });

    if (mode === 'mirror') await sideBySide(t, world);
    else await move(t, world);

    await t.test('T6 no token has come into the log', () => {
      assert.ok(world.server.logLines.length > 0);
      assert.ok(!world.server.logLines.some((line) => line.includes('eyJ')));
    });
  });
}

/** Tessera and OpenIM side by side. */
async function sideBySide(t: TestContext, { openim, backEnd, socket }: World): Promise<void> {
  await backEnd.register('carol');

  await t.test('OpenIM accepts who logged in at Tessera, until Tessera ends the session', async () => {
    const token = await backEnd.userToken('carol', Web);
    assert.equal(await openim.codeOf('carol', Web, token), 0);
    await backEnd.call('/auth/force_logout', { userID: 'carol', platformID: Web });
    assert.deepEqual(await openim.fields('carol', Web), { [token]: '2' });
  });

  await t.test('T4 a forced logout at OpenIM ends the session and its socket at Tessera', async () => {
    const token = await backEnd.userToken('carol', Web);
    const client = await socket('carol', token);
    await openim.forceLogout('carol', Web);
    assert.equal((await client.nextReply()).reqIdentifier, 2002);
    await client.closed;
    assert.equal((await backEnd.post('/auth/parse_token', { token })).errCode, 1506);
    await openim.purge('carol', Web);
    assert.equal((await backEnd.post('/auth/parse_token', { token })).errCode, 1506);
  });
}

/** Ends the server. */
async function move(t: TestContext, { openim, server, backEnd, redisUrl, redis }: World): Promise<void> {
  await t.test('the move of docs/migrating-from-openim.md: read, import, cut over', async (t) => {
    await backEnd.register('carol');
    const tokens = [await openim.issue('carol', Web), await openim.issue('carol', IOS)];
    const env = { TESSERA_REDIS_URL: redisUrl, TESSERA_SECRET: openimSecret };

    assert.equal((await runTesseraHere(['tokens', 'import'], env)).code, 0);
    assert.equal(await server.stop(), 0);
    for (const platformID of [Web, IOS]) await openim.lapse('carol', platformID);
    const after = await openWorld(t, 'off', redisUrl);

    for (const token of tokens) {
      assert.equal((await after?.backEnd.post('/auth/parse_token', { token }))?.errCode, 0);
    }
    assert.deepEqual(await redis.command(undefined, ['KEYS', 'UID_PID_TOKEN_STATUS:carol*']), []);
  });
}

type World = NonNullable<Awaited<ReturnType<typeof openWorld>>>;

/** @param sharedUrl of a Redis that is there already */
async function openWorld(t: TestContext, mode: 'off' | 'read' | 'mirror', sharedUrl?: string) {
  const redisUrl = sharedUrl ?? (await redisForSuite(t))?.url;
  if (redisUrl === undefined) return undefined;
  const env = {
    TESSERA_REDIS_URL: redisUrl,
    TESSERA_OPENIM_TOKENS: mode,
    TESSERA_SIGNING_KEYS: openimSecret,
    TESSERA_LOG_LEVEL: 'debug',
  };
  const server = await TesseraProcess.start({ env });
  const redis = await connectRedis(redisUrl, { onConnectionFailure: () => {} });
  t.after(async () => {
    await redis[Symbol.asyncDispose]();
    await server.dispose();
  });
  const backEnd = new BackEnd(() => server.apiUrl);
  const socket = (userID: string, token: string, platformID: number = Web) =>
    connect({ port: server.wsPort, query: { sendID: userID, token, platformID: String(platformID) } });
  return { redisUrl, redis, server, backEnd, socket, openim: new OpenimServer(redis) };
}
