import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { type ApnsFault, ApnsStandIn } from '../../test/support/push/apns-stand-in.ts';
import { ecKeys, localhost } from '../../test/support/push/push-keys.ts';
import type { Delivery, DeliveryEntry } from '../deliveries/delivery-store.ts';
import type { PartlyDelivered } from '../deliveries/delivery-worker.ts';
import { newMsgData } from '../protocol/message.ts';
import type { PushProviderName } from '../protocol/numbers/push-providers.ts';
import { Apns } from '../push-providers/apns.ts';
import { OfflinePushes } from './offline-pushes.ts';
import type { PushOutcome, PushProvider, PushTarget } from './push-provider.ts';
import { type PushRow, pushEntryOf, pushRowIn, pushRowOf } from './push-row.ts';
import type { PushToken } from './push-token.ts';

const later: PushOutcome = { kind: 'later', reason: '503', afterMs: 7000 };

/** Members of a group, each with a phone of every service, and whatever a test makes of it. */
class Stage {
  now = 0;
  members = Array.from({ length: 3 }, (_, index) => `u${index}`);
  readonly reached = new Set<string>();
  readonly online = new Set<string>();
  readonly read = new Set<string>();
  readonly woken: string[] = [];
  readonly removed: PushToken[] = [];
  tooOld = 0;
  /** How long nodes are given to tell. */
  withinMs: number | undefined;
  answer: (target: PushTarget, provider: PushProviderName) => PushOutcome = () => ({ kind: 'sent' });
  onPage: (after: string) => void = () => {};
  isUnknown = false;
  providers: PushProvider[] = [this.service('fcm')];
  #pushes: OfflinePushes | undefined;

  service(name: PushProviderName, addresses: PushProvider['addresses'] = 'devices', maxTargets = 100): PushProvider {
    return {
      ...{ name, addresses, maxTargets },
      send: async (_content, targets) =>
        targets.map((target) => {
          this.woken.push(`${name} ${target.userID}`);
          return this.answer(target, name);
        }),
      check: async () => undefined,
      close: async () => {},
    };
  }

  deliver(entry: DeliveryEntry): Promise<PartlyDelivered | undefined> {
    const row: Delivery = { ...entry, id: 1, createdAt: 0, attempts: 0, isReplayed: false };
    return this.pushes.deliver(row, new AbortController().signal);
  }

  get pushes(): OfflinePushes {
    this.#pushes ??= new OfflinePushes({
      providers: new Map(this.providers.map((provider) => [provider.name, provider])),
      tokens: {
        of: async (userIDs) => userIDs.flatMap((userID) => this.providers.map(({ name }) => phoneOf(userID, name))),
        removeDead: async (tokens) => void this.removed.push(...tokens),
      },
      recipients: {
        recipients: async (_chat, after, limit) => {
          this.onPage(after);
          const left = this.members.sort().filter((userID) => userID > after);
          return left.slice(0, limit).map((userID) => this.#recipient(userID));
        },
        among: async (_chat, userIDs) => userIDs.map((userID) => this.#recipient(userID)),
        unread: async () => new Map(),
      },
      reach: {
        reachedBy: async (_message, withinMs) => {
          this.withinMs = withinMs;
          return this.reached;
        },
      },
      presence: {
        connectionsOf: async (userIDs) => {
          if (this.isUnknown) throw new Error('nobody knows');
          return userIDs.map((userID) =>
            this.online.has(userID) ? [{ userID, platformID: 2, connID: 'c', jti: 'j', isBackground: false }] : [],
          );
        },
      },
      limits: { pushResultsWithinMs: 2000, maxPushAgeMs: 10_000 },
      now: () => this.now,
      monotonicMs: () => this.now,
      observer: { outcome: () => {}, tooOld: () => this.tooOld++ },
    });
    return this.#pushes;
  }

  #recipient(userID: string) {
    return { userID, wantsPushes: true, readSeq: this.read.has(userID) ? 1 : 0 };
  }
}

