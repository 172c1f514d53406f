/** What a connected client sends and gets: requests, replies, heartbeats, pushes, and frames that end the connection. */
import assert from 'node:assert/strict';
import type { ClientRequest } from 'node:http';
import { describe, test } from 'node:test';
import { gunzipSync, gzipSync } from 'node:zlib';
import type { RequestHandler } from '../../src/gateway/requests/request-handler.ts';
import { errors } from '../../src/protocol/errors.ts';
import type { FrameCodec, SocketReply } from '../../src/protocol/frames/frames.ts';
import { createJsonFrameCodec } from '../../src/protocol/frames/json-frame-codec.ts';
import { DelUserPushTokenReq, MsgData, PushMessages } from '../../src/protocol/gen/openim.ts';
import { newMsgData } from '../../src/protocol/message.ts';
import type { JsonReply, SocketClient } from '../support/socket-client.ts';
import { startTestGateway, type TestGateway } from '../support/test-gateway.ts';

const echo: RequestHandler = async (_call, data) => data;

describe('requests', () => {
  test('a request is answered with its own identifier, msgIncr, operationID and data', async (t) => {
    const gateway = await startTestGateway(t, { handlers: { 1001: echo } });
    const client = await gateway.connect('alice');
    const reply = await client.request(1001, Buffer.from('data'), { msgIncr: 'own value', operationID: 'op-1' });
    assert.deepEqual(reply, {
      reqIdentifier: 1001,
      msgIncr: 'own value',
      operationID: 'op-1',
      errCode: 0,
      errMsg: '',
      data: Buffer.from('data').toString('base64'),
    });
  });

  test('a handler learns who calls and by which operation', async (t) => {
    const { promise, resolve } = Promise.withResolvers<unknown>();
    const handler: RequestHandler = async ({ caller, operationID }) => {
      resolve({ caller, operationID });
      return null;
    };
    const gateway = await startTestGateway(t, { handlers: { 1001: handler } });
    const client = await gateway.connect('alice', { query: { platformID: '3' } });
    const reply = await client.request(1001, undefined, { operationID: 'op-1' });
    assert.equal(reply.data, null);
    assert.partialDeepStrictEqual(await promise, {
      caller: { userID: 'alice', platformID: 3, jti: client.jti, isAdmin: false },
      operationID: 'op-1',
    });
  });

  test('requests of one connection are handled one after another and answered in their order', async (t) => {
    let running = 0;
    const handler: RequestHandler = async (_call, data) => {
      assert.equal(++running, 1);
      for (let turn = 0; turn < 3; turn++) await new Promise(setImmediate);
      running--;
      return data;
    };
    const gateway = await startTestGateway(t, { handlers: { 1001: handler } });
    const client = await gateway.connect('alice');
    for (let i = 0; i < 50; i++) client.send(1001, undefined, { msgIncr: String(i) });
    for (let i = 0; i < 50; i++) {
      const { msgIncr, errCode } = await client.nextReply();
      assert.deepEqual({ msgIncr, errCode }, { msgIncr: String(i), errCode: 0 });
    }
  });

  test('connections do not wait for each other', async (t) => {
    const handler: RequestHandler = ({ caller }) => (caller.userID === 'alice' ? new Promise(() => {}) : echoNothing());
    const gateway = await startTestGateway(t, { handlers: { 1001: handler }, limits: { drainTimeoutMs: 10 } });
    const [alice, bob] = [await gateway.connect('alice'), await gateway.connect('bob')];
    alice.send(1001);
    assert.equal((await bob.request(1001)).errCode, 0);
  });

  test('O2: reading stops while more requests wait than are allowed, and goes on when they have been answered', async (t) => {
    const gate = Promise.withResolvers<void>();
    const handler: RequestHandler = async () => {
      await gate.promise;
      return null;
    };
    const gateway = await startTestGateway(t, { handlers: { 1001: handler }, limits: { maxWaitingRequests: 4 } });
    const client = await gateway.connect('alice');
    const filler = Buffer.alloc(30_000);
    const count = 500;
    for (let i = 0; i < count; i++) client.send(1001, filler);
    // 20 MB do not fit into the buffers of the kernel: what the server does not read stays at the client.
    await untilStill(() => client.ws.bufferedAmount);
    assert.ok(client.ws.bufferedAmount > 5_000_000, `${client.ws.bufferedAmount} bytes wait at the client`);
    gate.resolve();
    for (let i = 0; i < count; i++) assert.equal((await client.nextReply()).errCode, 0);
  });

  for (const waits of ['until the token is checked', 'and longer, until it may be read'] as const) {
    test(`what comes before the handshake is over is kept ${waits}, and answered in order`, async (t) => {
      const [checked, readable] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
      if (waits === 'until the token is checked') readable.resolve();
      const committed = () => readable.promise.then(() => ({ has: () => false }));
      const gateway = await startTestGateway(t, { handlers: { 1001: echo }, committed });
      gateway.authority.gate = checked.promise;
      const verify = t.mock.method(gateway.authority, 'verify');
      // More than is read at once, and than a stream keeps.
      const texts = Array.from({ length: 300 }, (_, index) => `${index} ${'x'.repeat(1000)}`);
      const frames = texts.map((text) => masked(requestOf('alice', text)));
      const connected = gateway.connect('alice', { ws: { finishRequest: sendingAlong(frames) } });
      // The request, and as much of the rest as is read by then.
      while (verify.mock.callCount() === 0) await new Promise(setImmediate);
      for (let turn = 0; turn < 10; turn += 1) await new Promise(setImmediate);
      checked.resolve();
      const client = await connected;
      // The rest has arrived by then, and would overtake if it were read.
      for (let turn = 0; turn < 10; turn += 1) await new Promise(setImmediate);
      readable.resolve();
      for (const text of texts) assert.equal(textOf(await client.nextReply()), text);
    });
  }

  test('an error of the protocol is the errCode of the reply, without data and detail', async (t) => {
    const handler: RequestHandler = async () => {
      throw errors.blockedByPeer('private');
    };
    const gateway = await startTestGateway(t, { handlers: { 1003: handler } });
    const reply = await (await gateway.connect('alice')).request(1003, undefined, { msgIncr: 'i', operationID: 'o' });
    assert.deepEqual(reply, {
      reqIdentifier: 1003,
      msgIncr: 'i',
      operationID: 'o',
      errCode: 1302,
      errMsg: 'BlockedByPeer',
      data: null,
    });
    assert.equal(await gateway.metric('gatewayRequests', { identifier: 1003, code: 1302 }), 1);
  });

  test('O1: an unknown error is 500 for the client, in full for the log, and the connection goes on', async (t) => {
    const handler: RequestHandler = async () => {
      throw new TypeError('private detail');
    };
    const gateway = await startTestGateway(t, { handlers: { 1001: handler, 1003: echo } });
    const client = await gateway.connect('alice');
    const reply = await client.request(1001, undefined, { operationID: 'op-9' });
    assert.deepEqual([reply.errCode, reply.errMsg, reply.data], [500, 'ServerInternalError', null]);
    const line = gateway.log.find((candidate) => candidate.includes('private detail'));
    assert.ok(line?.includes('"operationID":"op-9"'));
    assert.equal((await client.request(1003)).errCode, 0);
  });

  for (const reqIdentifier of [1002, 1005, 1006]) {
    for (const missing of ['operationID', 'msgIncr']) {
      test(`${reqIdentifier} without ${missing} is answered with 500`, async (t) => {
        const gateway = await startTestGateway(t, { handlers: { [reqIdentifier]: echo } });
        const client = await gateway.connect('alice');
        assert.equal((await client.request(reqIdentifier, undefined, { [missing]: '' })).errCode, 500);
        assert.equal((await client.request(reqIdentifier)).errCode, 0);
      });
    }
  }

  test('the other requests may lack operationID and msgIncr', async (t) => {
    const gateway = await startTestGateway(t, { handlers: { 1001: echo } });
    const client = await gateway.connect('alice');
    assert.equal((await client.request(1001, undefined, { operationID: undefined, msgIncr: undefined })).errCode, 0);
  });

  const logouts: readonly [string, Uint8Array, number][] = [
    ['is answered', DelUserPushTokenReq.encode({ userID: 'alice', platformID: 5 }).finish(), 0],
    [
      'names the admin platform is answered',
      DelUserPushTokenReq.encode({ userID: 'alice', platformID: 10 }).finish(),
      0,
    ],
    ['names HarmonyOS is answered', DelUserPushTokenReq.encode({ userID: 'alice', platformID: 11 }).finish(), 0],
    [
      'without a userID is answered with 1001',
      DelUserPushTokenReq.encode({ userID: '', platformID: 5 }).finish(),
      1001,
    ],
    [
      'for platform 13 is answered with 1001',
      DelUserPushTokenReq.encode({ userID: 'alice', platformID: 13 }).finish(),
      1001,
    ],
    ['that is no protobuf is answered with 500', Buffer.from('ffff', 'hex'), 500],
  ];
  for (const [what, data, errCode] of logouts) {
    test(`2003 that ${what} and then the connection is closed`, async (t) => {
      const gateway = await startTestGateway(t);
      const client = await gateway.connect('alice');
      const reply = await client.request(2003, data);
      assert.deepEqual([reply.reqIdentifier, reply.errCode], [2003, errCode]);
      assert.equal(reply.data, errCode === 0 ? '' : null);
      assert.equal((await client.closed).code, 1000);
      assert.ok(!gateway.authority.failures.has(client.jti), 'the token stays good');
    });
  }
});

