/** Who is online as sockets see it: subscriptions (2005), background (2004), ghosts. websocket.md 3.4, 4, 8. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { describe, type TestContext, test } from 'node:test';
import { MemoryPresence } from '../../src/presence/memory-presence.ts';
import type { NeighbourListener, OnlineConnection } from '../../src/presence/presence.ts';
import { isPhoneReached } from '../../src/presence/reach.ts';
import {
  SetAppBackgroundStatusReq,
  SubUserOnlineStatus,
  SubUserOnlineStatusTips,
} from '../../src/protocol/gen/openim.ts';
import type { JsonReply, SocketClient } from '../support/socket-client.ts';
import { connect } from '../support/socket-client.ts';
import { startTestGateway, type TestGateway } from '../support/test-gateway.ts';
import { World } from './world.ts';

/** [userID, platforms online] for each user. */
type Statuses = readonly (readonly [userID: string, platformIDs: readonly number[]])[];

function subscription(subscribeUserID: readonly string[], unsubscribeUserID: readonly string[] = []): Uint8Array {
  return SubUserOnlineStatus.encode({
    subscribeUserID: [...subscribeUserID],
    unsubscribeUserID: [...unsubscribeUserID],
  }).finish();
}

function statusesOf(frame: JsonReply): Statuses {
  assert.deepEqual([frame.reqIdentifier, frame.errCode], [2005, 0], frame.errMsg);
  const { subscribers } = SubUserOnlineStatusTips.decode(Buffer.from(frame.data ?? '', 'base64'));
  return subscribers.map(({ userID, onlinePlatformIDs }) => [userID, onlinePlatformIDs] as const);
}

/** The reply to a request, which the client knows by its msgIncr. */
async function subscribe(client: SocketClient, ...lists: Parameters<typeof subscription>): Promise<Statuses> {
  const reply = await client.request(2005, subscription(...lists));
  assert.notEqual(reply.msgIncr, '');
  return statusesOf(reply);
}

async function nextStatus(client: SocketClient): Promise<Statuses> {
  const push = await client.nextReply();
  assert.deepEqual([push.msgIncr, push.operationID, push.errMsg], ['', '', '']);
  return statusesOf(push);
}

/** A gateway on which connections do not compete, with a client that watches. */
async function open(
  t: TestContext,
  options: Parameters<typeof startTestGateway>[1] = {},
): Promise<{ gateway: TestGateway; watcher: SocketClient }> {
  const gateway = await startTestGateway(t, options);
  gateway.authority.displaces = () => [];
  return { gateway, watcher: await gateway.connect('watcher') };
}

