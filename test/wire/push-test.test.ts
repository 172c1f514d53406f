/** An operator's test push through services that stand in for the real ones, as they are configured. */
import assert from 'node:assert/strict';
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import fcmUpdateToken from '../../src/http/routes/third/fcm_update_token.ts';
import sendTestPush from '../../src/http/routes/third/send_test_push.ts';
import { FcmStandIn } from '../support/push/fcm-stand-in.ts';
import { JpushStandIn } from '../support/push/jpush-stand-in.ts';
import { testEndpoint } from './scenario.ts';
import { World } from './world.ts';

testEndpoint(sendTestPush, [
  {
    name: 'without a push service nobody is woken',
    body: { userID: 'alice', title: 'T', body: '' },
    expect: { errCode: 0, data: { results: null } },
  },
]);

const [fcm, jpush] = [new FcmStandIn(), new JpushStandIn()];
let directory: string;

before(async () => {
  directory = await mkdtemp(join(tmpdir(), 'tessera-push-'));
  await Promise.all([fcm.listen(), jpush.listen()]);
});
after(async () => {
  await Promise.all([fcm[Symbol.asyncDispose](), jpush[Symbol.asyncDispose]()]);
  await rm(directory, { recursive: true });
});

async function accountFile(account: object, mode = 0o600): Promise<string> {
  const path = join(directory, `account-${mode}.json`);
  await writeFile(path, JSON.stringify(account));
  await chmod(path, mode);
  return path;
}

test('a test push goes by every service that is configured, and tells what each says', async () => {
  await using world = await World.open({
    TESSERA_FCM_ACCOUNT_FILE: await accountFile(fcm.account),
    TESSERA_FCM_URL: fcm.url,
    TESSERA_JPUSH_APP_KEY: jpush.appKey,
    TESSERA_JPUSH_MASTER_SECRET: 'wrong',
    TESSERA_JPUSH_URL: `${jpush.url}/v3/push`,
  });
  await world.call(fcmUpdateToken.path, { account: 'alice', platformID: 2, fcmToken: 'right' });
  await world.call(fcmUpdateToken.path, { account: 'alice', platformID: 1, fcmToken: 'gone' });
  fcm.gone.add('gone');
  const { results } = await world.call(sendTestPush.path, { userID: 'alice', title: 'T', body: 'B' });
  assert.deepEqual(results, [
    { provider: 'fcm', platformID: 1, outcome: 'dead', reason: '' },
    { provider: 'fcm', platformID: 2, outcome: 'sent', reason: '' },
    { provider: 'jpush', platformID: 0, outcome: 'later', reason: '401 1004' },
  ]);
});

for (const [name, settings, reason] of [
  ['a file that is not there', { TESSERA_FCM_ACCOUNT_FILE: '/nowhere' }, /TESSERA_FCM_ACCOUNT_FILE: /],
  ['a key without its ID', { TESSERA_APNS_KEY_FILE: '/nowhere' }, /needs TESSERA_APNS_KEY_ID and/],
  ['JPush without its secret', { TESSERA_JPUSH_APP_KEY: 'k' }, /needs TESSERA_JPUSH_MASTER_SECRET/],
] as const) {
  test(`the server does not start with ${name}`, async () => {
    await assert.rejects(World.open(settings), reason);
  });
}

test('the server does not start with credentials that others may read, or that are none', async () => {
  const open = await accountFile(fcm.account, 0o644);
  await assert.rejects(World.open({ TESSERA_FCM_ACCOUNT_FILE: open }), /TESSERA_FCM_ACCOUNT_FILE: .*account-420/);
  const empty = await accountFile({});
  await assert.rejects(World.open({ TESSERA_FCM_ACCOUNT_FILE: empty }), /holds no service account/);
});
