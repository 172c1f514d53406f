/** Whom messages wake, by which services and with what: objects-push-webhooks.md 2.1, 2.3, 2.4, in one process. */
import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { PassThrough } from 'node:stream';
import { after, before, beforeEach, test } from 'node:test';
import { SetAppBackgroundStatusReq } from '../../src/protocol/gen/openim.ts';
import { reqIdentifiers } from '../../src/protocol/numbers/request-identifiers.ts';
import { FcmStandIn } from '../support/push/fcm-stand-in.ts';
import { JpushStandIn } from '../support/push/jpush-stand-in.ts';
import { connect } from '../support/socket-client.ts';
import {
  chatFrames as framesOf,
  offlinePushStates,
  sendText,
  settled as settledOn,
  until,
  woken as wokenBy,
} from './offline-push-states.ts';
import { World } from './world.ts';

const [fcm, jpush] = [new FcmStandIn(), new JpushStandIn()];
let directory: string;
let world: World;
/** Everything that is logged. */
const log: string[] = [];

before(async () => {
  directory = await mkdtemp(join(tmpdir(), 'tessera-push-'));
  await Promise.all([fcm.listen(), jpush.listen()]);
  const path = join(directory, 'account.json');
  await writeFile(path, JSON.stringify(fcm.account), { mode: 0o600 });
  const settings = {
    TESSERA_FCM_ACCOUNT_FILE: path,
    TESSERA_FCM_URL: fcm.url,
    TESSERA_JPUSH_APP_KEY: jpush.appKey,
    TESSERA_JPUSH_MASTER_SECRET: jpush.masterSecret,
    TESSERA_JPUSH_URL: `${jpush.url}/v3/push`,
    TESSERA_LOG_LEVEL: 'trace',
  };
  const logDestination = new PassThrough().on('data', (chunk) => log.push(String(chunk)));
  world = await World.open(settings, { logDestination });
});

after(async () => {
  await world[Symbol.asyncDispose]();
  await Promise.all([fcm[Symbol.asyncDispose](), jpush[Symbol.asyncDispose]()]);
  await rm(directory, { recursive: true });
});

beforeEach(() => {
  fcm.asked.length = 0;
  jpush.asked.length = 0;
});

async function waiting(): Promise<number> {
  using database = new DatabaseSync(join(world.dataDir, 'tessera.db'), { readOnly: true });
  return Number(database.prepare("SELECT count(*) AS n FROM deliveries WHERE topic = 'push'").get()?.n);
}

const settled = () => settledOn({ waiting });
const woken = () => wokenBy(fcm);
const send = (fields: object) => sendText(world, fields);

/** Somebody with a device of each of these platforms. */
async function enter(userID: string, ...platformIDs: readonly number[]): Promise<void> {
  await world.register(userID);
  for (const platformID of platformIDs) {
    const fcmToken = `of-${userID}${platformIDs.length > 1 ? platformID : ''}`;
    await world.call('/third/fcm_update_token', { account: userID, platformID, fcmToken });
  }
}

test('whoever has no phone that takes a message is woken, and nobody else', (t) =>
  offlinePushStates(t, { senders: [world], homes: [world], fcm, waiting }));

test('the text of a message is never in its push: a title by its type, or what the sender gives', async () => {
  await enter('reader', 2);
  const offlinePushInfo = { title: 'T', desc: 'D', ex: 'E', iOSPushSound: 'S' };
  const picture = { uuid: 'u', type: 'jpg', size: 1, width: 1, height: 1, url: 'a secret' };
  const pictures = { sourcePath: 'a secret', sourcePicture: picture, bigPicture: picture, snapshotPicture: picture };
  for (const fields of [
    {},
    { contentType: 102, content: pictures },
    { contentType: 110, content: { data: 'a secret', description: '', extension: '' } },
    { offlinePushInfo },
    { offlinePushInfo: { ...offlinePushInfo, title: '' } },
    { offlinePushInfo: { ...offlinePushInfo, desc: '' } },
  ]) {
    await send({ recvID: 'reader', ...fields });
    await settled();
  }
  const shown = fcm.asked.map(({ body }) => JSON.parse(body).message.notification);
  assert.deepEqual(shown, [
    { title: '[TEXT]', body: '[TEXT]' },
    { title: '[PICTURE]', body: '[PICTURE]' },
    { title: '[NEWMSG]', body: '[NEWMSG]' },
    { title: 'T', body: 'D' },
    { title: '[TEXT]', body: 'D' },
    { title: 'T', body: 'T' },
  ]);
  assert.ok([...fcm.asked, ...jpush.asked].every(({ body }) => !body.includes('a secret')));
  const last = JSON.parse(fcm.asked.at(-1)?.body ?? '').message;
  assert.deepEqual([last.data.ex, last.apns.payload.aps.sound], ['E', 'S']);
});