function phoneOf(userID: string, provider: PushProviderName): PushToken {
  const token = Buffer.from(userID).toString('hex').padEnd(64, '0');
  return {
    ...{ userID, platformID: 2, provider, token, topic: '', environment: '', jti: '', loginAt: 0 },
    ...{ registeredAt: 0, expiresAt: 0 },
  };
}

const row: PushRow = pushRowOf(
  newMsgData({ sendID: 'a', groupID: 'g', sessionType: 3, contentType: 101, serverMsgID: 'm' }),
  1,
  'op',
  0,
);

test('a page of a group is not sent again when a later one fails', async () => {
  const stage = new Stage();
  stage.members = Array.from({ length: 1500 }, (_, index) => `u${index}`);
  const failure = new Error('no database');
  stage.onPage = (after) => {
    if (after !== '') throw failure;
  };
  const first = await stage.deliver(pushEntryOf(row));
  assert.equal(stage.woken.length, 1000);
  assert.equal(first?.left?.error, failure);
  stage.onPage = () => {};
  assert.equal((await stage.deliver({ ...pushEntryOf(row), payload: first?.left?.payload ?? '' }))?.left, undefined);
  assert.equal(stage.woken.length, 1500);
  assert.equal(new Set(stage.woken).size, 1500);
});

test('a long group is woken in several turns', async () => {
  const stage = new Stage();
  stage.members = Array.from({ length: 1500 }, (_, index) => `u${index}`);
  stage.answer = () => {
    stage.now += 25;
    return { kind: 'sent' };
  };
  const first = await stage.deliver(pushEntryOf(row));
  assert.ok(first?.left !== undefined && first.left.error === undefined);
  // Of the first page what there was no time for is apart.
  const apart = first.following.flatMap((entry) => pushRowIn(entry).again?.targets ?? []);
  assert.equal(stage.woken.length + apart.length, 1000);
});

test('what a service could not take is tried again by itself, for its own targets only', async () => {
  const stage = new Stage();
  stage.providers = [stage.service('fcm'), stage.service('jpush', 'users')];
  stage.answer = ({ userID }, provider) => (provider === 'fcm' && userID !== 'u0' ? later : { kind: 'sent' });
  const first = await stage.deliver(pushEntryOf(row));
  assert.deepEqual([first?.left, first?.following.length], [undefined, 1]);
  const [apart] = first?.following ?? [];
  assert.ok(apart !== undefined);
  assert.deepEqual([apart.key, apart.deliveryID, apart.dueAt], ['fcm sg_g', 'm', 7000]);
  stage.woken.length = 0;
  stage.answer = ({ userID }) => (userID === 'u2' ? later : { kind: 'sent' });
  const second = await stage.deliver(apart);
  assert.deepEqual(stage.woken, ['fcm u1', 'fcm u2']);
  assert.match(String(second?.left?.error), /503/);
  const payload = second?.left?.payload ?? '';
  assert.deepEqual(pushRowIn({ payload }).again?.targets, [['u2', 2]]);
  stage.woken.length = 0;
  stage.answer = () => ({ kind: 'sent' });
  assert.equal(await stage.deliver({ ...apart, payload }), undefined);
  assert.deepEqual(stage.woken, ['fcm u2']);
});

test('nobody is woken later who has read it meanwhile, or has connected with a phone', async () => {
  const stage = new Stage();
  stage.answer = () => later;
  const [apart] = (await stage.deliver(pushEntryOf(row)))?.following ?? [];
  assert.ok(apart !== undefined);
  stage.woken.length = 0;
  stage.answer = () => ({ kind: 'sent' });
  stage.read.add('u0');
  stage.online.add('u1');
  await stage.deliver(apart);
  assert.deepEqual(stage.woken, ['fcm u2']);
});

test('Redis lost means unknown: nobody is woken while nobody knows who is connected', async () => {
  const stage = new Stage();
  stage.isUnknown = true;
  stage.now = 2001;
  const { left } = (await stage.deliver(pushEntryOf(row))) ?? {};
  assert.match(String(left?.error), /nobody knows/);
  assert.deepEqual(stage.woken, []);
  stage.isUnknown = false;
  await stage.deliver({ ...pushEntryOf(row), payload: left?.payload ?? '' });
  assert.equal(stage.woken.length, 3);
});

