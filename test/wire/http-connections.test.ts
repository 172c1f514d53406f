/** Connections of the API port: size limits, malformed HTTP, slow clients, upgrades, draining. Promises O1, O2, O3. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { Agent, type ClientRequest, type IncomingMessage, request, type ServerResponse } from 'node:http';
import { connect, type Socket } from 'node:net';
import { describe, type TestContext, test } from 'node:test';
import type { HttpLimits } from '../../src/http/server.ts';
import { converse, envelopeOf } from './raw-http.ts';
import { adminToken, headers, ToyServer, toyLimits } from './toy-server.ts';

const { maxBodyBytes } = toyLimits;

const common = `Host: x\r\noperationID: o\r\ntoken: ${headers.token}\r\n`;

const upgrade = 'Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: x\r\n';

describe('O1 bodies of any size', () => {
  const callers = {
    maxBodyBytes: { path: '/toy/echo', more: {} },
    maxAdminBodyBytes: { path: '/toy/register', more: { token: adminToken } },
    maxPublicBodyBytes: { path: '/toy/public', more: {} },
  } as const;
  const sendBody = async (t: TestContext, key: keyof typeof callers, bytes: number) => {
    const server = await ToyServer.start(t);
    const { path, more } = callers[key];
    return envelopeOf(await server.post(path, bodyOf(bytes), { headers: more })).errCode;
  };
  test('limit maxBodyBytes: a body of so many bytes by a user is read', async (t) => {
    assert.equal(await sendBody(t, 'maxBodyBytes', toyLimits.maxBodyBytes), 0);
  });
  test('limit maxBodyBytes: one more byte is 1001', async (t) => {
    assert.equal(await sendBody(t, 'maxBodyBytes', toyLimits.maxBodyBytes + 1), 1001);
  });
  test('limit maxAdminBodyBytes: a body of so many bytes by an admin is read', async (t) => {
    assert.equal(await sendBody(t, 'maxAdminBodyBytes', toyLimits.maxAdminBodyBytes), 0);
  });
  test('limit maxAdminBodyBytes: one more byte is 1001', async (t) => {
    assert.equal(await sendBody(t, 'maxAdminBodyBytes', toyLimits.maxAdminBodyBytes + 1), 1001);
  });
  for (const [who, path, more] of [
    ['an admin, where no long lists are sent', '/toy/echo', { token: adminToken }],
    ['a user, where back ends send long lists', '/toy/register', {}],
  ] as const) {
    test(`O1 a body larger than a user's is 1001 by ${who}`, async (t) => {
      const server = await ToyServer.start(t);
      assert.equal(envelopeOf(await server.post(path, bodyOf(maxBodyBytes), { headers: more })).errCode, 0);
      assert.equal(envelopeOf(await server.post(path, bodyOf(maxBodyBytes + 1), { headers: more })).errCode, 1001);
    });
  }
  test('limit maxPublicBodyBytes: a body of so many bytes without a token is read', async (t) => {
    assert.equal(await sendBody(t, 'maxPublicBodyBytes', toyLimits.maxPublicBodyBytes), 0);
  });
  test('limit maxPublicBodyBytes: one more byte is 1001', async (t) => {
    assert.equal(await sendBody(t, 'maxPublicBodyBytes', toyLimits.maxPublicBodyBytes + 1), 1001);
  });

  for (const how of ['with its length', 'in chunks'] as const) {
    test(`O1 a larger body is 1001 and leaves the connection usable: ${how}`, async (t) => {
      const server = await ToyServer.start(t);
      const agent = keepAlive(t);
      const length = { 'Content-Length': String(maxBodyBytes + 1) };
      const options = how === 'in chunks' ? { 'Transfer-Encoding': 'chunked' } : length;
      const refused = await server.post('/toy/echo', bodyOf(maxBodyBytes + 1), { headers: options, agent });
      const next = await server.post('/toy/echo', {}, { agent });
      assert.equal(refused.status, 200);
      assert.deepEqual(envelopeOf(refused), {
        errCode: 1001,
        errMsg: 'ArgsError',
        errDlt: 'body is larger than 262144 bytes',
      });
      assert.equal(envelopeOf(next).errCode, 0);
      assert.equal(Object.values(agent.freeSockets).flat().length, 1);
    });
  }

  test('O1 a body that nobody may send is not waited for', async (t) => {
    const server = await ToyServer.start(t);
    const announced = 'Content-Length: 200000\r\n\r\n';
    const socket = await open(t, server);
    socket.write(`POST /toy/echo HTTP/1.1\r\nHost: x\r\noperationID: o\r\ntoken: kicked\r\n${announced}`);
    assert.match(await textFrom(socket), /"errCode":1506/);
  });

  test('O1 a body that is announced as too large is not waited for', async (t) => {
    const server = await ToyServer.start(t);
    const socket = await open(t, server);
    socket.write(`POST /toy/echo HTTP/1.1\r\n${common}Content-Length: ${maxBodyBytes + 1}\r\n\r\n`);
    assert.match(await textFrom(socket), /body is larger than 262144 bytes/);
  });

  test('O1 a client that goes away in the middle of its body is forgotten', async (t) => {
    const server = await ToyServer.start(t);
    const socket = await open(t, server);
    const arrived = once(server.http.server, 'request');
    socket.write(`POST /toy/echo HTTP/1.1\r\n${common}Content-Length: 100\r\n\r\n{"text":`);
    const [incoming] = (await arrived) as [IncomingMessage];
    const gone = new Promise((resolve) => incoming.on('close', resolve));
    socket.resetAndDestroy();
    await gone;
    const reply = await server.post('/toy/echo', {});
    assert.equal(envelopeOf(reply).errCode, 0);
    assert.deepEqual(
      server.log.filter(({ level }) => level >= 40),
      [],
    );
  });
});

describe('O2 bodies in flight', () => {
  const room = 300_000;
  const heldBytes = 200_000;

  /** Whether a body of so many bytes by `token` is still read beside one of u1 that does not end. */
  async function statusBeside(t: TestContext, limits: Partial<HttpLimits>, token: string, bytes: number) {
    const server = await ToyServer.start(t, {}, limits);
    const { socket } = await hold(t, server, heldBytes);
    const reply = await server.post('/toy/echo', bodyOf(bytes), { headers: { token } });
    // The server would wait for it when it closes.
    socket.destroy();
    return [reply.status, envelopeOf(reply).errCode, reply.headers['retry-after']];
  }
  const read = [200, 0, undefined];
  const refused = [429, 429, '1'];

  test('limit maxBodyBytesInFlight: bodies of all users up to it are held', async (t) => {
    assert.deepEqual(await statusBeside(t, { maxBodyBytesInFlight: room }, 'token-of-u2', 100_000), read);
  });
  test('limit maxBodyBytesInFlight: one more byte is 429, and told when to try again', async (t) => {
    assert.deepEqual(await statusBeside(t, { maxBodyBytesInFlight: room }, 'token-of-u2', 100_001), refused);
  });
  test('limit maxBodyBytesInFlightPerUser: bodies of one user up to it are held', async (t) => {
    assert.deepEqual(await statusBeside(t, { maxBodyBytesInFlightPerUser: room }, headers.token, 100_000), read);
  });
  test('limit maxBodyBytesInFlightPerUser: one more byte is 429, and told when to try again', async (t) => {
    assert.deepEqual(await statusBeside(t, { maxBodyBytesInFlightPerUser: room }, headers.token, 100_001), refused);
  });
  for (const [who, token] of [
    ['another user', 'token-of-u2'],
    ['an admin', adminToken],
  ] as const) {
    test(`O2 what one user holds takes no room from ${who}`, async (t) => {
      assert.deepEqual(await statusBeside(t, { maxBodyBytesInFlightPerUser: room }, token, heldBytes), read);
    });
  }

  test('O2 there is room again when the client of an unfinished body goes, and when a request is answered', async (t) => {
    const server = await ToyServer.start(t, {}, { maxBodyBytesInFlight: room });
    const { socket, incoming } = await hold(t, server, heldBytes);
    const gone = new Promise((resolve) => incoming.on('close', resolve));
    socket.resetAndDestroy();
    await gone;
    for (let i = 0; i < 3; i++) {
      assert.equal(envelopeOf(await server.post('/toy/echo', bodyOf(heldBytes))).errCode, 0);
    }
  });

  test('O2 answers that nobody reads count too', async (t) => {
    const bytes = 60_000_000;
    const server = await ToyServer.start(t, {}, { maxBodyBytesInFlightPerUser: bytes + 1000 });
    const socket = await open(t, server);
    const answered = once(server.http.server, 'request') as Promise<[IncomingMessage, ServerResponse]>;
    socket.pause();
    socket.write(`POST /toy/large HTTP/1.1\r\n${common}Content-Length: 18\r\n\r\n{"bytes":${bytes}}`);
    const [, response] = await answered;
    while (!response.writableEnded) await new Promise(setImmediate);
    const more = () => server.post('/toy/large', { bytes: 50_000_000 });
    assert.equal((await more()).status, 429);
    const closed = once(response, 'close');
    socket.destroy();
    await closed;
    assert.equal((await more()).status, 200);
  });

  for (const [who, token, limits] of [
    ['a user', headers.token, { maxBodyBytesInFlightPerUser: room }],
    ['an admin', adminToken, { maxBodyBytesInFlight: room }],
  ] as const) {
    test(`O2 an answer to ${who} that would never have room is 1001 with advice, and not to be tried again`, async (t) => {
      const server = await ToyServer.start(t, {}, limits);
      const large = (bytes: number, more = '') => server.post('/toy/large', { bytes, more }, { headers: { token } });
      const fits = room - 200;
      assert.equal(envelopeOf(await large(fits)).errCode, 0);
      // Beside the answer lies the body of its request.
      for (const [bytes, more] of [
        [room, ''],
        [10 * room, ''],
        [fits, 'x'.repeat(200)],
      ] as const) {
        const reply = await large(bytes, more);
        assert.deepEqual([reply.status, reply.headers['retry-after']], [200, undefined]);
        assert.deepEqual(envelopeOf(reply), {
          errCode: 1001,
          errMsg: 'ArgsError',
          errDlt: 'the answer is larger than one may be: ask for it in pages, or for fewer at a time',
        });
      }
      assert.equal(envelopeOf(await large(fits)).errCode, 0);
    });
  }

  test('O2 answers to pipelined requests whose client has gone hold nothing', async (t) => {
    const roomForOne = 2000;
    const server = await ToyServer.start(t, {}, { maxBodyBytesInFlight: roomForOne });
    const responses: ServerResponse[] = [];
    server.http.server.on('request', (_incoming, response: ServerResponse) => responses.push(response));
    const socket = await open(t, server);
    socket.write(`POST /toy/wait HTTP/1.1\r\n${common}Content-Length: 2\r\n\r\n{}`.repeat(20));
    await server.gate.entered.promise;
    while (responses.length < 20) await new Promise(setImmediate);
    const gone = once(responses.at(-1) as ServerResponse, 'close');
    socket.resetAndDestroy();
    await gone;
    server.gate.opened.resolve();
    while (responses.some(({ writableEnded }) => !writableEnded)) await new Promise(setImmediate);
    assert.equal((await server.post('/toy/echo', bodyOf(roomForOne))).status, 200);
  });
});

