/** The services that know users by an alias: Getui and JPush. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { GetuiStandIn } from '../../test/support/push/getui-stand-in.ts';
import type { Fault } from '../../test/support/push/http-stand-in.ts';
import { failure, JpushStandIn } from '../../test/support/push/jpush-stand-in.ts';
import { content, never } from '../../test/support/push/push-samples.ts';
import {
  blurred,
  type ClientExchange,
  type ClientStep,
  knownAliases,
  vendorClients,
} from '../../test/support/push/vendor-clients.ts';
import type { PushOutcome, PushProvider } from '../push/push-provider.ts';
import { Getui } from './getui.ts';
import { Jpush } from './jpush.ts';

const alice = { userID: 'alice', badge: 7 };
const bob = { userID: 'bob', badge: 9 };

async function outcomeOf(provider: PushProvider): Promise<PushOutcome | undefined> {
  return (await provider.send(content, [alice], never))[0];
}

/** What the client of a vendor sent once, sent again: the stand-in answers as it did when the client understood it. */
async function replay(service: ClientStep['service'], standIn: JpushStandIn | GetuiStandIn, tokens: Set<string>) {
  standIn.aliases = knownAliases;
  let token = '';
  let taskid = '';
  const again = async ({ method, path, headers, body, status, answer }: ClientExchange) => {
    const sent = {
      ...{ method, headers: { ...headers, ...(headers.token === undefined ? {} : { token }) } },
      ...(body === '' ? {} : { body: body.replace('RASL_UUID', taskid) }),
    };
    const answered = await fetch(`${standIn.url}${path}`, sent);
    const text = await answered.text();
    token = JSON.parse(text).data?.token ?? token;
    taskid = JSON.parse(text).data?.taskid ?? taskid;
    assert.deepEqual([answered.status, JSON.parse(blurred(text))], [status, answer], path);
  };
  const steps = vendorClients().filter((step) => step.service === service);
  for (const { tokensEnded, exchanges } of steps) {
    if (tokensEnded) tokens.clear();
    for (const exchange of exchanges) await again(exchange);
  }
  standIn.aliases = undefined;
  standIn.asked.length = 0;
  return steps.map(({ command, understood }) => [command, understood.isSuccess, understood.code ?? understood.sendno]);
}

test('JPush', async (t) => {
  await using standIn = await new JpushStandIn().listen();
  const { appKey, masterSecret } = standIn;
  const options = {
    appKey,
    masterSecret,
    url: `${standIn.url}/v3/push`,
    intent: 'intent:#Intent;end',
    isProduction: true,
  };
  const jpush = new Jpush(options);
  const asked = (index: number) => JSON.parse(standIn.asked[index]?.body ?? '');

  await t.test("the stand-in serves the vendor's own client, as recorded", async () => {
    assert.deepEqual(await replay('jpush', standIn, new Set()), [
      [`open ${appKey} ${masterSecret}`, true, undefined],
      ['send alice', true, 18],
      ['send alice bob', true, 18],
      ['send nobody', false, 1011],
      ['validate alice', true, 18],
      [`open ${appKey} ${'0'.repeat(24)}`, true, undefined],
      ['send alice', false, 1004],
    ]);
  });

  await t.test('a push is whole', async () => {
    assert.deepEqual(await outcomeOf(jpush), { kind: 'sent' });
    const extras = { ex: content.ex, ClientMsgID: content.clientMsgID };
    assert.deepEqual(asked(0), {
      platform: 'all',
      audience: { alias: ['alice'] },
      notification: {
        android: { alert: content.body, title: content.title, extras, intent: { url: 'intent:#Intent;end' } },
        ios: {
          alert: { title: content.title, body: content.body },
          'mutable-content': true,
          extras,
          sound: 'ding.caf',
          badge: 7,
        },
      },
      message: { msg_content: content.body, title: content.title, extras },
      options: { apns_production: true },
    });
  });

  await t.test('several users are one push, whose badge is one more than before', async () => {
    assert.deepEqual(await jpush.send(content, [alice, bob], never), [{ kind: 'sent' }, { kind: 'sent' }]);
    assert.deepEqual([asked(1).audience.alias, asked(1).notification.ios.badge], [['alice', 'bob'], '+1']);
  });

  const limited: Fault = { ...failure(429, 2002, ''), headers: { 'x-rate-limit-reset': '17' } };
  const answers: readonly [name: string, fault: Fault, outcome: PushOutcome][] = [
    ['nobody has the alias', failure(400, 1011, ''), { kind: 'sent' }],
    ['too often', failure(429, 2002, ''), { kind: 'later', reason: '429 2002', afterMs: 60_000 }],
    ['too often until', limited, { kind: 'later', reason: '429 2002', afterMs: 17_000 }],
    ['their fault', failure(500, 1000, ''), { kind: 'later', reason: '500 1000', afterMs: 60_000 }],
    ['wrong credentials', failure(401, 1004, ''), { kind: 'later', reason: '401 1004' }],
    ['too long', failure(400, 1005, ''), { kind: 'refused', reason: '400 1005' }],
    ['Retry-After', { status: 503, headers: { 'retry-after': '9' } }, { kind: 'later', reason: '503', afterMs: 9000 }],
    ['a reset', 'reset', { kind: 'later', reason: 'no answer (UND_ERR_SOCKET)' }],
  ];
  for (const [name, fault, outcome] of answers) {
    await t.test(`answer: ${name}`, async () => {
      standIn.faults.push(fault);
      const seen = await outcomeOf(jpush);
      if (fault === 'reset') assert.equal(seen?.kind, 'later');
      else assert.deepEqual(seen, outcome);
    });
  }

  await t.test('a check says what is wrong with the credentials, and pushes nothing', async () => {
    standIn.asked.length = 0;
    assert.equal(await jpush.check(never), undefined);
    assert.equal(await new Jpush({ ...options, masterSecret: 'wrong' }).check(never), '401 1004');
    assert.ok(standIn.asked.every(({ path }) => path === '/v3/push/validate'));
  });
});

