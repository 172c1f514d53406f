/** Clients that are slow, half-dead or gone cost a bounded amount and nobody else anything. Large forms: bench/gateway. */
import assert from 'node:assert/strict';
import { connect as connectTcp, type Socket } from 'node:net';
import { test } from 'node:test';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import type { RequestHandler } from '../../src/gateway/requests/request-handler.ts';
import { SocketClient, urlOf } from '../support/socket-client.ts';
import { startTestGateway, type TestGateway } from '../support/test-gateway.ts';
import { within } from '../support/within.ts';

setFlagsFromString('--expose-gc');
const collectGarbage: () => void = runInNewContext('gc');
const echo: RequestHandler = async (_call, data) => data;

/** Long enough that the kernel's buffers do not take all of them. */
const body = Buffer.alloc(10_000, 'x');

test('O2: a client that never reads is cut off at the limit, and a reader beside it gets everything', async (t) => {
  const gateway = await startTestGateway(t, { limits: { maxQueuedBytes: 500_000 } });
  const deaf = await gateway.connect('alice', { query: { platformID: '1' } });
  const reader = await gateway.connect('alice', { query: { platformID: '2' } });
  deaf.ws.pause();
  const before = memoryInUse();
  let peak = 0;
  for (let i = 0; i < 3000; i++) {
    gateway.deliver({ userIDs: ['alice'], body, operationID: String(i) });
    assert.equal((await reader.nextReply()).operationID, String(i));
    if (i % 500 === 499) peak = Math.max(peak, memoryInUse() - before);
  }
  assert.equal(await gateway.metric('gatewayDisconnects', { reason: 'slow_reader' }), 1);
  assert.equal(await gateway.metric('gatewayConnections'), 1);
  assert.ok(peak < 25_000_000, `${peak} bytes for 40 MB of pushes`);
});

test('O2: frames are bounded by number too, for small ones cost more than their bytes', async (t) => {
  const gateway = await startTestGateway(t, { limits: { maxQueuedFrames: 100, maxQueuedBytes: 1_000_000_000 } });
  const deaf = await gateway.connect('alice');
  deaf.ws.pause();
  const pushesUntilCut = await pushUntil(gateway, { body }, async () => (await cutOff(gateway)) === 1);
  assert.ok(pushesUntilCut > 100);
});

test('O2: replies count too: a client that asks and does not read is cut off', async (t) => {
  const gateway = await startTestGateway(t, {
    handlers: { 1001: async () => body },
    limits: { maxQueuedBytes: 500_000 },
  });
  const deaf = await gateway.connect('alice');
  deaf.ws.pause();
  while ((await cutOff(gateway)) === 0) {
    deaf.send(1001);
    await new Promise(setImmediate);
  }
});

test('O2: a client that pings and does not read costs little, and hears of its newest ping when it reads', async (t) => {
  const gateway = await startTestGateway(t);
  const deaf = await gateway.connect('alice');
  deaf.ws.pause();
  const before = memoryInUse();
  let peak = 0;
  for (let round = 0; round < 100; round += 1) {
    const sent = Promise.withResolvers<void>();
    for (let i = 0; i < 2000; i += 1) deaf.ws.ping(Buffer.alloc(125));
    deaf.ws.ping('', true, () => sent.resolve());
    await sent.promise;
    if (round % 20 === 19) peak = Math.max(peak, memoryInUse() - before);
  }
  assert.ok(peak < 25_000_000, `${peak} bytes for 200 000 pings`);
  const newest = pongOf(deaf, 'newest');
  deaf.ws.ping('newest');
  deaf.ws.resume();
  await newest;
});

test('a client whose pings have piled up on their way stays connected, and hears of the newest', async (t) => {
  const gateway = await startTestGateway(t, { handlers: { 1001: echo } });
  const client = await gateway.connect('alice');
  const newest = pongOf(client, '999');
  // In one turn: the gateway reads them together.
  for (let count = 0; count < 1000; count += 1) client.ws.ping(String(count));
  await newest;
  assert.equal((await client.request(1001)).errCode, 0);
});

test('a burst far over the limits in one turn reaches a client that reads', async (t) => {
  const gateway = await startTestGateway(t, { limits: { maxQueuedFrames: 100, maxQueuedBytes: 300_000 } });
  const client = await gateway.connect('alice');
  for (let i = 0; i < 1000; i++)
    gateway.deliver({ userIDs: ['alice'], body: body.subarray(0, 300), operationID: String(i) });
  for (let i = 0; i < 1000; i++) assert.equal((await client.nextReply()).operationID, String(i));
});