test("M5: 2003 in another's name ends nobody's connection but one's own", async (t) => {
  const gateway = await startTestGateway(t);
  const [alice, bob] = [await gateway.connect('alice'), await gateway.connect('bob')];
  assert.equal(
    (await alice.request(2003, DelUserPushTokenReq.encode({ userID: 'bob', platformID: 5 }).finish())).errCode,
    0,
  );
  await alice.closed;
  await bob.roundTrip();
  assert.equal(bob.pending.length, 0);
});

describe('frames that end the connection without a reply', () => {
  const request = { reqIdentifier: 1001, msgIncr: 'i', sendID: 'alice', operationID: 'o', data: '' };
  const json = (value: unknown) => Buffer.from(JSON.stringify(value));
  const rows: readonly [string, Buffer | string, number, string][] = [
    ['binary that is not JSON', Buffer.from('hello'), 1002, 'bad_frame'],
    ['binary that is empty', Buffer.alloc(0), 1002, 'bad_frame'],
    ['binary that is a JSON list', json([request]), 1002, 'bad_frame'],
    ['JSON that is gzipped though that was not negotiated', gzipSync(json(request)), 1002, 'bad_frame'],
    ['a reqIdentifier that is text', json({ ...request, reqIdentifier: '1001' }), 1002, 'bad_frame'],
    ['data that is not base64', json({ ...request, data: '***' }), 1002, 'bad_frame'],
    ['the sendID of another user', json({ ...request, sendID: 'bob' }), 1008, 'wrong_sender'],
    ['no sendID', json({ ...request, sendID: undefined }), 1008, 'wrong_sender'],
    ['an unknown identifier', json({ ...request, reqIdentifier: 3001 }), 1008, 'unknown_request'],
    ['an identifier that only the server may send', json({ ...request, reqIdentifier: 2001 }), 1008, 'unknown_request'],
    ['text that is not JSON', 'ping', 1002, 'bad_frame'],
    ['text of another type', '{"type":"hello"}', 1002, 'bad_frame'],
    ['text without a type', '{}', 1002, 'bad_frame'],
    ['a message over 51 200 bytes', Buffer.alloc(51_201, ' '), 1009, 'websocket_error'],
    ['a message of 10 MB', Buffer.alloc(10_000_000, ' '), 1009, 'websocket_error'],
  ];
  for (const [what, frame, code, reason] of rows) {
    test(`O1: ${what} closes with ${code}, and others are served`, async (t) => {
      const gateway = await startTestGateway(t, { handlers: { 1001: echo } });
      const [client, other] = [await gateway.connect('alice'), await gateway.connect('carol')];
      client.ws.send(frame, { binary: typeof frame !== 'string' });
      assert.equal((await client.closed).code, code);
      assert.equal(client.pending.length, 0);
      assert.equal(await gateway.metric('gatewayDisconnects', { reason }), 1);
      assert.equal((await other.request(1001)).errCode, 0);
    });
  }

  test('a message of exactly 51 200 bytes is accepted', async (t) => {
    const gateway = await startTestGateway(t, { handlers: { 1001: echo } });
    const client = await gateway.connect('alice');
    const frame = Buffer.alloc(51_200, ' ');
    json(request).copy(frame);
    client.ws.send(frame);
    assert.equal((await client.nextReply()).errCode, 0);
  });

  test('where more is allowed, a message may come in as many packets as a network makes of it', async (t) => {
    const maxFrameBytes = 400_000;
    const gateway = await startTestGateway(t, { handlers: { 1001: echo }, limits: { maxFrameBytes } });
    const client = await gateway.connect('alice');
    const frame = Buffer.alloc(14 + maxFrameBytes, ' ');
    // Final, binary, its length in eight bytes, masked with zeros.
    frame.write('82ff000000000000000000000000', 'hex');
    frame.writeUInt32BE(maxFrameBytes, 6);
    frame.write(JSON.stringify({ reqIdentifier: 1001, msgIncr: 'i', sendID: 'alice', operationID: 'o', data: '' }), 14);
    for (let sent = 0; sent < frame.length; sent += packetBytes) {
      rawSocketOf(client).write(frame.subarray(sent, sent + packetBytes));
      // The gateway reads it before the next one comes.
      for (let turn = 0; turn < 3; turn++) await new Promise(setImmediate);
    }
    assert.equal((await client.nextReply()).msgIncr, 'i');
  });

  test('what follows such a frame is not looked at', async (t) => {
    let calls = 0;
    const handler: RequestHandler = async () => {
      calls++;
      return null;
    };
    const gateway = await startTestGateway(t, { handlers: { 1001: handler } });
    const client = await gateway.connect('alice');
    client.ws.send(Buffer.from('{'));
    client.send(1001);
    await client.closed;
    assert.equal(calls, 0);
  });

  for (const [what, bytes] of [
    ['an unmasked frame', '82027b7d'],
    ['a reserved opcode', '838400000000'],
    ['a reserved bit', 'c28000000000'],
    ['a fragmented ping', '098000000000'],
    ['an oversize control frame', '89fe00ff00000000'],
  ] as const) {
    test(`O1: ${what} is answered with 1002`, async (t) => {
      const gateway = await startTestGateway(t);
      const client = await gateway.connect('alice');
      rawSocketOf(client).write(Buffer.from(bytes, 'hex'));
      assert.equal((await client.closed).code, 1002);
    });
  }
});

