/** Where devices are woken, and which login that belongs to: rest-core.md 8, objects-push-webhooks.md 2.2 and 2.4. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { test } from 'node:test';
import forceLogout from '../../src/http/routes/auth/force_logout.ts';
import revokeTokens from '../../src/http/routes/auth/revoke_tokens.ts';
import fcmUpdateToken from '../../src/http/routes/third/fcm_update_token.ts';
import setAppBadge from '../../src/http/routes/third/set_app_badge.ts';
import { DelUserPushTokenReq } from '../../src/protocol/gen/openim.ts';
import { untilTrue } from '../support/services/redis-command.ts';
import { connect } from '../support/socket-client.ts';
import { envelopeOf } from './raw-http.ts';
import { testEndpoint } from './scenario.ts';
import { World } from './world.ts';

const wellFormed = { platformID: 2, fcmToken: 'f', account: 'alice', expireTime: 0 };
const limit = { settings: { TESSERA_MAX_PUSH_TOKEN_BYTES: '64', TESSERA_PUSH_BY_PLATFORM: 'IOS=apns' } };

testEndpoint(
  fcmUpdateToken,
  [
    { name: 'a user registers a device', token: 'user', body: wellFormed, expect: { errCode: 0 } },
    {
      name: 'every platform that there is may be registered, the newest too',
      token: 'user',
      body: { ...wellFormed, platformID: 12 },
      expect: { errCode: 0 },
    },
    { name: 'platform 0 is 1001', body: { ...wellFormed, platformID: 0 }, expect: { errCode: 1001 } },
    {
      name: 'a platform that nobody knows is 1001',
      body: { ...wellFormed, platformID: 13 },
      expect: { errCode: 1001 },
    },
    { name: 'an empty token is 1001', body: { ...wellFormed, fcmToken: '' }, expect: { errCode: 1001 } },
    {
      name: 'M5: 1002 for the account of another, whose pushes it would redirect',
      token: 'other',
      body: wellFormed,
      expect: { errCode: 1002 },
    },
    { name: 'an unknown user is 1004', body: { ...wellFormed, account: 'nobody' }, expect: { errCode: 1004 } },
    {
      name: 'APNs: provider, topic and environment',
      token: 'user',
      body: { ...wellFormed, platformID: 1, provider: 'apns', topic: 'im.example', environment: 'sandbox' },
      expect: { errCode: 0 },
    },
    { name: 'O1: an unknown provider is 1001', body: { ...wellFormed, provider: 'x' }, expect: { errCode: 1001 } },
    {
      name: 'O1: an unknown environment is 1001',
      body: { ...wellFormed, environment: 'x' },
      expect: { errCode: 1001 },
    },
    {
      name: 'limit maxPushTokenBytes: a token of as many bytes is kept',
      body: { ...wellFormed, fcmToken: 'ä'.repeat(32) },
      expect: { errCode: 0 },
    },
    {
      name: 'limit maxPushTokenBytes: one byte more is 1001',
      body: { ...wellFormed, fcmToken: `${'ä'.repeat(32)}x` },
      expect: { errCode: 1001, errDlt: 'fcmToken is over 64 bytes' },
    },
    {
      name: 'O1: the longest time that can be said is no end',
      body: `{"platformID":2,"fcmToken":"f","account":"alice","expireTime":9007199254740991}`,
      expect: { errCode: 0 },
    },
  ],
  limit,
);

testEndpoint(setAppBadge, [
  { name: 'a user sets a badge', token: 'user', body: { userID: 'alice', appUnreadCount: 3 }, expect: { errCode: 0 } },
  { name: 'any number is kept', token: 'user', body: { userID: 'alice', appUnreadCount: -1 }, expect: { errCode: 0 } },
  { name: 'an empty userID is 1001', body: { userID: '', appUnreadCount: 3 }, expect: { errCode: 1001 } },
  {
    name: "M5: another user's is 1002",
    token: 'other',
    body: { userID: 'alice', appUnreadCount: 3 },
    expect: { errCode: 1002 },
  },
  { name: 'an unknown user is 1004', body: { userID: 'nobody', appUnreadCount: 3 }, expect: { errCode: 1004 } },
]);

test('the device of a login goes with it, and with no other', async (t) => {
  const world = await World.open();
  t.after(() => world[Symbol.asyncDispose]());
  const database = new DatabaseSync(join(world.dataDir, 'tessera.db'), { readOnly: true });
  t.after(() => database.close());
  const devices = () =>
    database
      .prepare('SELECT user_id, platform_id FROM push_tokens ORDER BY 1, 2')
      .all()
      .map(({ user_id, platform_id }) => `${user_id}/${platform_id}`);
  const breakRemoval = () => {
    const fault = new DatabaseSync(join(world.dataDir, 'tessera.db'), { timeout: 5000 });
    fault.exec("CREATE TRIGGER fault BEFORE DELETE ON push_tokens BEGIN SELECT RAISE(ABORT, 'it cannot be'); END");
    return { mend: () => fault.exec('DROP TRIGGER fault'), [Symbol.dispose]: () => fault.close() };
  };
  const logIn = async (userID: string, platformID: number) => {
    const token = await world.issue(userID, platformID);
    await register(userID, platformID, token);
    return token;
  };
  const register = async (userID: string, platformID: number, token: string) => {
    const body = { ...wellFormed, account: userID, platformID, fcmToken: `${userID}-${platformID}` };
    assert.equal(envelopeOf(await world.post(fcmUpdateToken.path, body, token)).errCode, 0);
  };
  for (const platformID of [1, 2, 3, 5]) await logIn('alice', platformID);
  const bobs = await logIn('bob', 2);

  await t.test('2003: that of the connection, whatever the request says', async () => {
    const token = await logIn('alice', 7);
    const client = await connect({ port: world.wsPort, query: { sendID: 'alice', platformID: '7', token } });
    await client.request(2003, DelUserPushTokenReq.encode({ userID: 'bob', platformID: 2 }).finish());
    assert.deepEqual(devices(), ['alice/1', 'alice/2', 'alice/3', 'alice/5', 'bob/2']);
  });
  await t.test('2003 while it cannot be removed: 500, and it goes as soon as it can', async () => {
    const token = await logIn('alice', 7);
    const client = await connect({ port: world.wsPort, query: { sendID: 'alice', platformID: '7', token } });
    using fault = breakRemoval();
    const request = DelUserPushTokenReq.encode({ userID: 'alice', platformID: 7 }).finish();
    assert.equal((await client.request(2003, request)).errCode, 500);
    assert.equal(devices().includes('alice/7'), true);
    fault.mend();
    await untilTrue('it is gone', async () => !devices().includes('alice/7'));
  });
  await t.test('a kick by a newer login takes that of the older one', async () => {
    await world.issue('alice', 1);
    assert.equal(devices().includes('alice/1'), false);
  });
  await t.test('a login that has registered it again keeps it', async () => {
    const before = await logIn('alice', 8);
    await register('alice', 8, await world.issue('alice', 8));
    await world.call('/auth/revoke_token', { token: before });
    assert.equal(devices().includes('alice/8'), true);
    await world.call(forceLogout.path, { userID: 'alice', platformID: 8 });
  });
  await t.test('force_logout', async () => {
    await world.call(forceLogout.path, { userID: 'alice', platformID: 2 });
    assert.equal(devices().includes('alice/2'), false);
  });
  await t.test('where it cannot be removed the login does not end either', async () => {
    const token = await logIn('alice', 2);
    using fault = breakRemoval();
    const failed = await world.post(forceLogout.path, { userID: 'alice', platformID: 2 }, world.token('admin'));
    assert.deepEqual([envelopeOf(failed).errCode, await world.verdict(token)], [500, 0]);
    fault.mend();
    await world.call(forceLogout.path, { userID: 'alice', platformID: 2 });
    assert.deepEqual([await world.verdict(token), devices().includes('alice/2')], [1506, false]);
  });
  await t.test('a renewal keeps it, and what ends the new token takes it', async () => {
    world.passTime(120_000);
    const renewed = envelopeOf(await world.post('/auth/renew_token', {}, bobs)).data as { token: string };
    world.passTime(120_000);
    assert.deepEqual(devices(), ['alice/3', 'alice/5', 'bob/2']);
    await world.post('/auth/revoke_token', { token: renewed.token }, renewed.token);
    assert.equal(devices().includes('bob/2'), false);
  });
  await t.test('a cutoff takes those of the logins before it, whenever they were registered', async () => {
    const before = await world.issue('alice', 7);
    world.passTime(1000);
    const issuedBefore = Date.now() + 240_000 + 500;
    await logIn('alice', 8);
    await register('alice', 7, before);
    await world.call(revokeTokens.path, { userID: 'alice', issuedBefore });
    assert.deepEqual(devices(), ['alice/8']);
  });
  await t.test(
    'a cutoff of everybody holds although devices cannot be deleted, which go as soon as they can',
    async () => {
      const [before, after] = [await logIn('bob', 2), Date.now() + 300_000];
      world.passTime(after + 1000 - Date.now());
      await logIn('bob', 8);
      using fault = breakRemoval();
      await world.call(revokeTokens.path, { everyone: true, issuedBefore: after });
      assert.equal(await world.verdict(before), 1506);
      assert.deepEqual(devices(), ['alice/8', 'bob/2', 'bob/8']);
      fault.mend();
      await untilTrue('they are gone', async () => devices().join() === 'bob/8');
    },
  );
});