/** A request of u1 whose body never ends; resolves when the server has read what was sent. */
async function hold(t: TestContext, server: ToyServer, bytes: number) {
  const { promise: reading, resolve } = Promise.withResolvers<IncomingMessage>();
  // At once: between the request and its reading there may be no turn of the event loop.
  server.http.server.once('request', (incoming: IncomingMessage) => incoming.once('resume', () => resolve(incoming)));
  const socket = await open(t, server);
  socket.write(`POST /toy/echo HTTP/1.1\r\n${common}Content-Length: ${bytes + 1}\r\n\r\n`);
  const incoming = await reading;
  const { promise: all, resolve: onAll } = Promise.withResolvers<void>();
  let held = 0;
  incoming.on('data', (chunk: Buffer) => {
    held += chunk.length;
    if (held === bytes) onAll();
  });
  socket.write(Buffer.alloc(bytes, ' '));
  await all;
  return { socket, incoming };
}

describe('O1 connections on which no request can be read', () => {
  const malformed: readonly (readonly [string, string, RegExp])[] = [
    ['not HTTP', 'hello\r\n\r\n', /^HTTP\/1\.1 400 Bad Request\r\n/],
    ['a header without a name', 'GET / HTTP/1.1\r\n: x\r\n\r\n', /^HTTP\/1\.1 400 /],
    ['two lengths', `POST /toy/echo HTTP/1.1\r\n${common}Content-Length: 1\r\nContent-Length: 2\r\n\r\n{`, / 400 /],
    [
      'a length and chunks',
      `POST / HTTP/1.1\r\n${common}Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n`,
      / 400 /,
    ],
    ['a negative length', `POST /toy/echo HTTP/1.1\r\n${common}Content-Length: -1\r\n\r\n`, / 400 /],
    ['headers without end', `GET / HTTP/1.1\r\n${`a: ${'b'.repeat(100)}\r\n`.repeat(1000)}\r\n`, / 431 /],
  ];
  for (const [why, bytes, status] of malformed) {
    test(`O1 ${why}: an envelope, then the end`, async (t) => {
      const server = await ToyServer.start(t);
      const received = await converse(server.port, bytes);
      const [head = '', body = ''] = received.split('\r\n\r\n');
      assert.match(head, status);
      assert.match(head, /^Access-Control-Allow-Origin: \*$/m);
      assert.equal(JSON.parse(body).errCode, 1001);
      assert.deepEqual(
        server.log.filter(({ level }) => level >= 40),
        [],
      );
    });
  }

  const slow: readonly (readonly [string, string])[] = [
    ['headers', 'POST /toy/echo HTTP/1.1\r\nHost: x\r\n'],
    ['a body', `POST /toy/echo HTTP/1.1\r\n${common}Content-Length: 100\r\n\r\n{`],
  ];
  for (const [what, bytes] of slow) {
    test(`O2 a client that never finishes ${what} is cut off`, async (t) => {
      const server = await ToyServer.start(t, { headersMs: 50, requestMs: 100, checkEveryMs: 20 });
      const received = await converse(server.port, bytes);
      assert.match(received, /^HTTP\/1\.1 408 Request Timeout\r\n/);
    });
  }

  test('O2 a client that does not read its answer is cut off', async (t) => {
    const server = await ToyServer.start(t, { stalledMs: 100 });
    const connected = once(server.http.server, 'connection') as Promise<[Socket]>;
    const socket = await open(t, server);
    const [serverSide] = await connected;
    const cutOff = once(serverSide, 'close');
    socket.pause();
    socket.write(`POST /toy/large HTTP/1.1\r\n${common}Content-Length: 18\r\n\r\n{"bytes":50000000}`);
    await cutOff;
  });
});