describe('gzip', () => {
  for (const [what, options] of Object.entries({
    query: { query: { compression: 'gzip' } },
    header: { headers: { compression: 'gzip' } },
  })) {
    test(`negotiated by ${what}, it is around every binary frame`, async (t) => {
      const gateway = await startTestGateway(t, { handlers: { 1001: echo } });
      const client = await gateway.connect('alice', options);
      const request = { reqIdentifier: 1001, sendID: 'alice', msgIncr: 'i', data: 'AAAA' };
      client.ws.send(gzipSync(JSON.stringify(request)));
      const reply = JSON.parse(gunzipSync((await client.next()).data).toString());
      assert.deepEqual([reply.msgIncr, reply.data], ['i', 'AAAA']);
      gateway.deliver({ userIDs: ['alice'] });
      assert.equal(JSON.parse(gunzipSync((await client.next()).data).toString()).reqIdentifier, 2001);
    });
  }

  test('any other value of compression is off', async (t) => {
    const gateway = await startTestGateway(t, { handlers: { 1001: echo } });
    const client = await gateway.connect('alice', { query: { compression: 'GZIP' } });
    assert.equal((await client.request(1001)).errCode, 0);
  });

  test('the pong to a text ping is never compressed', async (t) => {
    const gateway = await startTestGateway(t);
    const client = await gateway.connect('alice', { query: { compression: 'gzip' } });
    client.ws.send('{"type":"ping"}');
    assert.equal(await client.nextText(), '{"type":"pong","body":null}');
  });

  for (const [what, frame] of [
    ['a frame that is not gzip', Buffer.from('{}')],
    ['a cut off gzip member', gzipSync('{}').subarray(0, 15)],
    ['a bomb of 40 MB', gzipSync(Buffer.alloc(40_000_000, ' '))],
    ['1 MiB and one byte', gzipSync(Buffer.alloc(1024 * 1024 + 1, ' '))],
  ] as const) {
    test(`O1: ${what} ends the connection`, async (t) => {
      const gateway = await startTestGateway(t);
      const client = await gateway.connect('alice', { query: { compression: 'gzip' } });
      assert.ok(frame.length <= 51_200);
      client.ws.send(frame);
      assert.equal((await client.closed).code, 1002);
    });
  }
});