describe('2005: subscriptions', () => {
  test('the reply has each user asked for, in order, repeats too, with the platforms online now', async (t) => {
    const { gateway, watcher } = await open(t);
    await gateway.connect('alice', { query: { platformID: '11' } });
    await gateway.connect('alice', { query: { platformID: '2' } });
    await gateway.connect('alice', { query: { platformID: '2' } });
    assert.deepEqual(await subscribe(watcher, ['bob', 'alice', 'bob'], ['carol']), [
      ['bob', []],
      ['alice', [2, 11]],
      ['bob', []],
    ]);
  });

  test('nobody asked for is an empty message', async (t) => {
    const { watcher } = await open(t);
    const reply = await watcher.request(2005);
    assert.deepEqual([reply.errCode, reply.data], [0, '']);
  });

  test('defect of OpenIM: a single node tells, too: each change of platforms, with the whole list', async (t) => {
    const { gateway, watcher } = await open(t);
    await subscribe(watcher, ['alice']);
    const web = await gateway.connect('alice', { query: { platformID: '5' } });
    assert.deepEqual(await nextStatus(watcher), [['alice', [5]]]);
    const phone = await gateway.connect('alice', { query: { platformID: '11' } });
    assert.deepEqual(await nextStatus(watcher), [['alice', [5, 11]]]);
    await web.close();
    assert.deepEqual(await nextStatus(watcher), [['alice', [11]]]);
    phone.ws.terminate();
    assert.deepEqual(await nextStatus(watcher), [['alice', []]]);
  });

  test('a second connection of a platform, and the end of one of two, change nothing', async (t) => {
    const { gateway, watcher } = await open(t);
    const first = await gateway.connect('alice');
    await subscribe(watcher, ['alice']);
    await gateway.connect('alice');
    await first.close();
    await gateway.connect('alice', { query: { platformID: '1' } });
    assert.deepEqual(await nextStatus(watcher), [['alice', [1, 5]]]);
  });

  test('whoever is displaced by a login of the same platform was online all the time', async (t) => {
    const { gateway, watcher } = await open(t);
    gateway.authority.displaces = (platformID) => [platformID];
    const first = await gateway.connect('alice');
    await subscribe(watcher, ['alice']);
    await gateway.connect('alice');
    await first.closed;
    await gateway.connect('alice', { query: { platformID: '1' } });
    assert.deepEqual(await nextStatus(watcher), [['alice', [1, 5]]]);
  });

  test('a user in both lists ends up subscribed; one that is unsubscribed is heard of no more', async (t) => {
    const { gateway, watcher } = await open(t);
    await subscribe(watcher, ['alice', 'bob', 'carol']);
    await subscribe(watcher, ['bob'], ['alice', 'bob', 'never']);
    for (const userID of ['alice', 'bob', 'carol']) await gateway.connect(userID);
    assert.deepEqual(await nextStatus(watcher), [['bob', [5]]]);
    assert.deepEqual(await nextStatus(watcher), [['carol', [5]]]);
    assert.equal(await gateway.metric('gatewaySubscriptions'), 2);
  });

  test('subscriptions are of one connection, and end with it', async (t) => {
    const { gateway, watcher } = await open(t);
    const other = await gateway.connect('watcher');
    await subscribe(watcher, ['alice', 'bob']);
    await subscribe(other, ['bob']);
    await watcher.close();
    assert.equal(await gateway.metric('gatewaySubscriptions'), 1);
    await gateway.connect('alice');
    await gateway.connect('bob');
    assert.deepEqual(await nextStatus(other), [['bob', [5]]]);
  });

  test('one may watch oneself', async (t) => {
    const { gateway, watcher } = await open(t);
    assert.deepEqual(await subscribe(watcher, ['watcher']), [['watcher', [5]]]);
    await gateway.connect('watcher', { query: { platformID: '3' } });
    assert.deepEqual(await nextStatus(watcher), [['watcher', [3, 5]]]);
  });

  test('O2: what is refused with 1001 changes nothing', async (t) => {
    const { gateway, watcher } = await open(t, { limits: { maxSubscriptions: 3 } });
    const refused = async (...lists: Parameters<typeof subscription>) => {
      const reply = await watcher.request(2005, subscription(...lists));
      assert.deepEqual([reply.errCode, reply.errMsg, reply.data], [1001, 'ArgsError', null]);
    };
    await subscribe(watcher, ['a', 'b']);
    await refused(['c', 'd'], []);
    await refused(['a', 'a', 'a', 'a'], []);
    await refused(['x'.repeat(257)], []);
    assert.equal(await gateway.metric('gatewaySubscriptions'), 2);
    await subscribe(watcher, ['a', 'c', 'd'], ['b']);
    await gateway.connect('b');
    await gateway.connect('d');
    assert.deepEqual(await nextStatus(watcher), [['d', [5]]]);
  });

  test('who is online is not known: 500, and the subscription stands', async (t) => {
    const { gateway, watcher } = await open(t);
    const lookup = t.mock.method(gateway.presence, 'platformsOf', () => Promise.reject(new Error('away')));
    assert.equal((await watcher.request(2005, subscription(['alice']))).errCode, 500);
    lookup.mock.restore();
    await gateway.connect('alice');
    assert.deepEqual(await nextStatus(watcher), [['alice', [5]]]);
  });

  test('O1: what is not protobuf is 500, and a NUL is 1001', async (t) => {
    const { watcher } = await open(t);
    assert.equal((await watcher.request(2005, Buffer.from([0x0a, 0xff]))).errCode, 500);
    assert.equal((await watcher.request(2005, subscription(['a\0b']))).errCode, 1001);
  });

  test('a push is encoded once, however many watch', async (t) => {
    const { gateway } = await open(t);
    const watchers = await Promise.all(Array.from({ length: 20 }, (_, i) => gateway.connect(`watcher${i}`)));
    await Promise.all(watchers.map((client) => subscribe(client, ['alice'])));
    const encode = t.mock.method(SubUserOnlineStatusTips, 'encode');
    await gateway.connect('alice');
    for (const client of watchers) assert.deepEqual(await nextStatus(client), [['alice', [5]]]);
    assert.equal(encode.mock.callCount(), 1);
    assert.equal(await gateway.metric('statusPushes'), 20);
  });

  test('O2: a watcher that does not read is cut off, and the others are told', async (t) => {
    const { gateway, watcher } = await open(t, { limits: { maxQueuedFrames: 20 } });
    const userIDs = Array.from({ length: 150 }, (_, i) => `user${String(i).padStart(200, '0')}`);
    const deaf = await gateway.connect('deaf');
    await subscribe(deaf, userIDs);
    await subscribe(watcher, userIDs);
    deaf.ws.pause();
    const opened: OnlineConnection[] = [];
    // Straight to the presence: thousands of changes without as many sockets.
    for (let round = 1; (await gateway.metric('gatewayDisconnects', { reason: 'slow_reader' })) === 0; round++) {
      for (const connection of opened.splice(0)) gateway.presence.closed(connection);
      for (const userID of userIDs) {
        const connection = { userID, platformID: 1 + (round % 11), connID: '', jti: '', isBackground: false };
        gateway.presence.opened(connection);
        opened.push(connection);
      }
      for (let told = 0; told < 150; told++) await nextStatus(watcher);
    }
    assert.equal(await gateway.metric('gatewaySubscriptions'), 150);
  });
});

