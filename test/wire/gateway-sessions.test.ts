/** How connections end that their clients did not end: by their token, by another login, by silence, by a stop. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { describe, type TestContext, test } from 'node:test';
import { gunzipSync } from 'node:zlib';
import type { RequestHandler } from '../../src/gateway/requests/request-handler.ts';
import { platformIDs } from '../../src/protocol/numbers/platforms.ts';
import { type JsonReply, SocketClient } from '../support/socket-client.ts';
import { startTestGateway, type TestGateway } from '../support/test-gateway.ts';
import { within } from '../support/within.ts';

const echo: RequestHandler = async (_call, data) => data;
const kick: JsonReply = { reqIdentifier: 2002, msgIncr: '', operationID: '', errCode: 0, errMsg: '', data: null };

async function assertKicked(client: SocketClient): Promise<void> {
  assert.deepEqual(await client.nextReply(), kick);
  assert.equal((await client.closed).code, 1008);
  assert.equal(client.pending.length, 0);
}

async function assertOpen(...clients: readonly SocketClient[]): Promise<void> {
  for (const client of clients) {
    await client.roundTrip();
    assert.equal(client.pending.length, 0);
  }
}

describe('the end of a token', () => {
  test('T4: sockets are looked at again when other nodes are heard again: what ended meanwhile is kicked', async (t) => {
    const gateway = await startTestGateway(t);
    gateway.authority.displaces = () => [];
    const [ended, shortened, spared] = [
      await gateway.connect('alice'),
      await gateway.connect('alice'),
      await gateway.connect('bob'),
    ];
    const soon = gateway.now + 5000;
    gateway.authority.standing = async (jti) =>
      jti === ended.jti ? undefined : jti === shortened.jti ? soon : Number.POSITIVE_INFINITY;

    gateway.events.emit('hearing', { isHearing: true });

    await assertKicked(ended);
    await assertOpen(shortened, spared);
    gateway.passSeconds(5);
    assert.equal((await shortened.closed).code, 1008);
    await assertOpen(spared);
  });

  for (const [what, end] of [
    ['its own end', (gateway) => (gateway.now += 20_000)],
    ['the end of its grace', (gateway, jti) => gateway.authority.supersede('alice', [jti], gateway.now)],
    ['its revocation', (gateway, jti) => gateway.authority.end('alice', [jti])],
  ] as readonly [string, (gateway: TestGateway, jti: string) => void][]) {
    test(`T7: a request after ${what} is not served, even before the gateway has looked at its sockets`, async (t) => {
      const servedAgain = Promise.withResolvers<never>();
      let served = 0;
      const handler: RequestHandler = async () => {
        if (++served > 1) servedAgain.reject(new Error(`a request after ${what} was served`));
        return null;
      };
      const gateway = await startTestGateway(t, { handlers: { 1001: handler } });
      const token = gateway.authority.issue('alice', 5, gateway.now + 20_000);
      const client = await gateway.connect('alice', { query: { token } });
      assert.equal((await client.request(1001)).errCode, 0);
      end(gateway, token);
      client.send(1001);
      const { code } = await Promise.race([client.closed, servedAgain.promise]);
      assert.deepEqual([code, served], [1008, 1]);
    });
  }

  test('T4: while other nodes are not heard, sockets are looked at, also those that ask for nothing', async (t) => {
    const gateway = await startTestGateway(t);
    const [ended, spared] = [await gateway.connect('alice'), await gateway.connect('bob')];
    gateway.authority.standing = async (jti) => (jti === ended.jti ? undefined : Number.POSITIVE_INFINITY);
    gateway.events.emit('hearing', { isHearing: false });
    await assertKicked(ended);
    await assertOpen(spared);
  });

  for (const [what, begin] of [
    ['other nodes are not heard', (gateway) => gateway.events.emit('hearing', { isHearing: false })],
    [
      'the process has stood still and has not been told',
      (gateway) => {
        gateway.monotonicMs += 5000;
        gateway.authority.hearsAll = () => false;
      },
    ],
  ] as readonly [string, (gateway: TestGateway) => void][]) {
    test(`T4: while ${what}, the store is asked before a request is served, not more than once a second`, async (t) => {
      let served = 0;
      const handler: RequestHandler = async () => {
        served++;
        return null;
      };
      const gateway = await startTestGateway(t, { handlers: { 1001: handler } });
      const client = await gateway.connect('alice');
      begin(gateway);
      gateway.monotonicMs += 100;
      let asked = 0;
      gateway.authority.standing = async () => {
        asked++;
        return Number.POSITIVE_INFINITY;
      };
      for (let i = 0; i < 3; i++) assert.equal((await client.request(1001)).errCode, 0);
      assert.equal(asked, 1);
      gateway.authority.standing = async () => undefined;
      gateway.monotonicMs += 1001;
      client.send(1001);
      await assertKicked(client);
      assert.equal(served, 3);
    });
  }

  test('T4: a process that stands still before a socket is open asks the store before it serves what it finds there', async (t) => {
    let served = 0;
    const handler: RequestHandler = async () => {
      served++;
      return null;
    };
    const gateway = await startTestGateway(t, { handlers: { 1001: handler } });
    const answer = Promise.withResolvers<void>();
    gateway.authority.gate = answer.promise;
    const checking = callOf(t, gateway.authority, 'verify');
    const dialled = gateway.connect('alice');
    await checking;
    gateway.monotonicMs += 5000;
    gateway.authority.hearsAll = () => false;
    gateway.authority.standing = async () => undefined;
    answer.resolve();
    const client = await dialled;
    client.send(1001);
    await assertKicked(client);
    assert.equal(served, 0);
  });

  test('T4: when they are heard again, no request is served before its token has been looked at', async (t) => {
    const gateway = await startTestGateway(t, { handlers: { 1001: echo } });
    const client = await gateway.connect('alice');
    const answer = Promise.withResolvers<undefined>();
    const askedForRequest = Promise.withResolvers<void>();
    let asked = 0;
    gateway.authority.standing = () => {
      if (++asked === 2) askedForRequest.resolve();
      return answer.promise;
    };
    gateway.events.emit('hearing', { isHearing: true });
    client.send(1001);
    await within('the question', askedForRequest.promise);
    answer.resolve(undefined);
    await assertKicked(client);
  });

  test('T5: a store that cannot be asked then is 500 for the request, unless signatures are enough', async (t) => {
    const gateway = await startTestGateway(t, { handlers: { 1001: echo } });
    const client = await gateway.connect('alice');
    gateway.authority.standing = () => Promise.reject(new Error('the store is away'));
    gateway.events.emit('hearing', { isHearing: false });
    gateway.monotonicMs += 100;
    assert.equal((await client.request(1001)).errCode, 500);
    gateway.events.emit('storeDown', { accepting: true, error: new Error('away') });
    assert.equal((await client.request(1001)).errCode, 0);
    gateway.events.emit('storeDown', { accepting: false, error: new Error('away') });
    assert.equal((await client.request(1001)).errCode, 500);
  });

  test('T5: a store that fails again leaves sockets alone; they are looked at when it is back', async (t) => {
    const gateway = await startTestGateway(t);
    const client = await gateway.connect('alice');
    const asked = Promise.withResolvers<void>();
    gateway.authority.standing = async () => {
      asked.resolve();
      throw new Error('the store is away');
    };
    gateway.events.emit('hearing', { isHearing: true });
    await asked.promise;
    await assertOpen(client);
    gateway.authority.standing = async () => undefined;
    gateway.events.emit('storeUp', { acceptedMeanwhile: 0 });
    await assertKicked(client);
  });

  test('T4: a retired key ends the sockets of the tokens that it has signed, without a kick', async (t) => {
    const gateway = await startTestGateway(t);
    const client = await gateway.connect('alice');
    gateway.events.emit('keysReplaced', { kids: new Set(['another', 'k']) });
    await assertOpen(client);
    gateway.events.emit('keysReplaced', { kids: new Set(['another']) });
    assert.equal((await client.closed).code, 1008);
    assert.equal(client.pending.length, 0);
    assert.equal(await gateway.metric('gatewayDisconnects', { reason: 'key_retired' }), 1);
  });

  test('T4: its sockets get 2002 and are closed at once, others stay', async (t) => {
    const gateway = await startTestGateway(t);
    gateway.authority.displaces = () => [];
    const [kicked, spared] = [await gateway.connect('alice'), await gateway.connect('alice')];
    const again = await gateway.connect('alice', { query: { token: kicked.jti } });
    const bob = await gateway.connect('bob');
    gateway.authority.end('alice', [kicked.jti]);
    await Promise.all([assertKicked(kicked), assertKicked(again)]);
    await assertOpen(spared, bob);
    assert.equal(await gateway.metric('gatewayDisconnects', { reason: 'kicked' }), 2);
  });

  test('T4: what a kicked client has asked before is not answered any more', async (t) => {
    const gate = Promise.withResolvers<void>();
    const started = Promise.withResolvers<void>();
    const handler: RequestHandler = async () => {
      started.resolve();
      await gate.promise;
      return null;
    };
    const gateway = await startTestGateway(t, { handlers: { 1001: handler } });
    const client = await gateway.connect('alice');
    client.send(1001);
    client.send(1001);
    await started.promise;
    gateway.authority.end('alice', [client.jti]);
    gate.resolve();
    await assertKicked(client);
    assert.equal(await gateway.metric('gatewayRequests'), 1);
  });

  test('T4: gzip clients can read the kick', async (t) => {
    const gateway = await startTestGateway(t);
    const client = await gateway.connect('alice', { query: { compression: 'gzip' } });
    gateway.authority.end('alice', [client.jti]);
    assert.deepEqual(JSON.parse(gunzipSync((await client.next()).data).toString()), kick);
  });

  // The store has said yes; the token ends some microtasks before or after that answer arrives.
  for (let distance = -6; distance <= 12; distance++) {
    test(`T4: a token that ends ${distance} microtasks after its check leaves no open socket`, async (t) => {
      const gateway = await startTestGateway(t);
      const token = gateway.authority.issue('alice');
      const gate = Promise.withResolvers<void>();
      gateway.authority.gate = gate.promise;
      const checking = callOf(t, gateway.authority, 'verify');
      const dialled = gateway.dial({ query: { token } });
      await checking;
      const end = microtasks(Math.max(0, distance)).then(() => gateway.authority.end('alice', [token]));
      const answer = microtasks(Math.max(0, -distance)).then(() => gate.resolve());
      await Promise.all([end, answer]);
      const outcome = await dialled;
      if (outcome instanceof SocketClient) await assertKicked(outcome);
      else assert.equal(JSON.parse(outcome.body).errCode, 1506);
    });
  }

  test('T7: a socket ends with its token, without 2002, so that the client comes back and hears 1501', async (t) => {
    const gateway = await startTestGateway(t);
    const token = gateway.authority.issue('alice', 5, gateway.now + 20_000);
    const [client, other] = [await gateway.connect('alice', { query: { token } }), await gateway.connect('bob')];
    gateway.passSeconds(19);
    await assertOpen(client);
    gateway.passSeconds(1);
    assert.equal((await client.closed).code, 1008);
    assert.equal(client.pending.length, 0);
    assert.equal(await gateway.metric('gatewayDisconnects', { reason: 'token_expired' }), 1);
    await assertOpen(other);
  });

  test('T7: a superseded admin token ends its socket at the end of its grace', async (t) => {
    const gateway = await startTestGateway(t);
    const admin = await gateway.connect('alice', { query: { platformID: '10' } });
    gateway.authority.supersede('alice', [admin.jti], gateway.now + 10_000);
    gateway.passSeconds(9);
    await assertOpen(admin);
    gateway.passSeconds(1);
    await admin.closed;
  });

  test('T7: a token that is superseded during its check keeps its grace', async (t) => {
    const gateway = await startTestGateway(t);
    const token = gateway.authority.issue('alice');
    const gate = Promise.withResolvers<void>();
    gateway.authority.gate = gate.promise;
    const checking = callOf(t, gateway.authority, 'verify');
    const dialled = gateway.dial({ query: { token } });
    await checking;
    gateway.authority.supersede('alice', [token], gateway.now + 5000);
    gate.resolve();
    const client = await dialled;
    assert.ok(client instanceof SocketClient);
    gateway.passSeconds(4);
    await assertOpen(client);
    gateway.passSeconds(1);
    await client.closed;
  });
});

describe('the login policy at connect', () => {
  test('a new connection kicks the others on the platforms it displaces, and ends their tokens', async (t) => {
    const gateway = await startTestGateway(t);
    gateway.authority.displaces = (platformID) => (platformID === 1 ? [1, 2] : []);
    const android = await gateway.connect('alice', { query: { platformID: '2' } });
    const web = await gateway.connect('alice', { query: { platformID: '5' } });
    const bob = await gateway.connect('bob', { query: { platformID: '1' } });
    const phone = await gateway.connect('alice', { query: { platformID: '1' } });
    await assertKicked(android);
    assert.deepEqual(gateway.authority.displaced, [android.jti]);
    await assertOpen(web, bob, phone);
  });

  test('a second connection with the same token is a reconnect: nobody is kicked', async (t) => {
    const gateway = await startTestGateway(t);
    const first = await gateway.connect('alice');
    const second = await gateway.connect('alice', { query: { token: first.jti } });
    await assertOpen(first, second);
    assert.deepEqual(gateway.authority.displaced, []);
  });

  test('of many connections at once the last one stays', async (t) => {
    const gateway = await startTestGateway(t);
    const clients = await Promise.all(Array.from({ length: 20 }, () => gateway.connect('alice')));
    const endings = clients.map((client) => client.closed.then(() => client));
    const ended = new Set<SocketClient>();
    await firstSettled(endings, 19, (client) => ended.add(client));
    const [survivor, ...others] = clients.filter((client) => !ended.has(client));
    assert.equal(others.length, 0);
    await assertOpen(survivor!);
  });

  test('tokens that cannot be ended are reported, the connections are ended all the same', async (t) => {
    const gateway = await startTestGateway(t);
    gateway.authority.displacementFailure = new Error('store is away');
    const first = await gateway.connect('alice');
    await gateway.connect('alice');
    await assertKicked(first);
    assert.ok(gateway.log.some((line) => line.includes('store is away')));
  });
});

describe('silence', () => {
  test('a client that sends nothing is cut off after 30 seconds', async (t) => {
    const gateway = await startTestGateway(t);
    const client = await gateway.connect('alice', { ws: { autoPong: false } });
    gateway.passSeconds(30);
    await gateway.connect('bob').then((bob) => bob.roundTrip());
    assert.equal(client.ws.readyState, client.ws.OPEN);
    gateway.passSeconds(1);
    assert.equal((await client.closed).code, 1006);
    assert.equal(await gateway.metric('gatewayDisconnects', { reason: 'silent' }), 1);
  });

  for (const [what, speak] of Object.entries({
    'a protocol ping': (client: SocketClient) => client.roundTrip(),
    'a protocol pong': (client: SocketClient) => {
      client.ws.pong();
      return client.roundTrip();
    },
    'a text ping': (client: SocketClient) => {
      client.ws.send('{"type":"ping"}');
      return client.nextText();
    },
    'a request': (client: SocketClient) => client.request(1001),
  })) {
    test(`${what} counts as a sign of life`, async (t) => {
      const gateway = await startTestGateway(t, { handlers: { 1001: echo } });
      const client = await gateway.connect('alice', { ws: { autoPong: false } });
      for (let round = 0; round < 4; round++) {
        gateway.passSeconds(29);
        await speak(client);
      }
      gateway.passSeconds(31);
      await client.closed;
    });
  }

  for (const platformID of platformIDs) {
    test(`defect of OpenIM: the server pings platform ${platformID} within 27 seconds, with nothing in the ping`, async (t) => {
      const gateway = await startTestGateway(t);
      const client = await gateway.connect('alice', { query: { platformID: String(platformID) } });
      for (let round = 0; round < 3; round++) {
        const pinged = once(client.ws, 'ping');
        gateway.passSeconds(27);
        const [payload] = await pinged;
        assert.equal(payload.length, 0);
        await client.roundTrip();
      }
    });
  }

  test("the client's ping comes back as a pong with its payload", async (t) => {
    const gateway = await startTestGateway(t);
    const client = await gateway.connect('alice');
    const pong = once(client.ws, 'pong');
    client.ws.ping('an operationID');
    assert.equal(String((await pong)[0]), 'an operationID');
  });

  test("the client's close frame is answered with its code, also 3001 of the wasm SDK", async (t) => {
    const gateway = await startTestGateway(t);
    const client = await gateway.connect('alice');
    client.ws.close(3001, 'Actively close the conn have old conn');
    assert.equal((await client.closed).code, 3001);
    assert.equal(await gateway.metric('gatewayDisconnects'), 0);
  });
});

describe('a stop of the server', () => {
  test('O3: what was asked is answered, then clients are closed with 1001, and newcomers are refused', async (t) => {
    const gate = Promise.withResolvers<void>();
    const started = Promise.withResolvers<void>();
    const handler: RequestHandler = async () => {
      started.resolve();
      await gate.promise;
      return null;
    };
    const gateway = await startTestGateway(t, { handlers: { 1001: handler } });
    const [busy, idle] = [await gateway.connect('alice'), await gateway.connect('bob')];
    const slow = Promise.withResolvers<void>();
    gateway.authority.gate = slow.promise;
    const checking = callOf(t, gateway.authority, 'verify');
    const late = gateway.dial({ query: { token: gateway.authority.issue('alice') } });
    await checking;
    busy.send(1001, undefined, { msgIncr: 'first' });
    busy.send(1001, undefined, { msgIncr: 'second' });
    await started.promise;
    await busy.roundTrip();

    const drained = gateway.gateway.drain();
    assert.equal((await idle.closed).code, 1001);
    slow.resolve();
    const refusal = await late;
    assert.ok(!(refusal instanceof SocketClient) && JSON.parse(refusal.body).errCode === 500);
    gate.resolve();
    assert.deepEqual([(await busy.nextReply()).msgIncr, (await busy.nextReply()).msgIncr], ['first', 'second']);
    assert.equal((await busy.closed).code, 1001);
    await drained;
    await assert.rejects(gateway.connect('carol'), /ECONNREFUSED/);
  });

  for (const [count, how] of [
    [1, 'a request that has just been sent'],
    [100, 'more requests than may wait for their turn'],
  ] as const) {
    test(`O3: ${how} and not been read when the stop begins is answered`, async (t) => {
      const gateway = await startTestGateway(t, { handlers: { 1001: async () => null } });
      const client = await gateway.connect('alice');
      for (let i = 0; i < count; i++) client.send(1001);
      const drained = gateway.gateway.drain();
      for (let i = 0; i < count; i++) assert.equal((await client.nextReply()).errCode, 0);
      assert.equal((await client.closed).code, 1001);
      await drained;
    });
  }

  test('O3: a client that answers no ping is closed all the same', async (t) => {
    const gateway = await startTestGateway(t, {
      handlers: { 1001: async () => null },
      limits: { drainReadingMs: 20, drainTimeoutMs: 60_000 },
    });
    const client = await gateway.connect('alice', { ws: { autoPong: false } });
    await Promise.all([gateway.gateway.drain(), client.closed]);
    assert.equal((await client.closed).code, 1001);
  });

  test('O3: a request that does not end, and a client that does not answer, hold it up only so long', async (t) => {
    const gateway = await startTestGateway(t, {
      handlers: { 1001: () => new Promise(() => {}) },
      limits: { drainTimeoutMs: 50 },
    });
    const [busy, deaf] = [await gateway.connect('alice'), await gateway.connect('bob')];
    busy.send(1001);
    await busy.roundTrip();
    deaf.ws.pause();
    await gateway.gateway.drain();
    assert.equal((await busy.closed).code, 1006);
    assert.equal(await gateway.metric('gatewayConnections'), 0);
  });
});

/** Resolves when the method is called. */
function callOf<Name extends string>(t: TestContext, object: Record<Name, unknown>, name: Name): Promise<void> {
  const method = (object[name] as (...args: unknown[]) => unknown).bind(object);
  return new Promise((resolve) => {
    t.mock.method(
      object,
      name as never,
      ((...args: unknown[]) => {
        resolve();
        return method(...args);
      }) as never,
    );
  });
}

async function microtasks(count: number): Promise<void> {
  for (let i = 0; i < count; i++) await undefined;
}

async function firstSettled<T>(
  promises: readonly Promise<T>[],
  count: number,
  each: (value: T) => void,
): Promise<void> {
  await new Promise<void>((resolve) => {
    let settled = 0;
    for (const promise of promises) {
      promise.then((value) => {
        settled++;
        if (settled > count) return;
        each(value);
        if (settled === count) resolve();
      });
    }
  });
}