describe('text heartbeat', () => {
  for (const [ping, pong] of [
    ['{"type":"ping"}', '{"type":"pong","body":null}'],
    ['{"type":"ping","body":"abc"}', '{"type":"pong","body":"abc"}'],
    ['{"type":"ping","body":{"n":[1]}}', '{"type":"pong","body":{"n":[1]}}'],
  ] as const) {
    test(`${ping} is answered with ${pong}`, async (t) => {
      const gateway = await startTestGateway(t);
      const client = await gateway.connect('alice');
      client.ws.send(ping);
      assert.equal(await client.nextText(), pong);
    });
  }

  test('a pong is not answered', async (t) => {
    const gateway = await startTestGateway(t);
    const client = await gateway.connect('alice');
    client.ws.send('{"type":"pong"}');
    await client.roundTrip();
    assert.equal(client.pending.length, 0);
  });

  test('a ping is answered while a request takes its time', async (t) => {
    const gateway = await startTestGateway(t, {
      handlers: { 1001: () => new Promise(() => {}) },
      limits: { drainTimeoutMs: 10 },
    });
    const client = await gateway.connect('alice');
    client.send(1001);
    client.ws.send('{"type":"ping"}');
    assert.equal(await client.nextText(), '{"type":"pong","body":null}');
  });
});