describe('2004: background', () => {
  const background = (isBackground: boolean, userID = '') =>
    SetAppBackgroundStatusReq.encode({ userID, isBackground }).finish();

  async function assertTakesPushes(gateway: TestGateway, client: SocketClient, expected: boolean): Promise<void> {
    gateway.deliver({ userIDs: [client.userID], operationID: 'of another' });
    await client.roundTrip();
    assert.equal(client.pending.length, expected ? 1 : 0);
    if (expected) await client.next();
  }

  test('the reply has no data; an empty userID, and a request of no bytes at all, are fine', async (t) => {
    const gateway = await startTestGateway(t);
    const client = await gateway.connect('alice', { query: { platformID: '1' } });
    const on = await client.request(2004, background(true));
    assert.deepEqual([on.reqIdentifier, on.errCode, on.errMsg, on.data], [2004, 0, '', null]);
    assert.equal(background(false).length, 0);
    const off = await client.request(2004, background(false));
    assert.deepEqual([off.errCode, off.data], [0, null]);
    assert.equal((await client.request(2004, undefined, { data: undefined })).errCode, 0);
  });

  test('an iOS app in the background gets no pushes until it is back, and then an offline push is due', async (t) => {
    const gateway = await startTestGateway(t);
    const phone = await gateway.connect('alice', { query: { platformID: '1' } });
    const web = await gateway.connect('alice', { query: { platformID: '5' } });
    const isReached = async () => isPhoneReached((await gateway.presence.connectionsOf(['alice']))[0] ?? []);
    assert.equal(await isReached(), true);
    await phone.request(2004, background(true, 'someone else, which is not looked at'));
    await assertTakesPushes(gateway, phone, false);
    await web.next();
    assert.equal(await isReached(), false);
    await phone.request(2004, background(false));
    await assertTakesPushes(gateway, phone, true);
    assert.equal(await isReached(), true);
  });

  for (const platformID of [2, 3, 4, 5, 6, 7, 8, 9, 10, 11]) {
    test(`platform ${platformID} in the background gets them all the same`, async (t) => {
      const gateway = await startTestGateway(t);
      const client = await gateway.connect('alice', { query: { platformID: String(platformID) } });
      await client.request(2004, background(true));
      await assertTakesPushes(gateway, client, true);
    });
  }

  test('replies and the kick reach it in the background as well', async (t) => {
    const gateway = await startTestGateway(t, { handlers: { 1001: async (_call, data) => data } });
    const phone = await gateway.connect('alice', { query: { platformID: '1', isBackground: 'true' } });
    assert.equal((await phone.request(1001)).errCode, 0);
    gateway.authority.end('alice', [phone.jti]);
    assert.equal((await phone.nextReply()).reqIdentifier, 2002);
  });

  test('defect of OpenIM: what the handshake says of the background counts', async (t) => {
    const gateway = await startTestGateway(t);
    const phone = await gateway.connect('alice', { query: { platformID: '1', isBackground: 'true' } });
    await assertTakesPushes(gateway, phone, false);
    const packed = { token: gateway.authority.issue('bob', 1), userID: 'bob', platformID: 1, operationID: 'op' };
    const v = Buffer.from(JSON.stringify({ ...packed, sdkType: 'js', background: true })).toString('base64url');
    const other = await gateway.dial({ query: { v, sendID: 'bob' } });
    assert.ok('ws' in other);
    await assertTakesPushes(gateway, other, false);
  });

  test('it is the state of one connection', async (t) => {
    const gateway = await startTestGateway(t);
    gateway.authority.displaces = () => [];
    const [first, second] = [
      await gateway.connect('alice', { query: { platformID: '1' } }),
      await gateway.connect('alice', { query: { platformID: '1' } }),
    ];
    await first.request(2004, background(true));
    gateway.deliver({ userIDs: ['alice'] });
    await second.next();
    await first.roundTrip();
    assert.equal(first.pending.length, 0);
  });

  for (const missing of ['operationID', 'msgIncr']) {
    test(`without ${missing} it is answered with 500`, async (t) => {
      const gateway = await startTestGateway(t);
      const client = await gateway.connect('alice');
      assert.equal((await client.request(2004, undefined, { [missing]: '' })).errCode, 500);
    });
  }

  test('O1: what is not protobuf is 500', async (t) => {
    const gateway = await startTestGateway(t);
    const client = await gateway.connect('alice');
    assert.equal((await client.request(2004, Buffer.from([0x10]))).errCode, 500);
  });
});