test('a dead device is forgotten, unless it was registered anew since', async () => {
  const stage = new Stage();
  stage.answer = ({ userID }) => {
    if (userID === 'u0') return { kind: 'dead' };
    return userID === 'u1' ? { kind: 'dead', since: -1 } : { kind: 'dead', since: 5 };
  };
  await stage.deliver(pushEntryOf(row));
  assert.deepEqual(
    stage.removed.map(({ userID }) => userID),
    ['u0', 'u2'],
  );
});

test('a service that takes nothing is left alone for a while, longer each time', async () => {
  const stage = new Stage();
  stage.members = Array.from({ length: 5 }, (_, index) => `u${index}`);
  stage.answer = () => ({ kind: 'later', reason: '503' });
  const asked = async () => {
    stage.woken.length = 0;
    await stage.deliver(pushEntryOf(row)).catch((error: unknown) => assert.match(String(error), /left alone/));
    return stage.woken.length;
  };
  assert.deepEqual([await asked(), await asked()], [5, 0]);
  stage.now = 1000;
  assert.deepEqual([await asked(), await asked()], [5, 0]);
  stage.now = 2999;
  assert.equal(await asked(), 0);
  stage.now = 3000;
  stage.answer = () => ({ kind: 'sent' });
  assert.deepEqual([await asked(), await asked()], [5, 5]);
});

for (const { name, age, withinMs, woken } of [
  {
    name: 'limit pushResultsWithinMs: so long nodes have to tell whose phones took it',
    age: 2000,
    withinMs: 2000,
    woken: 2,
  },
  { name: 'limit pushResultsWithinMs: beyond it who is connected counts as well', age: 2001, withinMs: 0, woken: 1 },
  { name: 'limit maxPushAgeMs: a message of that age wakes', age: 10_000, withinMs: 0, woken: 1 },
  { name: 'limit maxPushAgeMs: one beyond it does not', age: 10_001, withinMs: undefined, woken: 0 },
]) {
  test(name, async () => {
    const stage = new Stage();
    stage.now = age;
    stage.reached.add('u0');
    stage.online.add('u1');
    await stage.deliver(pushEntryOf(row));
    assert.deepEqual([stage.withinMs, stage.woken.length], [withinMs, woken]);
    assert.equal(stage.tooOld, withinMs === undefined ? 1 : 0);
  });
}

test('F31 a service that resets HTTP/2, its streams or its connection, wakes everybody in the end, once', async (t) => {
  const { stage, standIn } = await openApns(t);
  for (const fault of ['reset', 'cut', 'goaway'] satisfies ApnsFault[]) {
    standIn.faults.push(fault);
    standIn.pushes.length = 0;
    let [apart] = (await stage.deliver(pushEntryOf(row)))?.following ?? [];
    assert.ok(apart !== undefined, fault);
    while (apart !== undefined) {
      const { left }: Partial<PartlyDelivered> = (await stage.deliver(apart)) ?? {};
      apart = left === undefined ? undefined : { ...apart, payload: left.payload };
    }
    const tokens = standIn.pushes.map(({ token }) => token).sort();
    assert.deepEqual(tokens, stage.members.map((userID) => phoneOf(userID, 'apns').token).sort(), fault);
  }
});

async function openApns(t: TestContext) {
  const standIn = await new ApnsStandIn().listen();
  t.after(() => standIn[Symbol.asyncDispose]());
  const apns = new Apns({
    teamID: standIn.teamID,
    keyID: standIn.keyID,
    key: ecKeys.privateKey,
    topic: 'im.example',
    environment: 'production',
    urls: { production: standIn.url, sandbox: standIn.url },
    now: Date.now,
    tls: { ca: localhost.cert },
  });
  t.after(() => apns.close());
  const stage = new Stage();
  stage.providers = [apns];
  return { stage, standIn };
}