test('one reply larger than the limit reaches a client that reads', async (t) => {
  const large = Buffer.alloc(2_000_000, 'x');
  const gateway = await startTestGateway(t, {
    handlers: { 1002: async () => large },
    limits: { maxQueuedBytes: 1000 },
  });
  const client = await gateway.connect('alice');
  const reply = await client.request(1002);
  assert.equal(Buffer.from(reply.data ?? '', 'base64').length, large.length);
});

test('no connection is left in the registry, however early its client dies', async (t) => {
  const count = 300;
  const gateway = await startTestGateway(t, {
    handlers: { 1001: echo },
    limits: { maxConnections: count, maxSocketsPerUser: count },
  });
  gateway.authority.displaces = () => [];
  // A few bytes, some kilobytes, all of the request, the request and a frame: then a reset.
  const sockets = Array.from({ length: count }, (_, i) => dieEarly(gateway, i));
  await Promise.all(sockets);
  await untilMetric(gateway, 'gatewayConnections', 0);
  const live = await Promise.all(Array.from({ length: count }, () => connectPatiently(gateway)));
  assert.equal(await gateway.metric('gatewayConnections'), count);
  gateway.deliver({ userIDs: ['alice'] });
  assert.equal(await gateway.metric('pushes'), live.length);
});

test('O1: a thousand half-open handshakes are dropped in time, and others are served meanwhile', async (t) => {
  const gateway = await startTestGateway(t, { handlers: { 1001: echo }, limits: { handshakeTimeoutMs: 1000 } });
  const halves = ['', 'GET /?token=', `GET / HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgr`];
  const halfOpen = await Promise.all(Array.from({ length: 1000 }, (_, i) => openTcp(gateway, halves[i % 3]!)));
  const dropped = halfOpen.map((socket) => new Promise((resolve) => socket.on('close', resolve)));
  const client = await gateway.connect('bob');
  assert.equal((await client.request(1001)).errCode, 0);
  // The first may be gone by now, on a busy machine.
  assert.ok(halfOpen.some((socket) => !socket.destroyed));
  await Promise.all(dropped);
  assert.equal((await client.request(1001)).errCode, 0);
});

test('O1: a message in thousands of crumbs is refused before it costs more than its bytes', async (t) => {
  const gateway = await startTestGateway(t, { handlers: { 1001: echo } });
  const client = await gateway.connect('alice');
  for (let i = 0; i < 10_000; i++) client.ws.send('x', { fin: false, binary: true });
  assert.equal((await client.closed).code, 1008);
});

async function pushUntil(
  gateway: TestGateway,
  delivery: { body: Buffer },
  isDone: () => Promise<boolean>,
): Promise<number> {
  let pushes = 0;
  while (!(await isDone())) {
    gateway.deliver({ userIDs: ['alice'], ...delivery });
    pushes++;
    await new Promise(setImmediate);
  }
  return pushes;
}

function pongOf({ ws }: SocketClient, ping: string): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  ws.on('pong', (payload) => {
    if (payload.toString() === ping) resolve();
  });
  return within(`the pong of ${ping}`, promise);
}

function cutOff(gateway: TestGateway): Promise<number> {
  return gateway.metric('gatewayDisconnects', { reason: 'slow_reader' });
}

/** Without what is only waiting to be collected. */
function memoryInUse(): number {
  collectGarbage();
  const { heapUsed, external, arrayBuffers } = process.memoryUsage();
  return heapUsed + external + arrayBuffers;
}

function openTcp({ port }: TestGateway, text: string): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connectTcp(port, '127.0.0.1', () => {
      socket.write(text);
      resolve(socket);
    });
    // A dropped connection may end with a reset.
    socket.on('error', reject);
    socket.resume();
  });
}

/** Connects and dies at a moment that depends on `i`. */
async function dieEarly(gateway: TestGateway, i: number): Promise<void> {
  const { search } = new URL(urlOf({ port: gateway.port, query: { token: gateway.authority.issue('alice') } }));
  const request =
    `GET /${search} HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n` +
    'Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n';
  const socket = await openTcp(gateway, request);
  socket.removeAllListeners('error').on('error', () => {});
  for (let turn = 0; turn < i % 7; turn++) await new Promise(setImmediate);
  if (i % 2 === 0) socket.resetAndDestroy();
  else socket.end();
}

/** Places of connections that have just died come free when the gateway has read of it. */
function connectPatiently(gateway: TestGateway): Promise<SocketClient> {
  const dial = async () => {
    for (;;) {
      const outcome = await gateway.dial({ query: { token: gateway.authority.issue('alice') } });
      if (outcome instanceof SocketClient) return outcome;
    }
  };
  return within('a place to be free', dial());
}

async function untilMetric(gateway: TestGateway, name: 'gatewayConnections', value: number): Promise<void> {
  const reached = async () => {
    while ((await gateway.metric(name)) !== value) await new Promise(setImmediate);
  };
  await within(`${name} to be ${value}`, reached());
}