describe('no ghosts', () => {
  const endings: Readonly<Record<string, (gateway: TestGateway, client: SocketClient & { jti: string }) => void>> = {
    'closes with a frame': (_gateway, client) => client.ws.close(),
    'is cut off from the network': (_gateway, client) => client.ws.terminate(),
    'sends what cannot be decoded': (_gateway, client) => client.ws.send(Buffer.from('?')),
    'sends an oversize message': (_gateway, client) => client.ws.send(Buffer.alloc(60_000)),
    'logs out': (_gateway, client) => client.send(2003),
    'is kicked': (gateway, client) => gateway.authority.end('alice', [client.jti]),
    'loses its token to time': (gateway) => {
      gateway.now += 100 * 86_400_000;
      gateway.passSeconds(1);
    },
    'falls silent': (gateway) => gateway.passSeconds(31),
  };
  for (const [what, end] of Object.entries(endings)) {
    test(`who ${what} is offline at once`, async (t) => {
      const gateway = await startTestGateway(t);
      const gone = new Promise<void>((resolve) => {
        gateway.presence.onChange(({ platformIDs }) => {
          if (platformIDs.length === 0) resolve();
        });
      });
      const client = await gateway.connect('alice', { ws: { autoPong: false } });
      end(gateway, client);
      await gone;
      assert.deepEqual(await gateway.presence.connectionsOf(['alice']), [[]]);
    });
  }

  test('defect of OpenIM: connections that die at once leave nothing online', async (t) => {
    const { gateway } = await open(t);
    const sockets = Array.from({ length: 200 }, async (_, i) => {
      const client = await gateway.connect(`user${i % 20}`, { query: { platformID: String(1 + (i % 11)) } });
      client.ws.terminate();
      await client.closed;
    });
    await Promise.all(sockets);
    while ((await gateway.metric('gatewayConnections')) > 1) await new Promise(setImmediate);
    const userIDs = Array.from({ length: 20 }, (_, i) => `user${i}`);
    assert.deepEqual((await gateway.presence.connectionsOf(userIDs)).flat(), []);
  });

  test('a stop of the server leaves nobody online', async (t) => {
    const { gateway } = await open(t);
    await gateway.gateway.drain();
    assert.deepEqual(await gateway.presence.connectionsOf(['watcher']), [[]]);
  });
});

