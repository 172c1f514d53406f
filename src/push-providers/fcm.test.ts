import assert from 'node:assert/strict';
import { test } from 'node:test';
import { JWT } from 'google-auth-library';
import { FcmStandIn, fcmError, googleError } from '../../test/support/push/fcm-stand-in.ts';
import { rsaKeys } from '../../test/support/push/push-keys.ts';
import { content, device, never } from '../../test/support/push/push-samples.ts';
import type { PushOutcome } from '../push/push-provider.ts';
import { Fcm } from './fcm.ts';

test('FCM', async (t) => {
  await using standIn = await new FcmStandIn().listen();
  let now = Date.now();
  const fresh = () => new Fcm({ account: standIn.account, url: standIn.url, now: () => now });
  const fcm = fresh();
  const outcomeOf = async (token: string): Promise<PushOutcome | undefined> =>
    (await fcm.send(content, [device(token)], never))[0];

  await t.test("the stand-in serves Google's own client", async () => {
    const fetchThere: typeof fetch = (input, init) => {
      const asked = input instanceof Request ? input.url : String(input);
      return fetch(asked.replace(/^https:\/\/(?:oauth2|fcm)\.googleapis\.com/, standIn.url), init);
    };
    const client = new JWT({
      email: standIn.clientEmail,
      key: rsaKeys.privateKey,
      scopes: ['https://www.googleapis.com/auth/firebase.messaging'],
      transporterOptions: { fetchImplementation: fetchThere },
    });
    const url = `https://fcm.googleapis.com/v1/projects/${standIn.projectID}/messages:send`;
    const send = (message: object) => client.request<{ name: string }>({ url, method: 'POST', data: { message } });
    const { data } = await send({ token: 't', notification: { title: 'a', body: 'b' } });
    assert.match(data.name, /^projects\/a-project\/messages\//);
    await assert.rejects(send({ token: 't', nothing: 1 }), { status: 400 });
    assert.deepEqual([standIn.logins, standIn.asked.length], [1, 2]);
  });

  await t.test('a message is whole, and one access token serves all', async () => {
    standIn.logins = 0;
    standIn.asked.length = 0;
    const outcomes = await fcm.send(content, [device('t1', 7), device('t2')], never);
    assert.deepEqual(outcomes, [{ kind: 'sent' }, { kind: 'sent' }]);
    assert.equal(standIn.logins, 1);
    assert.deepEqual(JSON.parse(standIn.asked[0]?.body ?? ''), {
      message: {
        token: 't1',
        notification: { title: content.title, body: content.body },
        data: { ex: content.ex },
        android: { priority: 'HIGH', notification: { tag: content.id, sound: 'ding.caf', notification_count: 7 } },
        apns: {
          headers: { 'apns-priority': '10', 'apns-collapse-id': content.id },
          payload: { aps: { sound: 'ding.caf', badge: 7 } },
        },
      },
    });
    const { message } = JSON.parse(standIn.asked[1]?.body ?? '');
    assert.ok(!('badge' in message.apns.payload.aps) && !('notification_count' in message.android.notification));
  });

  await t.test('the access token is renewed before its end, and when it is taken back', async () => {
    standIn.logins = 0;
    now += 3_400_000;
    assert.deepEqual(await outcomeOf('t'), { kind: 'sent' });
    standIn.accessTokens.clear();
    assert.deepEqual(await outcomeOf('t'), { kind: 'sent' });
    assert.equal(standIn.logins, 2);
  });

  const answers = [
    ['UNREGISTERED', googleError(404, 'NOT_FOUND', '', [fcmError('UNREGISTERED')]), { kind: 'dead' }],
    [
      'quota',
      googleError(429, 'RESOURCE_EXHAUSTED', '', [fcmError('QUOTA_EXCEEDED')]),
      { kind: 'later', reason: '429 QUOTA_EXCEEDED', afterMs: 60_000 },
    ],
    [
      'Retry-After',
      { ...googleError(503, 'UNAVAILABLE', ''), headers: { 'retry-after': '120' } },
      { kind: 'later', reason: '503 UNAVAILABLE', afterMs: 120_000 },
    ],
    ['500', googleError(500, 'INTERNAL', ''), { kind: 'later', reason: '500 INTERNAL' }],
    [
      "Apple's credentials refused",
      googleError(401, 'UNAUTHENTICATED', '', [fcmError('THIRD_PARTY_AUTH_ERROR')]),
      { kind: 'later', reason: '401 THIRD_PARTY_AUTH_ERROR' },
    ],
    [
      'another project',
      googleError(403, 'PERMISSION_DENIED', '', [fcmError('SENDER_ID_MISMATCH')]),
      { kind: 'refused', reason: '403 SENDER_ID_MISMATCH' },
    ],
    [
      '400',
      googleError(400, 'INVALID_ARGUMENT', 'the secret text'),
      { kind: 'refused', reason: '400 INVALID_ARGUMENT' },
    ],
    ['HTML', { status: 502 }, { kind: 'later', reason: '502' }],
    [
      'a redirect',
      { status: 302, headers: { location: 'http://127.0.0.1:1/' } },
      { kind: 'later', reason: 'no answer (redirected)' },
    ],
  ] as const;
  for (const [name, answer, outcome] of answers) {
    await t.test(`answer: ${name}`, async () => {
      standIn.faults.push(answer);
      assert.deepEqual(await outcomeOf('t'), outcome);
    });
  }

  await t.test('a device that has gone and a token that is none are dead, and the others are sent', async () => {
    standIn.gone.add('gone');
    const kinds = await fcm.send(content, [device('gone'), device('not a token'), device('t')], never);
    assert.deepEqual(kinds, [{ kind: 'dead' }, { kind: 'dead' }, { kind: 'sent' }]);
  });

  await t.test('O1: a reset is tried later; so is whatever comes while no access token can be had', async () => {
    standIn.faults.push('reset');
    assert.equal((await outcomeOf('t'))?.kind, 'later');
    standIn.outage = { status: 503, headers: { 'retry-after': '30' } };
    const [outcome] = await fresh().send(content, [device('t')], never);
    assert.deepEqual(outcome, { kind: 'later', reason: 'no access token (503)', afterMs: 30_000 });
    standIn.outage = undefined;
  });

  await t.test('a check says what is wrong with the credentials, and pushes nothing', async () => {
    standIn.asked.length = 0;
    assert.equal(await fresh().check(never), undefined);
    const account = { ...standIn.account, client_email: 'another@example' };
    const wrong = new Fcm({ account, url: standIn.url, now: () => now });
    assert.equal(await wrong.check(never), 'no access token (400 invalid_grant)');
    assert.equal(standIn.asked.length, 0);
  });
});