describe('pushes', () => {
  const body = Buffer.from(MsgData.encode(newMsgData({ sendID: 'bob', seq: 7, content: Buffer.from('hi') })).finish());

  async function pushOf(client: SocketClient): Promise<PushMessages> {
    const reply = await client.nextReply();
    assert.deepEqual([reply.reqIdentifier, reply.msgIncr, reply.errCode, reply.errMsg], [2001, '', 0, '']);
    return PushMessages.decode(Buffer.from(reply.data ?? '', 'base64'));
  }

  test('M4: every connection of every recipient gets the message, and nobody else', async (t) => {
    const gateway = await startTestGateway(t);
    const web = await gateway.connect('alice');
    const phone = await gateway.connect('alice', { query: { platformID: '1' } });
    const bob = await gateway.connect('bob');
    const carol = await gateway.connect('carol');
    gateway.deliver({ userIDs: ['alice', 'bob', 'nobody'], body, conversationID: 'si_alice_bob' });
    for (const client of [web, phone, bob]) {
      const { msgs, notificationMsgs } = await pushOf(client);
      assert.deepEqual([...msgs.keys()], ['si_alice_bob']);
      assert.equal(notificationMsgs.size, 0);
      const [message, ...others] = msgs.get('si_alice_bob')!.Msgs;
      assert.deepEqual([message?.seq, message?.sendID, others.length], [7, 'bob', 0]);
    }
    await carol.roundTrip();
    assert.equal(carol.pending.length, 0);
    assert.equal(await gateway.metric('pushes'), 3);
  });

  test('what is pushed to a JS SDK while it is told the newest seqs follows that', async (t) => {
    const handler: RequestHandler = async () => {
      gateway.deliver({ userIDs: ['alice'], body, conversationID: 'si_alice_bob' });
      return null;
    };
    const gateway = await startTestGateway(t, { handlers: { 1006: handler } });
    const client = await gateway.connect('alice');
    client.send(1006);
    assert.equal((await client.nextReply()).reqIdentifier, 1006);
    assert.equal((await client.nextReply()).reqIdentifier, 2001);
  });

  test('a conversation of notifications goes to notificationMsgs', async (t) => {
    const gateway = await startTestGateway(t);
    const client = await gateway.connect('alice');
    gateway.deliver({ userIDs: ['alice'], body, conversationID: 'n_alice_bob' });
    const { msgs, notificationMsgs } = await pushOf(client);
    assert.deepEqual([[...msgs.keys()], [...notificationMsgs.keys()]], [[], ['n_alice_bob']]);
  });

  test('the envelope carries the operationID of the cause', async (t) => {
    const gateway = await startTestGateway(t);
    const client = await gateway.connect('alice');
    gateway.deliver({ userIDs: ['alice'], body, operationID: 'of the sender' });
    assert.equal((await client.nextReply()).operationID, 'of the sender');
  });

  test('a push is encoded once, however many receive it', async (t) => {
    const codec = createJsonFrameCodec();
    let encoded = 0;
    const counting: FrameCodec = {
      ...codec,
      encodeReply: (reply: SocketReply) => {
        encoded++;
        return codec.encodeReply(reply);
      },
    };
    const gateway = await startTestGateway(t, { codec: counting });
    const userIDs = Array.from({ length: 30 }, (_, i) => `user${i}`);
    const clients = await Promise.all(userIDs.map((userID) => gateway.connect(userID)));
    gateway.deliver({ userIDs, body });
    await Promise.all(clients.map(pushOf));
    assert.equal(encoded, 1);
    gateway.deliver({ userIDs: ['nobody'], body });
    assert.equal(encoded, 1);
  });

  test('pushes arrive in the order in which they were delivered, also many in one turn', async (t) => {
    const gateway = await startTestGateway(t);
    const client = await gateway.connect('alice');
    for (let i = 0; i < 1000; i++) gateway.deliver({ userIDs: ['alice'], operationID: String(i) });
    for (let i = 0; i < 1000; i++) assert.equal((await client.nextReply()).operationID, String(i));
  });

  test('M4: a connection can be pushed to from its first request on', async (t) => {
    const held: { gateway?: TestGateway } = {};
    const handler: RequestHandler = async ({ caller }) => {
      held.gateway?.deliver({ userIDs: [caller.userID], operationID: 'pushed' });
      return null;
    };
    held.gateway = await startTestGateway(t, { handlers: { 1001: handler } });
    const client = await held.gateway.connect('alice');
    client.send(1001);
    assert.equal((await client.nextReply()).operationID, 'pushed');
    assert.equal((await client.nextReply()).reqIdentifier, 1001);
  });
});