test('T6: what the list of connections gives in place of a token is enough to end it', async () => {
  await using world = await World.open();
  const token = await world.issue('bob', 11);
  const bob = await connect({ port: world.wsPort, query: { sendID: 'bob', token, platformID: '11' } });
  const [listed] = await world.call('/user/get_users_online_status', { userIDs: ['bob'] });
  const jti = listed.detailPlatformStatus[0].token;
  assert.ok(!token.includes(jti));
  assert.deepEqual(await world.call('/auth/revoke_token', { userID: 'bob', jti }), { revoked: 1 });
  assert.equal((await bob.nextReply()).reqIdentifier, 2002);
  assert.equal(await world.verdict(token), 1506);
});

test('the whole server: a login is seen over the socket and over REST, and so is a forced logout', async () => {
  await using world = await World.open();
  const device = async (userID: string, platformID: number) =>
    connect({
      port: world.wsPort,
      query: { sendID: userID, token: await world.issue(userID, platformID), platformID: String(platformID) },
    });
  const statusOf = async (userID: string) =>
    (await world.call('/user/get_users_status', { userIDs: [userID] })).statusList[0].platformIDs;
  const alice = await device('alice', 5);
  assert.deepEqual(await subscribe(alice, ['bob']), [['bob', []]]);
  const bob = await device('bob', 11);
  assert.deepEqual(await nextStatus(alice), [['bob', [11]]]);
  assert.deepEqual(await statusOf('bob'), [11]);
  await world.call('/auth/force_logout', { userID: 'bob', platformID: 11 });
  await bob.closed;
  assert.deepEqual(await nextStatus(alice), [['bob', []]]);
  assert.equal(await statusOf('bob'), null);
});

test('a client that may have left one node for another is cut off unless it shows that it is there', async (t) => {
  const neighbours = t.mock.method(MemoryPresence.prototype, 'onNeighbours', (_listener: NeighbourListener) => {});
  const gateway = await startTestGateway(t);
  gateway.authority.displaces = () => [];
  const [here, gone] = [await gateway.connect('alice'), await gateway.connect('alice')];
  const [listener] = neighbours.mock.calls[0]?.arguments ?? [];
  const connections = (await gateway.presence.connectionsOf(['alice']))[0] ?? [];
  const timers: (() => void)[] = [];
  const setTimeout = t.mock.method(globalThis, 'setTimeout', ((callback: () => void) => {
    timers.push(callback);
    return { unref: () => {} };
  }) as unknown as typeof globalThis.setTimeout);
  gone.ws.pause();
  const pinged = once(here.ws, 'ping');
  for (const { connID } of connections) listener?.onDoubted('alice', connID);
  setTimeout.mock.restore();
  assert.equal(timers.length, 2);
  await pinged;
  await here.roundTrip();
  for (const over of timers) over();
  gone.ws.resume();
  await gone.closed;
  assert.equal(gone.pending.length, 0, 'no 2002');
  await here.roundTrip();
  assert.equal(await gateway.metric('gatewayDisconnects', { reason: 'silent' }), 1);
});
