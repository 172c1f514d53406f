/** One token, one user or one address cannot take what is there for all; and many at once keep nobody waiting. */
import assert from 'node:assert/strict';
import { describe, type TestContext, test } from 'node:test';
import { SubUserOnlineStatus } from '../../src/protocol/gen/openim.ts';
import { SocketClient } from '../support/socket-client.ts';
import { startTestGateway, type TestGateway } from '../support/test-gateway.ts';

async function assertOpen(...clients: readonly SocketClient[]): Promise<void> {
  for (const client of clients) {
    await client.roundTrip();
    assert.equal(client.pending.length, 0);
  }
}

async function openWithOneToken(gateway: TestGateway, count: number): Promise<SocketClient[]> {
  const token = gateway.authority.issue('alice');
  const clients = [];
  for (let i = 0; i < count; i++) clients.push(await gateway.connect('alice', { query: { token } }));
  return clients;
}

describe('sockets', () => {
  test('limit maxSocketsPerToken: as many stay open side by side', async (t) => {
    const gateway = await startTestGateway(t, { limits: { maxSocketsPerToken: 3 } });
    await assertOpen(...(await openWithOneToken(gateway, 3)));
  });

  test('limit maxSocketsPerToken: one more ends the oldest, without 2002, and the token stays good', async (t) => {
    const gateway = await startTestGateway(t, { limits: { maxSocketsPerToken: 3 } });
    const [oldest, ...others] = await openWithOneToken(gateway, 4);
    assert.equal((await oldest!.closed).code, 1008);
    assert.equal(oldest!.pending.length, 0);
    await assertOpen(...others);
    assert.deepEqual(gateway.authority.displaced, []);
    assert.equal(await gateway.metric('gatewayDisconnects', { reason: 'crowded_out' }), 1);
  });

  async function openWithManyTokens(t: TestContext, count: number): Promise<SocketClient[]> {
    const gateway = await startTestGateway(t, { limits: { maxSocketsPerUser: 3, maxSocketsPerToken: 2 } });
    gateway.authority.displaces = () => [];
    const clients = [];
    for (let i = 0; i < count; i++) clients.push(await gateway.connect('alice'));
    await assertOpen(await gateway.connect('bob'));
    return clients;
  }

  test('limit maxSocketsPerUser: as many stay open side by side', async (t) => {
    await assertOpen(...(await openWithManyTokens(t, 3)));
  });

  test('limit maxSocketsPerUser: one more ends the oldest, without 2002', async (t) => {
    const [oldest, ...others] = await openWithManyTokens(t, 4);
    assert.equal((await oldest!.closed).code, 1008);
    assert.equal(oldest!.pending.length, 0);
    await assertOpen(...others);
  });
});

describe('handshakes', () => {
  /** Two handshakes wait for their token check, the second from the same address. */
  async function two(t: TestContext, maxHandshakesPerAddress: number, isKnown = true) {
    const gateway = await startTestGateway(t, {
      limits: { maxHandshakesPerAddress },
      addressOf: ({ socket }) => (isKnown ? socket.remoteAddress : undefined),
    });
    const gate = Promise.withResolvers<void>();
    gateway.authority.gate = gate.promise;
    const calls = t.mock.method(gateway.authority, 'verify').mock;
    const dialled = ['alice', 'bob'].map((sendID) =>
      gateway.dial({ query: { sendID, token: gateway.authority.issue(sendID) } }),
    );
    const isRefused = await Promise.race([
      Promise.any(dialled).then(() => true),
      (async () => {
        while (calls.callCount() < 2) await new Promise(setImmediate);
        return false;
      })(),
    ]);
    gate.resolve();
    return { gateway, outcomes: await Promise.all(dialled), isRefused };
  }

  test('limit maxHandshakesPerAddress: as many are checked side by side', async (t) => {
    const { outcomes } = await two(t, 2);
    assert.ok(outcomes.every((outcome) => outcome instanceof SocketClient));
  });

  test('limit maxHandshakesPerAddress: one more is 1601, until one of them has been checked', async (t) => {
    const { gateway, outcomes, isRefused } = await two(t, 1);
    const [refusal] = outcomes.filter((outcome) => !(outcome instanceof SocketClient));
    assert.ok(isRefused && refusal !== undefined && 'body' in refusal);
    assert.equal(JSON.parse(refusal.body).errCode, 1601);
    await assertOpen(await gateway.connect('carol'), await gateway.connect('dave'));
  });

  test('there is no such limit for an address that is not known, nor by default', async (t) => {
    for (const { isRefused } of [await two(t, 1, false), await two(t, 0)]) assert.equal(isRefused, false);
  });
});