async function echoNothing(): Promise<null> {
  return null;
}

/** Resolves when a value has not changed for a hundred turns of the event loop. */
async function untilStill(value: () => number): Promise<void> {
  for (let last = value(), still = 0; still < 100; still++) {
    await new Promise(setImmediate);
    if (value() !== last) [last, still] = [value(), 0];
  }
}

/** Of a phone's network. */
const packetBytes = 1200;

/** Under the client library, for frames that it would not send. */
function rawSocketOf({ ws }: SocketClient): { write(bytes: Buffer): void } {
  return (ws as unknown as { _socket: { write(bytes: Buffer): void } })._socket;
}

/** Of `ws`: sends the request, and the frames without waiting for its answer, the first of them in one packet with it. */
function sendingAlong(frames: readonly Buffer[]): (request: ClientRequest) => void {
  return (request) => {
    request.once('socket', (socket) => {
      socket.cork();
      socket.once('connect', () => {
        for (const frame of frames) socket.write(frame);
        socket.uncork();
      });
    });
    request.end();
  };
}

/** A final binary frame, its length in two bytes, with a mask that changes nothing in half of its bytes. */
function masked(payload: Buffer): Buffer {
  const frame = Buffer.alloc(8 + payload.length);
  frame.write('82fe', 'hex');
  frame.writeUInt16BE(payload.length, 2);
  frame.write('005500aa', 4, 'hex');
  for (const [index, byte] of payload.entries()) frame[8 + index] = byte ^ frame[4 + (index & 3)]!;
  return frame;
}

function requestOf(sendID: string, text: string): Buffer {
  const data = Buffer.from(text).toString('base64');
  return Buffer.from(JSON.stringify({ reqIdentifier: 1001, msgIncr: 'i', sendID, operationID: 'o', data }));
}

function textOf({ data }: JsonReply): string {
  return Buffer.from(data ?? '', 'base64').toString();
}