describe('upgrades', () => {
  test('those under /msg_gateway are left to the upgrade listener, with their query', async (t) => {
    const server = await ToyServer.start(t);
    const upgraded = once(server.http.server, 'upgrade') as Promise<[IncomingMessage, Socket]>;
    const socket = await open(t, server);
    socket.write(`GET /msg_gateway/x?sendID=u1 HTTP/1.1\r\nHost: x\r\n${upgrade}\r\n`);
    const [incoming, serverSide] = await upgraded;
    serverSide.destroy();
    assert.equal(incoming.url, '/msg_gateway/x?sendID=u1');
  });

  test('others are ordinary requests', async (t) => {
    const server = await ToyServer.start(t);
    server.http.server.on('upgrade', () => assert.fail('not for the gateway'));
    const h2c = 'Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAEAAEAAAAIAAAAB\r\n';
    const post = await open(t, server);
    post.write(`POST /toy/echo HTTP/1.1\r\n${common}${h2c}Content-Length: 12\r\n\r\n{"text":"a"}`);
    const webSocket = await open(t, server);
    webSocket.write(`GET /elsewhere HTTP/1.1\r\nHost: x\r\n${upgrade}\r\n`);
    assert.match(await textFrom(post), /^HTTP\/1\.1 200 OK\r\n.*"data":\{"text":"a"/s);
    assert.match(await textFrom(webSocket), /^HTTP\/1\.1 404 /);
  });

  test('without a gateway its path is an ordinary one', async (t) => {
    const server = await ToyServer.start(t);
    const socket = await open(t, server);
    socket.write(`GET /msg_gateway HTTP/1.1\r\nHost: x\r\n${upgrade}\r\n`);
    assert.match(await textFrom(socket), /^HTTP\/1\.1 404 /);
  });
});

describe('O3 draining', () => {
  test('O3 close() takes no new connections, waits for requests in flight and then ends idle connections', async (t) => {
    const server = await ToyServer.start(t);
    const agent = keepAlive(t);
    await server.post('/toy/echo', {}, { agent });
    const [idle] = Object.values(agent.freeSockets).flat() as Socket[];
    assert.ok(idle !== undefined);
    const idleEnded = once(idle, 'close');
    const waiting = server.post('/toy/wait', {}, { agent: keepAlive(t) });
    await server.gate.entered.promise;

    const closed = server.http.close();
    await assert.rejects(server.post('/toy/echo', {}), { code: 'ECONNREFUSED' });
    server.gate.opened.resolve();
    const answered = await waiting;
    await closed;
    await idleEnded;
    assert.equal(envelopeOf(answered).errCode, 0);
    assert.equal(answered.headers.connection, 'close');
  });

  test('O3 a request on a connection that was open already is served as its last', async (t) => {
    const server = await ToyServer.start(t);
    const agent = keepAlive(t);
    await server.post('/toy/echo', {}, { agent });
    const waiting = server.post('/toy/wait', {});
    await server.gate.entered.promise;

    const closed = server.http.close();
    const late = await server.post('/toy/echo', {}, { agent });
    server.gate.opened.resolve();
    await Promise.all([waiting, closed]);
    assert.equal(envelopeOf(late).errCode, 0);
    assert.equal(late.headers.connection, 'close');
  });

  test('O3 an upgraded socket is not cut off but waited for', async (t) => {
    const server = await ToyServer.start(t);
    const upgraded = once(server.http.server, 'upgrade') as Promise<[IncomingMessage, Socket]>;
    const socket = await open(t, server);
    socket.write(`GET /msg_gateway HTTP/1.1\r\nHost: x\r\n${upgrade}\r\n`);
    const [, serverSide] = await upgraded;
    let isClosed = false;
    const closed = server.http.close().then(() => {
      isClosed = true;
    });
    await server.post('/toy/echo', {}).catch(() => {});
    serverSide.write('still here');
    assert.equal(await textFrom(socket), 'still here');
    assert.equal(isClosed, false);
    serverSide.destroy();
    await closed;
  });

  test('O3 close() does not wait for a body that has been answered already', async (t) => {
    const server = await ToyServer.start(t);
    const socket = await open(t, server);
    const ended = once(socket, 'close');
    socket.write(`POST /toy/echo HTTP/1.1\r\nHost: x\r\noperationID: o\r\nContent-Length: 100\r\n\r\n{`);
    assert.match(await textFrom(socket), /"errCode":1001/);
    await server.http.close();
    await ended;
  });

  test('O3 a large answer is sent to its end', async (t) => {
    const server = await ToyServer.start(t);
    const outgoing = request({ port: server.port, host: '127.0.0.1', method: 'POST', path: '/toy/large', headers });
    outgoing.end('{"bytes":5000000}');
    const [incoming] = (await once(outgoing, 'response')) as [IncomingMessage];
    const closed = server.http.close();
    const pieces = (await incoming.toArray()) as Buffer[];
    await closed;
    assert.equal(Buffer.concat(pieces).length, Number(incoming.headers['content-length']));
  });

  test('O3 a request whose body is still arriving when close() is called is served', async (t) => {
    const server = await ToyServer.start(t);
    const arrived = once(server.http.server, 'request');
    const outgoing = request({ port: server.port, host: '127.0.0.1', method: 'POST', path: '/toy/echo', headers });
    outgoing.write('{"text":');
    await arrived;
    const closed = server.http.close();
    outgoing.end('"a"}');
    const reply = await bodyFrom(outgoing);
    await closed;
    assert.match(reply, /"errCode":0,.*"text":"a"/);
  });
});

function bodyOf(bytes: number): Buffer {
  const body = Buffer.alloc(bytes, ' ');
  body.write('{"text":"a"}');
  return body;
}

function keepAlive(t: TestContext): Agent {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  t.after(() => agent.destroy());
  return agent;
}

async function open(t: TestContext, server: ToyServer): Promise<Socket> {
  const socket = connect(server.port, '127.0.0.1');
  socket.on('error', () => {});
  t.after(() => socket.destroy());
  await once(socket, 'connect');
  return socket;
}

/** The first piece that arrives; our short answers come in one. */
async function textFrom(socket: Socket): Promise<string> {
  const [bytes] = (await once(socket, 'data')) as [Buffer];
  return bytes.toString('latin1');
}

async function bodyFrom(outgoing: ClientRequest): Promise<string> {
  const [incoming] = (await once(outgoing, 'response')) as [IncomingMessage];
  const pieces = await incoming.toArray();
  return Buffer.concat(pieces as Buffer[]).toString();
}
