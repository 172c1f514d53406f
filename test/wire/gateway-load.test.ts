/** What one client may have under way in either direction, and that nobody who reads is taken for one who does not. */
import assert from 'node:assert/strict';
import { describe, type TestContext, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import type { GatewayLimits } from '../../src/gateway/limits.ts';
import type { RequestHandler } from '../../src/gateway/requests/request-handler.ts';
import type { SocketClient } from '../support/socket-client.ts';
import { startTestGateway, type TestGateway } from '../support/test-gateway.ts';

const echo: RequestHandler = async (_call, data) => data;
const request = { reqIdentifier: 1001, msgIncr: 'i', sendID: 'alice', operationID: 'o', data: '' };

/** A request of exactly so many bytes. */
function requestOf(bytes: number): Buffer {
  const frame = Buffer.alloc(bytes, ' ');
  frame.write(JSON.stringify(request));
  return frame;
}

describe('frames of a client', () => {
  async function open(t: TestContext, limits: Partial<GatewayLimits>, compression = '') {
    const gateway = await startTestGateway(t, { handlers: { 1001: echo }, limits });
    return gateway.connect('alice', { query: { compression } });
  }

  test('limit maxFrameBytes: a frame of this size is answered', async (t) => {
    const client = await open(t, { maxFrameBytes: 2000 });
    client.ws.send(requestOf(2000));
    assert.equal((await client.nextReply()).errCode, 0);
  });

  test('limit maxFrameBytes: one byte more closes with 1009', async (t) => {
    const client = await open(t, { maxFrameBytes: 2000 });
    client.ws.send(requestOf(2001));
    assert.equal((await client.closed).code, 1009);
  });

  test('limit maxInflatedBytes: a frame that is so large unpacked is answered', async (t) => {
    const client = await open(t, { maxInflatedBytes: 2000 }, 'gzip');
    client.ws.send(gzipSync(requestOf(2000)));
    await client.nextBinary();
  });

  test('limit maxInflatedBytes: one byte more closes with 1002', async (t) => {
    const client = await open(t, { maxInflatedBytes: 2000 }, 'gzip');
    client.ws.send(gzipSync(requestOf(2001)));
    assert.equal((await client.closed).code, 1002);
  });
});

describe('requests under way', () => {
  /** A gateway whose handlers wait for the gate; `taken` counts the bytes of requests that have not been answered. */
  async function open(t: TestContext, limits: Partial<GatewayLimits>) {
    const gate = Promise.withResolvers<void>();
    const handler: RequestHandler = async () => {
      await gate.promise;
      return null;
    };
    const gateway = await startTestGateway(t, { handlers: { 1001: handler }, limits });
    gateway.authority.displaces = () => [];
    return { gateway, gate };
  }

  /** Whether a ping after so many requests is answered while none of them is: then all have been read. */
  async function areRead(client: SocketClient, count: number, bytes = 1000): Promise<boolean> {
    const frame = Buffer.from(String(requestOf(bytes)).replace('alice', client.userID));
    for (let i = 0; i < count; i++) client.ws.send(frame);
    let isRead = false;
    void client.roundTrip().then(() => {
      isRead = true;
    });
    for (let turn = 0; turn < 1000 && !isRead; turn++) await new Promise(setImmediate);
    return isRead;
  }

  async function assertAnswered(client: SocketClient, count: number): Promise<void> {
    for (let i = 0; i < count; i++) assert.equal((await client.nextReply()).errCode, 0);
  }

  /** More than one chunk that the kernel gives us: what it holds of that has been read already. */
  const large = 50_000;

  for (const { name, given: count, expected } of [
    { name: 'limit maxWaitingRequests: fewer are read', given: 3, expected: true },
    {
      name: 'limit maxWaitingRequests: beyond it the socket is not read until they have been answered',
      given: 40,
      expected: false,
    },
  ]) {
    test(name, async (t) => {
      const { gateway, gate } = await open(t, { maxWaitingRequests: 4 });
      const client = await gateway.connect('alice');
      assert.equal(await areRead(client, count, large), expected);
      gate.resolve();
      await assertAnswered(client, count);
    });
  }

  for (const { name, given: count, expected } of [
    { name: 'limit maxInboundBytesPerUser: sockets of a user below it are read; others are', given: 3, expected: true },
    {
      name: 'limit maxInboundBytesPerUser: beyond it they are not, until there is room; others are',
      given: 40,
      expected: false,
    },
  ]) {
    test(name, async (t) => {
      const { gateway, gate } = await open(t, { maxInboundBytesPerUser: 300_000, maxWaitingRequests: 1000 });
      const [first, second] = [await gateway.connect('alice'), await gateway.connect('alice')];
      const other = await gateway.connect('bob');
      assert.equal(await areRead(first, 2, large), true);
      assert.equal(await areRead(second, count, large), expected);
      assert.equal(await areRead(other, 2, large), true);
      gate.resolve();
      for (const [client, answers] of [
        [first, 2],
        [second, count],
        [other, 2],
      ] as const) {
        await assertAnswered(client, answers);
      }
    });
  }

  for (const { name, given: count, expected } of [
    { name: 'limit maxInboundBytes: below it everybody is read', given: 2, expected: true },
    { name: 'limit maxInboundBytes: beyond it nobody is, until there is room', given: 40, expected: false },
  ]) {
    test(name, async (t) => {
      const { gateway, gate } = await open(t, { maxInboundBytes: 400_000, maxWaitingRequests: 1000 });
      const [alice, bob] = [await gateway.connect('alice'), await gateway.connect('bob')];
      await areRead(alice, count, large);
      assert.equal(await areRead(bob, count, large), expected);
      gate.resolve();
      for (const client of [alice, bob]) await assertAnswered(client, count);
    });
  }
});

describe('what a client is sent', () => {
  const body = Buffer.alloc(100_000, 'x');

  async function push(gateway: TestGateway, count: number, bytes = body): Promise<void> {
    for (let i = 0; i < count; i++) {
      gateway.deliver({ userIDs: ['alice'], body: bytes, operationID: String(i) });
      await new Promise(setImmediate);
    }
  }

  function cutOff(gateway: TestGateway): Promise<number> {
    return gateway.metric('gatewayDisconnects', { reason: 'slow_reader' });
  }

  async function openDeaf(t: TestContext, limits: Partial<GatewayLimits>) {
    const gateway = await startTestGateway(t, { limits });
    const deaf = await gateway.connect('alice');
    deaf.ws.pause();
    return { gateway, deaf };
  }

  // The kernel takes some megabytes before anything is queued.
  test('limit maxQueuedBytes: a client that has not read so much is waited for', async (t) => {
    const { gateway, deaf } = await openDeaf(t, { maxQueuedBytes: 20_000_000 });
    await push(gateway, 100);
    assert.equal(await cutOff(gateway), 0);
    deaf.ws.resume();
    for (let i = 0; i < 100; i++) assert.equal((await deaf.nextReply()).operationID, String(i));
  });

  test('limit maxQueuedBytes: beyond it the client is cut off', async (t) => {
    const { gateway } = await openDeaf(t, { maxQueuedBytes: 1_000_000 });
    await push(gateway, 200);
    assert.equal(await cutOff(gateway), 1);
  });

  test('limit maxQueuedFrames: a client that has not read so many is waited for', async (t) => {
    const { gateway, deaf } = await openDeaf(t, { maxQueuedFrames: 200, maxQueuedBytes: 1_000_000_000 });
    await push(gateway, 200);
    assert.equal(await cutOff(gateway), 0);
    deaf.ws.terminate();
  });

  test('limit maxQueuedFrames: beyond it the client is cut off', async (t) => {
    const { gateway } = await openDeaf(t, { maxQueuedFrames: 50, maxQueuedBytes: 1_000_000_000 });
    await push(gateway, 200);
    assert.equal(await cutOff(gateway), 1);
  });

  for (const { name, given: seconds, expected } of [
    {
      name: 'limit maxStuckSeconds: a client that takes nothing for a little less is waited for',
      given: 4,
      expected: 0,
    },
    { name: 'limit maxStuckSeconds: beyond it one that takes nothing is cut off', given: 6, expected: 1 },
  ]) {
    test(name, async (t) => {
      const { gateway, deaf } = await openDeaf(t, { maxStuckSeconds: 5, maxQueuedBytes: 1_000_000_000 });
      await push(gateway, 200);
      gateway.passSeconds(seconds);
      assert.equal(await cutOff(gateway), expected);
      deaf.ws.terminate();
    });
  }

  test('slowness is a matter of time: a client that reads now and then, far behind, is not cut off', async (t) => {
    const { gateway, deaf } = await openDeaf(t, { maxStuckSeconds: 3, maxQueuedBytes: 1_000_000_000 });
    await push(gateway, 300);
    for (let read = 0; read < 300; read++) {
      deaf.ws.resume();
      assert.equal((await deaf.nextReply()).operationID, String(read));
      deaf.ws.pause();
      if (read % 100 === 99) gateway.passSeconds(2);
    }
    assert.equal(await cutOff(gateway), 0);
  });

  test('a burst of large messages in one turn reaches a client that reads', async (t) => {
    const gateway = await startTestGateway(t);
    const client = await gateway.connect('alice');
    const large = Buffer.alloc(1_000_000, 'x');
    for (let i = 0; i < 8; i++) gateway.deliver({ userIDs: ['alice'], body: large, operationID: String(i) });
    for (let i = 0; i < 8; i++) assert.equal((await client.nextReply()).operationID, String(i));
    assert.equal(await cutOff(gateway), 0);
  });

  test('O2: a client that asks and does not read is answered up to a limit, and no more is asked of the server', async (t) => {
    let served = 0;
    const handler: RequestHandler = async () => {
      served++;
      return body;
    };
    const gateway = await startTestGateway(t, { handlers: { 1001: handler } });
    const client = await gateway.connect('alice');
    client.ws.pause();
    const count = 300;
    for (let i = 0; i < count; i++) client.send(1001);
    for (let last = -1; served !== last; ) {
      last = served;
      for (let turn = 0; turn < 50; turn++) await new Promise(setImmediate);
    }
    assert.ok(served < count, `${served} served`);
    client.ws.resume();
    for (let i = 0; i < count; i++) assert.equal((await client.nextReply()).errCode, 0);
    assert.equal(served, count);
  });
});