test('the badge is the number of all unread messages', async () => {
  const offlinePushInfo = { title: '', desc: '', ex: '', iOSPushSound: '', iOSBadgeCount: true };
  await enter('counting', 1);
  for (const [sendID, sessionType, to] of [
    ['alice', 1, { recvID: 'counting' }],
    ['bob', 1, { recvID: 'counting' }],
  ] as const) {
    await send({ sendID, sessionType, ...to, offlinePushInfo });
    await settled();
  }
  const badges = fcm.asked.map(({ body }) => JSON.parse(body).message.apns.payload.aps.badge);
  assert.deepEqual(badges, [1, 2]);
  await world.call('/msg/mark_conversation_as_read', {
    userID: 'counting',
    conversationID: 'si_alice_counting',
    hasReadSeq: 1,
  });
  await send({ recvID: 'counting' });
  await send({ recvID: 'counting', offlinePushInfo });
  await settled();
  const later = fcm.asked.slice(2).map(({ body }) => JSON.parse(body).message.apns.payload.aps.badge);
  assert.deepEqual(later, [undefined, 3]);
});

test('every device of a user is woken by its service, and users by the services that know them', async () => {
  await enter('several', 1, 2);
  await world.call('/third/fcm_update_token', {
    account: 'several',
    platformID: 9,
    fcmToken: 'of-another-service',
    provider: 'jpush',
  });
  await send({ recvID: 'several' });
  await settled();
  assert.deepEqual(woken(), ['several1', 'several2']);
  assert.deepEqual(
    jpush.asked.map(({ body }) => JSON.parse(body).audience.alias),
    [['several']],
  );
});

test('a device that its service calls dead is not woken any more', async () => {
  await enter('moved', 2);
  fcm.gone.add('of-moved');
  for (const _ of [1, 2]) {
    await send({ recvID: 'moved' });
    await settled();
  }
  assert.deepEqual(woken(), ['moved']);
});

test('nobody is woken by what one says to oneself', async () => {
  await send({ recvID: 'alice' });
  await settled();
  assert.deepEqual([woken(), jpush.asked.length], [[], 0]);
});

test('F31 an outage of a service slows no message and no other service; afterwards all arrive but for what was read', async () => {
  await enter('late', 2);
  await enter('early', 2);
  fcm.outage = { status: 503, json: {} };
  await send({ recvID: 'late' });
  await send({ recvID: 'early' });
  await send({ recvID: 'early' });
  await until('the other service to be asked', () => jpush.asked.length === 3);
  await world.call('/msg/mark_conversation_as_read', {
    userID: 'early',
    conversationID: 'si_alice_early',
    hasReadSeq: 1,
  });
  fcm.outage = undefined;
  fcm.asked.length = 0;
  world.passTime(400_000);
  await settled();
  assert.deepEqual(woken(), ['early', 'late']);
  assert.equal(jpush.asked.length, 3, 'who was woken by it is not woken again');
});

test('F31 a service that does not answer holds up no message, nor another service', async (t) => {
  await enter('patient', 2);
  await enter('watching', 5);
  const browser = await connect({
    port: world.wsPort,
    query: { sendID: 'watching', platformID: '5', token: await world.issue('watching', 5) },
  });
  t.after(() => browser.ws.terminate());
  fcm.outage = 'hang';
  await send({ recvID: 'patient' });
  await until('the service to be asked', () => fcm.asked.length > 0);
  for (const recvID of ['patient', 'watching', 'patient']) await send({ recvID });
  while ((await browser.nextReply()).reqIdentifier !== 2001);
  await until('the other service to be asked', () => jpush.asked.length >= 2);
  fcm.outage = undefined;
  fcm.asked.length = 0;
  fcm.cut();
  await until('what was cut to be put aside', async () => (await waiting()) <= 3);
  world.passTime(400_000);
  await settled();
  assert.deepEqual(woken(), ['patient', 'patient', 'patient', 'watching']);
});

test('2.2: who says by 2004 to be in the background is woken from then on, and not any more afterwards', async (t) => {
  await enter('leaving', 1);
  const token = await world.issue('leaving', 1);
  const phone = await connect({ port: world.wsPort, query: { sendID: 'leaving', platformID: '1', token } });
  t.after(() => phone.ws.terminate());
  const became: string[] = [];
  for (const isBackground of [false, true, false]) {
    const status = SetAppBackgroundStatusReq.encode({ userID: 'leaving', isBackground }).finish();
    await phone.request(reqIdentifiers.setBackgroundStatus, status);
    await send({ recvID: 'leaving' });
    await settled();
    became.push(`${(await framesOf(phone)) > 0 ? 'phone' : ''}${fcm.asked.length > 0 ? 'push' : ''}`);
    fcm.asked.length = 0;
  }
  assert.deepEqual(became, ['phone', 'push', 'phone']);
});

test('what no service could take within an hour wakes nobody', async () => {
  await enter('too_late', 2);
  fcm.outage = 'reset';
  await send({ recvID: 'too_late' });
  await until('the service to be asked', () => fcm.asked.length > 0);
  world.passTime(3_700_000);
  fcm.outage = undefined;
  fcm.asked.length = 0;
  await settled();
  assert.deepEqual(woken(), []);
});

test('T6 nothing by which a service knows us or a device is in the log of all this and its outages, nor a text', () => {
  const text = log.join('');
  const basic = Buffer.from(`${jpush.appKey}:${jpush.masterSecret}`).toString('base64');
  const key = fcm.account.private_key.split('\n')[1] ?? '';
  assert.ok(fcm.accessTokens.size > 0 && key.length > 60 && text.includes('/msg/send_msg'));
  for (const secret of [key, ...fcm.accessTokens, jpush.masterSecret, basic, 'of-late', 'of-too_late', 'a secret']) {
    assert.ok(!text.includes(secret), `${secret.slice(0, 9)}...`);
  }
});