describe('subscriptions', () => {
  async function subscribe(client: SocketClient, subscribeUserID: string[], unsubscribeUserID: string[] = []) {
    return (await client.request(2005, SubUserOnlineStatus.encode({ subscribeUserID, unsubscribeUserID }).finish()))
      .errCode;
  }

  const names = (count: number, prefix = 'u') => Array.from({ length: count }, (_, i) => `${prefix}${i}`);

  test('limit maxSubscriptions: as many are held, and as many named', async (t) => {
    const gateway = await startTestGateway(t, { limits: { maxSubscriptions: 3 } });
    const client = await gateway.connect('alice');
    assert.equal(await subscribe(client, names(3), names(3, 'other')), 0);
    assert.equal(await subscribe(client, ['new'], ['u0']), 0);
    assert.equal(await gateway.metric('gatewaySubscriptions'), 3);
  });

  test('limit maxSubscriptions: one more, or a longer list, is 1001 and changes nothing', async (t) => {
    const gateway = await startTestGateway(t, { limits: { maxSubscriptions: 3 } });
    const client = await gateway.connect('alice');
    await subscribe(client, names(3));
    assert.equal(await subscribe(client, ['new']), 1001);
    assert.equal(await subscribe(client, [], names(4)), 1001);
    assert.equal(await gateway.metric('gatewaySubscriptions'), 3);
  });

  test('limit maxSubscriptionsPerUser: the sockets of a user hold as many together', async (t) => {
    const gateway = await startTestGateway(t, { limits: { maxSubscriptionsPerUser: 5 } });
    const [first, second] = await openWithOneToken(gateway, 2);
    assert.deepEqual([await subscribe(first!, names(3)), await subscribe(second!, names(2))], [0, 0]);
  });

  test('limit maxSubscriptionsPerUser: one more is 1001, until another socket lets go', async (t) => {
    const gateway = await startTestGateway(t, { limits: { maxSubscriptionsPerUser: 5 } });
    const [first, second] = await openWithOneToken(gateway, 2);
    const other = await gateway.connect('bob');
    await subscribe(first!, names(3));
    assert.equal(await subscribe(second!, names(3)), 1001);
    assert.equal(await subscribe(other, names(5)), 0);
    await first!.close();
    assert.equal(await subscribe(second!, names(5)), 0);
  });
});

describe('T4: while a mass close is under way, a socket that it has not reached is not served', () => {
  const by = { userID: '', operationID: '' };

  async function assertNoneServed(t: TestContext, endAll: (gateway: TestGateway, jtis: string[]) => void) {
    let served = 0;
    const gateway = await startTestGateway(t, {
      handlers: {
        1001: async () => {
          served++;
          return null;
        },
      },
    });
    gateway.authority.displaces = () => [];
    const clients = await Promise.all(Array.from({ length: 20 }, () => gateway.connect('alice')));
    // Each look at the clock is a slice: one socket per turn of the event loop is closed.
    let now = 0;
    t.mock.method(performance, 'now', () => (now += 100));
    for (const client of clients) client.send(1001);
    endAll(
      gateway,
      clients.map(({ jti }) => jti),
    );
    const ended = await gateway.metric('gatewayDisconnects', { reason: 'kicked' });
    assert.equal(ended, 1, 'others have their turn in between');
    for (const client of clients) assert.equal((await client.closed).code, 1008);
    assert.equal(served, 0);
  }

  test('after a cutoff', async (t) => {
    await assertNoneServed(t, ({ events }) =>
      events.emit('cutoffRaised', { userID: '', platformID: 0, notBefore: 1, origin: 'here', by }),
    );
  });

  test('after the end of many tokens', async (t) => {
    await assertNoneServed(t, ({ events }, jtis) =>
      events.emit('tokensEnded', { userID: 'alice', platformID: 5, jtis, reason: 'forced', origin: 'here', by }),
    );
  });
});