test('Getui', async (t) => {
  await using standIn = await new GetuiStandIn().listen();
  let now = Date.now();
  const { appKey, masterSecret, pushUrl: url } = standIn;
  const options = { appKey, masterSecret, url, intent: '', channelID: 'c', channelName: 'Chat', now: () => now };
  const getui = new Getui(options);
  const asked = (index: number) => JSON.parse(standIn.asked[index]?.body ?? '');

  await t.test("the stand-in serves the vendor's own client, as recorded", async () => {
    assert.deepEqual(await replay('getui', standIn, standIn.tokens), [
      ['open an-app an-app-key a-master-secret', true, undefined],
      ['single alice', true, 0],
      ['single nobody', false, 20_001],
      ['list-message', true, 0],
      ['list alice bob', true, 0],
      ['list-async alice nobody', true, 0],
      ['single bob', true, 0],
      ['open an-app an-app-key a-wrong-secret', false, undefined],
    ]);
  });

  await t.test('a push to one user is whole, with the names of the service for its channel', async () => {
    assert.deepEqual(await outcomeOf(getui), { kind: 'sent' });
    const { request_id, audience, push_message, push_channel } = asked(0);
    assert.deepEqual([request_id, audience], [content.id, { alias: ['alice'] }]);
    assert.deepEqual(push_message, {
      notification: {
        title: content.title,
        body: content.body,
        channel_id: 'c',
        channel_name: 'Chat',
        click_type: 'startapp',
        category: 'CATEGORY_MESSAGE',
        badge_add_num: '1',
      },
    });
    const alert = { title: content.title, body: content.body };
    assert.deepEqual(push_channel.ios, { type: 'notify', aps: { sound: 'default', alert }, auto_badge: '7' });
  });

  await t.test('several users are one task, pushed once', async () => {
    standIn.asked.length = 0;
    assert.deepEqual(await getui.send(content, [alice, bob], never), [{ kind: 'sent' }, { kind: 'sent' }]);
    assert.deepEqual(
      standIn.asked.map(({ path }) => path),
      ['/v2/an-app/push/list/message', '/v2/an-app/push/list/alias'],
    );
    assert.deepEqual([asked(0).push_channel.ios.auto_badge, asked(0).settings], ['+1', { ttl: 300_000 }]);
    assert.deepEqual([asked(1).audience, asked(1).is_async], [{ alias: ['alice', 'bob'] }, true]);
  });

  await t.test('Known defect: a token that has ended is renewed and the push sent once more', async () => {
    standIn.logins = 0;
    standIn.tokens.clear();
    assert.deepEqual(await outcomeOf(getui), { kind: 'sent' });
    now += 23 * 3_600_000;
    assert.deepEqual(await outcomeOf(getui), { kind: 'sent' });
    assert.deepEqual(await outcomeOf(getui), { kind: 'sent' });
    assert.equal(standIn.logins, 2);
  });

  const answer = (status: number, code: number, msg: string): Fault => ({ status, json: { code, msg } });
  const answers: readonly [name: string, fault: Fault, outcome: PushOutcome][] = [
    ['nobody has the alias', answer(400, 20_001, 'target user is invalid'), { kind: 'sent' }],
    ['ill-formed', answer(400, 20_001, 'title size over limit'), { kind: 'refused', reason: '400 20001' }],
    ['too often', answer(401, 10_005, ''), { kind: 'later', reason: '401 10005', afterMs: 60_000 }],
    ['it starts', answer(200, 2, ''), { kind: 'later', reason: '200 2' }],
    ['another address', answer(200, 301, ''), { kind: 'later', reason: '200 301' }],
    ['no JSON', answer(200, 1, ''), { kind: 'refused', reason: '200 1' }],
    ['HTML', { status: 502 }, { kind: 'later', reason: '502 -1' }],
  ];
  for (const [name, fault, outcome] of answers) {
    await t.test(`answer: ${name}`, async () => {
      standIn.faults.push(fault);
      assert.deepEqual(await outcomeOf(getui), outcome);
    });
  }

  await t.test('O1: a reset is tried later', async () => {
    standIn.faults.push('reset');
    assert.equal((await outcomeOf(getui))?.kind, 'later');
  });

  await t.test('a check says what is wrong with the credentials, and pushes nothing', async () => {
    standIn.asked.length = 0;
    assert.equal(await new Getui(options).check(never), undefined);
    assert.equal(await new Getui({ ...options, masterSecret: 'wrong' }).check(never), 'no token (400 20001)');
    assert.equal(standIn.asked.length, 0);
  });
});
