import assert from 'node:assert/strict';
import { test } from 'node:test';
import apn from '@parse/node-apn';
import { type ApnsFault, ApnsStandIn } from '../../test/support/push/apns-stand-in.ts';
import { ecKeys, localhost } from '../../test/support/push/push-keys.ts';
import { content, device, never } from '../../test/support/push/push-samples.ts';
import type { PushOutcome } from '../push/push-provider.ts';
import { Apns } from './apns.ts';

const token = 'ab'.repeat(32);

test('APNs', async (t) => {
  await using standIn = await new ApnsStandIn().listen();
  await using sandbox = await new ApnsStandIn().listen();
  let now = Date.now();
  standIn.now = () => now;
  const settings = {
    teamID: standIn.teamID,
    keyID: standIn.keyID,
    key: ecKeys.privateKey,
    topic: 'im.example',
    environment: 'production',
    urls: { production: standIn.url, sandbox: sandbox.url },
    now: () => now,
    tls: { ca: localhost.cert },
  } as const;
  const apns = new Apns(settings);
  t.after(() => apns.close());
  const outcomeOf = async (target = device(token)): Promise<PushOutcome | undefined> =>
    (await apns.send(content, [target], never))[0];

  await t.test('the stand-in serves a client of others', async () => {
    const { keyID: keyId, teamID: teamId, port } = standIn;
    const client = new apn.Provider({
      token: { key: Buffer.from(ecKeys.privateKey), keyId, teamId },
      address: 'localhost',
      port,
      ca: [localhost.cert],
      production: true,
    });
    const note = new apn.Notification({ alert: { title: 'a', body: 'b' }, topic: 'im.example', badge: 3 });
    const { sent, failed } = await client.send(note, [token, 'short']);
    await client.shutdown();
    assert.deepEqual(
      [sent.map((each) => each.device), failed.map(({ status, response }) => [status, response?.reason])],
      [[token], [[400, 'BadDeviceToken']]],
    );
    assert.equal(standIn.pushes[0]?.payload.aps.badge, 3);
  });

  await t.test('a push is whole, and many share a connection and a provider token', async () => {
    standIn.pushes.length = 0;
    standIn.connections = 0;
    standIn.providerTokens.clear();
    const outcomes = await apns.send(
      content,
      [device(token, 7), ...Array.from({ length: 150 }, () => device(token))],
      never,
    );
    assert.ok(outcomes.every(({ kind }) => kind === 'sent'));
    assert.deepEqual([standIn.pushes.length, standIn.connections, standIn.providerTokens.size], [151, 1, 1]);
    const first = standIn.pushes.find(({ payload }) => payload.aps.badge !== undefined);
    const { headers, payload } = first ?? {};
    assert.deepEqual(
      ['apns-topic', 'apns-push-type', 'apns-priority', 'apns-collapse-id'].map((name) => headers?.[name]),
      ['im.example', 'alert', '10', content.id],
    );
    const alert = { title: content.title, body: content.body };
    assert.deepEqual(payload, {
      aps: { alert, 'mutable-content': 1, sound: 'ding.caf', badge: 7 },
      ex: content.ex,
      clientMsgID: content.clientMsgID,
    });
  });

  await t.test('a device says which service and which application it is of', async () => {
    sandbox.topics.add('im.example.beta');
    const { device: plain, ...rest } = device(token);
    assert.ok(plain !== undefined);
    const target = { ...rest, device: { ...plain, topic: 'im.example.beta', environment: 'sandbox' as const } };
    assert.deepEqual(await outcomeOf(target), { kind: 'sent' });
    assert.equal(sandbox.pushes[0]?.headers['apns-topic'], 'im.example.beta');
  });

  await t.test('the provider token is renewed between 20 and 60 minutes, and no sooner', async () => {
    standIn.providerTokens.clear();
    for (const minutes of [0, 20, 19, 2, 39]) {
      now += minutes * 60_000;
      assert.deepEqual(await outcomeOf(), { kind: 'sent' });
    }
    assert.equal(standIn.providerTokens.size, 2, 'after 41 minutes');
  });

  await t.test('one that Apple calls expired is renewed at once if it is old enough, else later', async () => {
    now += 21 * 60_000;
    standIn.providerTokens.clear();
    assert.deepEqual(await outcomeOf(), { kind: 'sent' });
    now += 20 * 60_000;
    const expired = { status: 403, reason: 'ExpiredProviderToken' };
    standIn.faults.push(expired);
    assert.deepEqual(await outcomeOf(), { kind: 'sent' });
    assert.equal(standIn.providerTokens.size, 2);
    standIn.faults.push(expired);
    assert.deepEqual(await outcomeOf(), { kind: 'later', reason: '403 ExpiredProviderToken' });
  });

  const answers: readonly [fault: ApnsFault, outcome: PushOutcome][] = [
    [{ status: 400, reason: 'BadDeviceToken' }, { kind: 'dead' }],
    [
      { status: 403, reason: 'InvalidProviderToken' },
      { kind: 'later', reason: '403 InvalidProviderToken' },
    ],
    [
      { status: 429, reason: 'TooManyRequests' },
      { kind: 'later', reason: '429 TooManyRequests' },
    ],
    [
      { status: 429, reason: 'TooManyProviderTokenUpdates' },
      { kind: 'later', reason: '429 TooManyProviderTokenUpdates', afterMs: 1_200_000 },
    ],
    [
      { status: 503, reason: 'ServiceUnavailable', headers: { 'retry-after': '7' } },
      { kind: 'later', reason: '503 ServiceUnavailable', afterMs: 7000 },
    ],
    [
      { status: 500, reason: 'InternalServerError' },
      { kind: 'later', reason: '500 InternalServerError' },
    ],
    [
      { status: 400, reason: 'DeviceTokenNotForTopic' },
      { kind: 'refused', reason: '400 DeviceTokenNotForTopic' },
    ],
    [
      { status: 413, reason: 'PayloadTooLarge' },
      { kind: 'refused', reason: '413 PayloadTooLarge' },
    ],
    ['reset', { kind: 'later', reason: 'no answer (RST_8)' }],
  ];
  for (const [fault, outcome] of answers) {
    await t.test(`answer: ${typeof fault === 'string' ? fault : fault.reason}`, async () => {
      standIn.faults.push(fault);
      assert.deepEqual(await outcomeOf(), outcome);
    });
  }

  await t.test('410 says since when the device is gone', async () => {
    const gone = 'cd'.repeat(32);
    standIn.gone.set(gone, 12_345);
    assert.deepEqual(await outcomeOf(device(gone)), { kind: 'dead', since: 12_345 });
  });

  await t.test('O1: GOAWAY and a cut connection are tried later, over a new one', async () => {
    for (const fault of ['goaway', 'cut'] as const) {
      standIn.faults.push(fault);
      assert.equal((await outcomeOf())?.kind, 'later', fault);
      standIn.connections = 0;
      assert.deepEqual(await outcomeOf(), { kind: 'sent' });
      assert.equal(standIn.connections, 1);
    }
  });

  await t.test('a check says what is wrong with the credentials, and pushes nothing', async () => {
    standIn.pushes.length = 0;
    assert.equal(await apns.check(never), undefined);
    const wrong = new Apns({ ...settings, keyID: 'ANOTHERKEY' });
    t.after(() => wrong.close());
    assert.equal(await wrong.check(never), '403 InvalidProviderToken');
    assert.equal(standIn.pushes.length, 0);
  });
});
