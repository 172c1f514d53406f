/** What holds for every endpoint of the API port: rest-core.md 1.1 to 1.5, promises O1, T5 and T6. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type ClientRequest, type IncomingMessage, request } from 'node:http';
import { connect } from 'node:net';
import { describe, type TestContext, test } from 'node:test';
import { gunzipSync } from 'node:zlib';
import { errors } from '../../src/protocol/errors.ts';
import { envelopeOf, type RawReply, type RawRequest } from './raw-http.ts';
import { headers, inside, type LogLine, ToyServer } from './toy-server.ts';

const pagesToken = 'token-of-the-pages';
const success = { errCode: 0, errMsg: '', errDlt: '' };

function args(errDlt: string) {
  return { errCode: 1001, errMsg: 'ArgsError', errDlt };
}

describe('1.1 methods, routes, status codes', () => {
  test('a success is HTTP 200 with its data', async (t) => {
    const server = await ToyServer.start(t);
    const reply = await server.post('/toy/echo', { text: 'a', count: 2, list: ['b'] });
    assert.equal(reply.status, 200);
    assert.equal(
      reply.body.toString(),
      '{"errCode":0,"errMsg":"","errDlt":"","data":{"text":"a","count":2,"list":["b"],"userID":"u1"}}',
    );
  });

  test('a failure is HTTP 200 without data', async (t) => {
    const server = await ToyServer.start(t);
    const reply = await server.post('/toy/fail', { how: 'protocol' });
    assert.equal(reply.status, 200);
    assert.equal(reply.body.toString(), '{"errCode":1004,"errMsg":"RecordNotFoundError","errDlt":"no such toy"}');
  });

  test('an answer without fields has no data', async (t) => {
    const server = await ToyServer.start(t);
    const reply = await server.post('/toy/public', {});
    assert.equal(reply.body.toString(), '{"errCode":0,"errMsg":"","errDlt":""}');
  });

  test('an empty list at top level is null', async (t) => {
    const server = await ToyServer.start(t);
    const reply = await server.post('/toy/list', {});
    assert.deepEqual(envelopeOf(reply), { ...success, data: null });
  });

  for (const path of ['/toy/echo', '/nowhere', '/', '*']) {
    test(`OPTIONS ${path} is answered before any check`, async (t) => {
      const server = await ToyServer.start(t);
      const reply = await server.send({ method: 'OPTIONS', path });
      assert.equal(reply.status, 200);
      assert.equal(reply.body.toString(), '"Options Request!"');
      assert.equal(reply.headers['content-type'], 'application/json');
      assertCommonHeaders(reply);
    });
  }

  const unknown: readonly (RawRequest & { readonly why: string })[] = [
    { why: 'an unknown path, after the checks', method: 'POST', path: '/nowhere', headers },
    {
      why: 'a path that begins like a public one needs no token',
      path: '/toy/public_x',
      headers: { operationID: 'o' },
    },
    { why: 'GET of an unknown path, which is not checked', method: 'GET', path: '/nowhere' },
    { why: 'GET of an endpoint', method: 'GET', path: '/toy/echo' },
    { why: 'another method', method: 'PUT', path: '/toy/echo' },
    { why: 'a method that few know', method: 'PROPFIND', path: '/toy/echo' },
    { why: 'a path in other case', path: '/toy/ECHO', headers },
    { why: 'a path in the form of a pattern', path: '/:x(((/', headers },
    { why: 'a path that is no valid escape', path: '/%zz', headers },
  ];
  for (const { why, ...request } of unknown) {
    test(`404 in plain text: ${why}`, async (t) => {
      const server = await ToyServer.start(t);
      const reply = await server.send(request);
      assert.equal(reply.status, 404);
      assert.equal(reply.body.toString(), '404 page not found');
      assert.equal(reply.headers['content-type'], 'text/plain');
      assertCommonHeaders(reply);
    });
  }

  test('an unknown path answers 1001 while headers are missing', async (t) => {
    const server = await ToyServer.start(t);
    const noOperationID = await server.send({ path: '/nowhere' });
    const noToken = await server.send({ path: '/nowhere', headers: { operationID: 'o' } });
    assert.deepEqual(envelopeOf(noOperationID), args('header must have operationID'));
    assert.deepEqual(envelopeOf(noToken), args('header must have token'));
  });

  test('a superfluous slash is redirected: 307 for POST, 301 for GET', async (t) => {
    const server = await ToyServer.start(t);
    const post = await server.send({ path: '/toy/echo/?a=1' });
    const get = await server.send({ method: 'GET', path: '/healthz/' });
    assert.deepEqual([post.status, post.headers.location, post.body.length], [307, '/toy/echo?a=1', 0]);
    assert.deepEqual([get.status, get.headers.location, get.body.length], [301, '/healthz', 0]);
    assertCommonHeaders(post);
  });

  test('a redirect never leads to another host', async (t) => {
    const server = await ToyServer.start(t);
    const reply = await server.send({ path: '//toy/echo/', headers });
    assert.equal(reply.status, 404);
  });

  test('strict endpoints answer 400 for a body that does not bind, and only for that', async (t) => {
    const server = await ToyServer.start(t);
    for (const body of ['{', '', '[]', '{"count":"1"}', '{}']) {
      const reply = await server.post('/toy/strict', body);
      assert.deepEqual([reply.status, envelopeOf(reply).errCode], [400, 1001], body);
    }
    const refused = await server.post('/toy/strict', { count: 13 });
    assert.deepEqual([refused.status, envelopeOf(refused)], [200, args('count is unlucky')]);
    const noToken = await server.send({ path: '/toy/strict', headers: { operationID: 'o' } });
    assert.deepEqual([noToken.status, envelopeOf(noToken)], [200, args('header must have token')]);
  });
});

describe('1.3 request headers', () => {
  test('header names match in any case', async (t) => {
    const server = await ToyServer.start(t);
    const reply = await server.send({
      path: '/toy/echo',
      headers: { OPERATIONID: 'o', Token: headers.token },
      body: '{}',
    });
    assert.equal(envelopeOf(reply).errCode, 0);
  });

  test('without an operationID nothing else is looked at', async (t) => {
    const server = await ToyServer.start(t);
    for (const operationID of [undefined, '', ' ']) {
      const reply = await server.send({
        path: '/toy/echo',
        headers: { token: 'kicked', ...(operationID === undefined ? {} : { operationID }) },
        body: '{',
      });
      assert.deepEqual(envelopeOf(reply), args('header must have operationID'));
    }
  });

  test('public endpoints need an operationID too', async (t) => {
    const server = await ToyServer.start(t);
    const reply = await server.send({ path: '/toy/public', body: '{}' });
    assert.deepEqual(envelopeOf(reply), args('header must have operationID'));
  });

  test('the token is checked before the body', async (t) => {
    const server = await ToyServer.start(t);
    const missing = await server.send({ path: '/toy/echo', headers: { operationID: 'o' }, body: '{' });
    const empty = await server.post('/toy/echo', '{', { headers: { token: '' } });
    const kicked = await server.post('/toy/echo', '{', { headers: { token: 'kicked' } });
    assert.deepEqual(envelopeOf(missing), args('header must have token'));
    assert.deepEqual(envelopeOf(empty), args('header must have token'));
    assert.deepEqual(envelopeOf(kicked), { errCode: 1506, errMsg: 'TokenKickedError', errDlt: '' });
  });

  const ends: readonly (readonly [string, () => Error, number])[] = [
    ['a token that is revoked', errors.tokenKicked, 1506],
    ['a token that expires', errors.tokenExpired, 1501],
  ];
  for (const [what, fault, code] of ends) {
    test(`T1 T4 ${what} while the body is still arriving does not act`, async (t) => {
      const server = await ToyServer.start(t);
      const { outgoing, incoming } = await beginRequest(server, '/toy/echo', '{"text":');
      await once(incoming, 'resume');
      server.tokenFault = fault;
      outgoing.end('"a"}');
      assert.equal(await errCodeOf(outgoing), code);
    });
  }

  test('a body that comes together with its headers costs one look at the token', async (t) => {
    const server = await ToyServer.start(t);
    await postInOnePiece(t, server);
    assert.equal(server.judgements, 1);
  });

  test('T1 T4 a token that ends while other work keeps the request does not act', async (t) => {
    const server = await ToyServer.start(t);
    endTokenBeforeTurn(server);
    assert.match(await postInOnePiece(t, server), /"errCode":1506/);
  });

  test('O2 of a request that has been answered nothing is left, also if its caller was refused at the second look', async (t) => {
    const server = await ToyServer.start(t);
    for (const isRefused of [false, true]) {
      const arrived = once(server.http.server, 'request');
      if (isRefused) endTokenBeforeTurn(server);
      assert.match(await postInOnePiece(t, server), isRefused ? /"errCode":1506/ : /"errCode":0/);
      const [{ readableLength, readableEnded }] = (await arrived) as [IncomingMessage];
      assert.deepEqual({ readableLength, readableEnded }, { readableLength: 0, readableEnded: true });
    }
  });

  test('the caller is the one in the token, whatever the body says', async (t) => {
    const server = await ToyServer.start(t);
    const reply = await server.post('/toy/echo', { userID: 'admin', opUserID: 'admin' });
    assert.equal((envelopeOf(reply).data as { userID: string }).userID, 'u1');
  });

  for (const type of [undefined, 'text/plain', 'application/x-www-form-urlencoded', 'nonsense', 'a/b; c=;;', '/']) {
    test(`the body is JSON with Content-Type ${type}`, async (t) => {
      const server = await ToyServer.start(t);
      const reply = await server.post('/toy/echo', '{"text":"a"}', {
        headers: type === undefined ? {} : { 'Content-Type': type },
      });
      assert.equal((envelopeOf(reply).data as { text: string }).text, 'a');
    });
  }

  test('T5 a token store that fails is 500, never 15xx', async (t) => {
    const server = await ToyServer.start(t);
    const reply = await server.post('/toy/echo', {}, { headers: { token: 'store down' } });
    assert.equal(envelopeOf(reply).errCode, 500);
  });
});

describe('1.4 response headers', () => {
  test('every answer has CORS headers, a request ID and a bare content type', async (t) => {
    const server = await ToyServer.start(t);
    const replies = [
      await server.post('/toy/echo', {}),
      await server.post('/toy/echo', '{'),
      await server.post('/toy/fail', { how: 'later' }),
      await server.send({ path: '/toy/echo' }),
    ];
    for (const reply of replies) {
      assertCommonHeaders(reply);
      assert.equal(reply.headers['content-type'], 'application/json');
      assert.equal(Number(reply.headers['content-length']), reply.body.length);
    }
    const ids = replies.map((reply) => reply.headers['x-http-id']);
    assert.equal(new Set(ids).size, replies.length);
  });
});

describe('1.5 compression and size limits', () => {
  const compressed: readonly (readonly [string, Record<string, string>])[] = [
    ['gzip', { 'Accept-Encoding': 'gzip' }],
    ['gzip among others', { 'Accept-Encoding': 'deflate, gzip;q=0.5, br' }],
  ];
  for (const [why, accept] of compressed) {
    test(`every answer is compressed, however short: ${why}`, async (t) => {
      const server = await ToyServer.start(t);
      const replies = [
        await server.post('/toy/public', {}, { headers: accept }),
        await server.post('/toy/large', { bytes: 100_000 }, { headers: accept }),
        await server.send({ path: '/toy/echo', headers: accept }),
        await server.send({ method: 'OPTIONS', path: '/', headers: accept }),
        await server.send({ method: 'GET', path: '/nowhere', headers: accept }),
      ];
      for (const { headers: got, body } of replies) {
        assert.equal(got['content-encoding'], 'gzip');
        assert.equal(got.vary, 'Accept-Encoding');
        assert.equal(Number(got['content-length']), body.length);
      }
      const [short, long] = replies.map(({ body }) => gunzipSync(body).toString());
      assert.equal(short, '{"errCode":0,"errMsg":"","errDlt":""}');
      assert.equal(long, `{"errCode":0,"errMsg":"","errDlt":"","data":{"text":"${'x'.repeat(100_000)}"}}`);
    });
  }

  const plain: readonly (readonly [string, Record<string, string>])[] = [
    ['not asked for', {}],
    ['another encoding', { 'Accept-Encoding': 'br, deflate' }],
    ['refused', { 'Accept-Encoding': 'gzip;q=0, identity' }],
    ['an upgrade', { 'Accept-Encoding': 'gzip', Connection: 'Upgrade', Upgrade: 'h2c' }],
    ['an event stream', { 'Accept-Encoding': 'gzip', Accept: 'text/event-stream' }],
  ];
  for (const [why, accept] of plain) {
    test(`not compressed: ${why}`, async (t) => {
      const server = await ToyServer.start(t);
      const reply = await server.post('/toy/echo', {}, { headers: accept });
      assert.equal(reply.headers['content-encoding'], undefined);
      assert.equal(envelopeOf(reply).errCode, 0);
    });
  }

  test('not compressed: images by name', async (t) => {
    const server = await ToyServer.start(t);
    const accept = { 'Accept-Encoding': 'gzip' };
    for (const path of ['/a.png', '/a.gif?b=c', '/a.jpeg', '/a.jpg']) {
      const reply = await server.send({ method: 'GET', path, headers: accept });
      assert.equal(reply.headers['content-encoding'], undefined, path);
    }
  });

  test('request bodies are not decompressed', async (t) => {
    const server = await ToyServer.start(t);
    const reply = await server.post('/toy/echo', '{"text":"a"}', { headers: { 'Content-Encoding': 'gzip' } });
    assert.equal(envelopeOf(reply).errCode, 0);
  });
});

describe('12 protobuf bodies, where an endpoint offers them', () => {
  for (const type of ['application/protobuf', 'application/x-protobuf', 'application/x-protobuf; charset=utf-8']) {
    test(`${type}: bytes in, base64 out`, async (t) => {
      const server = await ToyServer.start(t);
      const reply = await server.post('/toy/protobuf', 'abc', { headers: { 'Content-Type': type } });
      assert.deepEqual(envelopeOf(reply), { ...success, data: 'YWJj' });
      assert.equal(reply.headers['content-type'], 'application/json');
    });
  }

  test('a message without fields is no bytes in both directions', async (t) => {
    const server = await ToyServer.start(t);
    const reply = await server.post('/toy/protobuf', '', { headers: { 'Content-Type': 'application/x-protobuf' } });
    assert.deepEqual(envelopeOf(reply), { ...success, data: '' });
  });

  for (const type of [undefined, '', 'application/json', 'application/json; charset=utf-8']) {
    test(`JSON with Content-Type ${type}`, async (t) => {
      const server = await ToyServer.start(t);
      const reply = await server.post('/toy/protobuf', '{"text":"abc"}', {
        headers: type === undefined ? {} : { 'Content-Type': type },
      });
      assert.deepEqual(envelopeOf(reply), { ...success, data: { text: 'abc' } });
    });
  }

  test('another content type is 1001', async (t) => {
    const server = await ToyServer.start(t);
    const reply = await server.post('/toy/protobuf', '{}', { headers: { 'Content-Type': 'text/plain' } });
    assert.deepEqual([reply.status, envelopeOf(reply)], [200, args('unsupported content type')]);
  });

  test('errors are JSON envelopes', async (t) => {
    const server = await ToyServer.start(t);
    const type = { 'Content-Type': 'application/x-protobuf' };
    const refused = await server.post('/toy/protobuf', 'refuse', { headers: type });
    const malformed = await server.post('/toy/protobuf', Buffer.of(0xff), { headers: type });
    assert.equal(envelopeOf(refused).errCode, 1002);
    assert.deepEqual(envelopeOf(malformed), {
      errCode: 500,
      errMsg: 'ServerInternalError',
      errDlt: 'body is not the expected protobuf message',
    });
    assert.deepEqual(errorsIn(server), []);
  });
});

describe('O1 bad input gets the protocol error and changes nothing', () => {
  const deep = 100_000;
  const refused: readonly (readonly [string, string | Uint8Array])[] = [
    ['no body', ''],
    ['white space only', ' \r\n'],
    ['not JSON', '{"text":'],
    ['two values', '{}{}'],
    ['a list', '[]'],
    ['a text', '"a"'],
    ['a number', '1'],
    ['true', 'true'],
    ['a wrong type', '{"text":1}'],
    ['a fraction', '{"count":1.5}'],
    ['beyond int32', '{"count":2147483648}'],
    ['beyond all numbers', '{"count":1e999}'],
    ['a wrong element', '{"list":["a",1]}'],
    ['deep lists', '['.repeat(deep) + ']'.repeat(deep)],
    ['deep objects in an unknown key', `{"other":${'{"a":'.repeat(deep)}1${'}'.repeat(deep)}}`],
    ['deep and unfinished', '[{"a":'.repeat(deep)],
    ['NaN', '{"count":NaN}'],
    ['a comment', '{/**/}'],
    ['a NUL byte', '{"text":"a\0b"}'],
    ['compressed bytes', Buffer.from('1f8b0800000000000003abae05000000ffff', 'hex')],
  ];
  for (const [why, body] of refused) {
    test(`O1 1001: ${why}`, async (t) => {
      const server = await ToyServer.start(t);
      const reply = await server.post('/toy/echo', body);
      const { errCode, errMsg, errDlt, ...rest } = envelopeOf(reply);
      assert.deepEqual([reply.status, errCode, errMsg, rest], [200, 1001, 'ArgsError', {}]);
      assert.match(errDlt, /^[\w[\]. ]+$/);
      assert.deepEqual(
        server.log.filter(({ level }) => level >= 40),
        [],
      );
    });
  }

  const accepted: readonly (readonly [string, string | Uint8Array, Record<string, unknown>])[] = [
    ['null is an empty object', 'null', { text: '' }],
    ['keys match in any case', '{"TEXT":"a"}', { text: 'a' }],
    ['an exact key is preferred', '{"text":"a","TEXT":"b"}', { text: 'a' }],
    ['of a key given twice the last counts', '{"text":"a","text":"b"}', { text: 'b' }],
    ['unknown keys', '{"other":[1,{"a":null}]}', { text: '' }],
    ['null is a zero value', '{"text":null,"count":null,"list":null}', { text: '', count: 0, list: null }],
    ['invalid UTF-8', Buffer.from('7b2274657874223a22ff227d', 'hex'), { text: '\ufffd' }],
    ['a lone surrogate', '{"text":"\\ud800"}', { text: '\ud800' }],
    ['__proto__', '{"__proto__":{"text":"a"},"constructor":{"prototype":{"text":"b"}}}', { text: '' }],
    ['many keys', JSON.stringify(Object.fromEntries(manyKeys(9000))), { text: 'last' }],
  ];
  for (const [why, body, expected] of accepted) {
    test(`O1 read as meant: ${why}`, async (t) => {
      const server = await ToyServer.start(t);
      const { errCode, data } = envelopeOf(await server.post('/toy/echo', body));
      assert.equal(errCode, 0);
      assert.deepEqual(data, { count: 0, list: null, userID: 'u1', ...expected });
      assert.equal(Object.hasOwn(Object.prototype, 'text'), false);
    });
  }

  for (const how of ['at once', 'later', 'no error at all', 'a result that does not fit']) {
    test(`O1 T6 an exception is 500 with a reference that only the log explains: ${how}`, async (t) => {
      const server = await ToyServer.start(t);
      const reply = await server.post('/toy/fail', { how });
      const { errCode, errMsg, errDlt } = envelopeOf(reply);
      const reference = reply.headers['x-http-id'];
      assert.deepEqual([reply.status, errCode, errMsg], [200, 500, 'ServerInternalError']);
      assert.equal(errDlt, `reference ${reference}`);
      const logged = server.log.filter(({ level }) => level >= 50);
      assert.deepEqual(
        logged.map(({ reference, operationID, route }) => ({ reference, operationID, route })),
        [{ reference, operationID: 'op-1', route: '/toy/fail' }],
      );
      assert.ok(logged[0]?.err !== undefined);
    });
  }

  test('T6 neither the answer nor the log holds the token', async (t) => {
    const server = await ToyServer.start(t);
    const replies = [
      await server.post('/toy/echo', {}, { headers: { token: 'eyJhbGciOiJIUzI1NiJ9.e30.c2ln' } }),
      await server.post('/toy/fail', { how: 'later' }),
      await server.post('/toy/echo', {}, { headers: { token: 'store down' } }),
    ];
    const told = replies.map(({ body }) => body.toString()).join();
    const written = JSON.stringify(server.log);
    assert.ok(!told.includes(inside));
    for (const text of [told, written]) assert.doesNotMatch(text, /token-of-u1|eyJhbG|store down/);
  });
});

describe('logs and metrics', () => {
  test('every line of a request names its operation, cut to a sane length', async (t) => {
    const server = await ToyServer.start(t);
    const long = 'o'.repeat(256);
    await server.post('/toy/fail', { how: 'later' }, { headers: { operationID: long } });
    assert.equal(server.log.length, 2);
    for (const { operationID } of server.log) assert.equal(operationID, `${'o'.repeat(125)}...`);
  });

  test('a request that takes over a second is a warning, unless the client took the time', async (t) => {
    const server = await ToyServer.start(t);
    const slow = server.post('/toy/wait', {});
    await server.gate.entered.promise;
    server.nowMs += 1001;
    server.gate.opened.resolve();
    await slow;
    const arrived = once(server.http.server, 'request');
    const outgoing = request({ port: server.port, host: '127.0.0.1', method: 'POST', path: '/toy/echo', headers });
    outgoing.flushHeaders();
    const [incoming] = (await arrived) as [IncomingMessage];
    await once(incoming, 'resume');
    server.nowMs += 60_000;
    outgoing.end('{}');
    await once(outgoing, 'response');
    assert.deepEqual(
      server.log.filter(({ level }) => level >= 40).map(({ msg, route, elapsedMs }) => ({ msg, route, elapsedMs })),
      [{ msg: 'slow request', route: '/toy/wait', elapsedMs: 1001 }],
    );
  });

  test('a path that is not there is logged with its method, without its query, ten times a minute at most', async (t) => {
    const server = await ToyServer.start(t);
    const shown = () => server.log.filter(({ msg }) => msg === 'no such path');
    const path = `/auth/get_usr_token/${'x'.repeat(200)}`;
    for (let i = 0; i < 12; i++) await server.post(`${path}?secret=hunter22`, {});
    assert.equal(shown().length, 10);
    const [{ level, method, path: logged }] = shown() as [LogLine];
    assert.deepEqual([level, method, logged], [30, 'POST', `${path.slice(0, 125)}...`]);
    server.nowMs += 60_000;
    await server.send({ method: 'GET', path: '/nowhere' });
    assert.partialDeepStrictEqual(shown().at(-1), { method: 'GET', path: '/nowhere', leftOut: 2 });
  });

  test('a proxy that says for whom it asks and is not trusted is named once an hour, and whom it names never', async (t) => {
    const server = await ToyServer.start(t);
    const shown = () => server.log.filter(({ msg }) => msg.includes('TESSERA_TRUSTED_PROXIES'));
    const ask = (headers: Readonly<Record<string, string>> = { 'x-forwarded-for': '203.0.113.5' }) =>
      server.send({ method: 'GET', path: '/nowhere', headers });
    await ask({});
    assert.deepEqual(shown(), []);
    for (let i = 0; i < 3; i++) await ask();
    assert.equal(shown().length, 1);
    server.nowMs += 3_600_000;
    for (let i = 0; i < 3; i++) await ask();
    assert.deepEqual(
      shown().map(({ level, proxy }) => [level, proxy]),
      Array(2).fill([40, '127.0.0.1']),
    );
    assert.ok(!JSON.stringify(shown()).includes('203.0.113.5'));
  });

  test('requests are counted by registered route and code, never by what the client sent', async (t) => {
    const server = await ToyServer.start(t);
    await server.post('/toy/echo?user=u1', {});
    await server.post('/toy/echo', '{');
    await server.post('/toy/u1', {});
    await server.send({ method: 'GET', path: '/readyz' });
    const { values } = await server.metrics.httpRequestSeconds.get();
    const counted = values.filter(({ metricName }) => metricName?.endsWith('_count')).map(({ labels }) => labels);
    assert.deepEqual(counted, [
      { route: '/toy/echo', code: 0 },
      { route: '/toy/echo', code: 1001 },
      { route: 'unknown', code: 404 },
      { route: '/readyz', code: 0 },
    ]);
  });
});

describe('probes and the API reference', () => {
  const get = (server: ToyServer, path: string) => server.send({ method: 'GET', path });

  test('/ leads people to the API reference', async (t) => {
    const server = await ToyServer.start(t);
    const { status, headers, body } = await get(server, '/');
    assert.deepEqual([status, headers['content-type']], [200, 'text/html; charset=utf-8']);
    assert.match(body.toString(), /<a href="\/docs">/);
  });

  test('/healthz says alive, /readyz says what is missing', async (t) => {
    const server = await ToyServer.start(t);
    const ready = await get(server, '/readyz');
    server.notReady = ['database', 'draining'];
    const notReady = await get(server, '/readyz');
    const alive = await get(server, '/healthz');
    assert.deepEqual([ready.status, JSON.parse(ready.body.toString())], [200, { status: 'ready' }]);
    assert.deepEqual(
      [notReady.status, JSON.parse(notReady.body.toString())],
      [503, { status: 'not ready', notReady: ['database', 'draining'] }],
    );
    assert.equal(alive.status, 200);
  });

  test('/metrics is in the Prometheus format', async (t) => {
    const server = await ToyServer.start(t);
    await server.post('/toy/echo', {});
    const reply = await get(server, '/metrics');
    assert.match(String(reply.headers['content-type']), /^text\/plain; version=0\.0\.4/);
    assert.match(reply.body.toString(), /tessera_http_request_seconds_count\{route="\/toy\/echo",code="0"\} 1/);
  });

  const pages = ['/metrics', '/docs/', '/openapi.json'];
  const bearer = (token: string) => ({ Authorization: `Bearer ${token}` });
  const forwarded = { 'X-Forwarded-For': '203.0.113.9' };
  const visitors: readonly (readonly [string, Record<string, string>, number])[] = [
    ['from this machine', {}, 200],
    ['through a proxy on this machine', forwarded, 401],
    ['from elsewhere with the token', { ...forwarded, ...bearer(pagesToken) }, 200],
    [
      'from elsewhere with the token as password',
      { ...forwarded, Authorization: `Basic ${Buffer.from(`any:${pagesToken}`).toString('base64')}` },
      200,
    ],
    ['from elsewhere with a wrong token', { ...forwarded, ...bearer('wrong') }, 401],
    ['from elsewhere with an empty token', { ...forwarded, ...bearer('') }, 401],
  ];
  for (const [who, sent, status] of visitors) {
    test(`guarded pages ${status === 200 ? 'are shown' : 'are not shown'}: ${who}`, async (t) => {
      const server = await ToyServer.start(t, {}, {}, { isOpen: false, token: pagesToken });
      for (const path of pages)
        assert.equal((await server.send({ method: 'GET', path, headers: sent })).status, status);
      for (const path of ['/healthz', '/readyz']) {
        assert.equal((await server.send({ method: 'GET', path, headers: sent })).status, 200);
      }
    });
  }

  test('without a token of the pages nobody from elsewhere sees them', async (t) => {
    const server = await ToyServer.start(t, {}, {}, { isOpen: false, token: '' });
    const reply = await server.send({ method: 'GET', path: '/metrics', headers: { ...forwarded, ...bearer('') } });
    assert.deepEqual([reply.status, reply.headers['www-authenticate']], [401, 'Basic realm="tessera pages"']);
  });

  test('/openapi.json has every endpoint with headers, envelope and error codes', async (t) => {
    const server = await ToyServer.start(t);
    const document = JSON.parse((await get(server, '/openapi.json')).body.toString());
    const { post: echo } = document.paths['/toy/echo'];
    const [success] = echo.responses[200].content['application/json'].schema.anyOf;
    assert.deepEqual(echo.security, [{ token: [] }]);
    assert.deepEqual(document.paths['/toy/public'].post.security, []);
    assert.deepEqual(Object.keys(echo.requestBody.content['application/json'].schema.properties), [
      'text',
      'count',
      'list',
    ]);
    assert.deepEqual(success.properties.data.properties.list, { type: ['array', 'null'], items: { type: 'string' } });
    assert.deepEqual(Object.keys(document.paths['/toy/strict'].post.responses), ['200', '400', '429']);
    assert.deepEqual(Object.keys(document.paths['/toy/protobuf'].post.requestBody.content), [
      'application/json',
      'application/x-protobuf',
    ]);
    assert.equal(document.components.parameters.operationID.required, true);
    assert.ok(document.components.schemas.Failure.properties.errCode.enum.includes(1506));
    for (const [, name] of JSON.stringify(document).matchAll(/"\$ref":"#\/components\/(\w+\/[\w-]+)"/g)) {
      const [kind = '', key = ''] = name?.split('/') ?? [];
      assert.ok(document.components[kind]?.[key] !== undefined, name);
    }
  });

  test('/docs needs nothing from elsewhere', async (t) => {
    const server = await ToyServer.start(t);
    const entry = await get(server, '/docs');
    const page = await get(server, '/docs/');
    const html = page.body.toString();
    const links = [...html.matchAll(/(?:src|href)="([^"]*)"/g)].map(([, link]) => link);
    const script = await get(server, '/docs/js/scalar.js');
    assert.deepEqual([entry.status, entry.headers.location], [301, '/docs/']);
    assert.deepEqual(links, ['js/scalar.js']);
    assert.match(html, /"url": "\/openapi\.json"/);
    assert.match(String(page.headers['content-security-policy']), /^default-src 'self';/);
    assert.deepEqual([script.status, script.body.length > 1e6], [200, true]);
    assertCommonHeaders(page);
  });
});

/** Sends the headers and the first piece of a body; resolves when the server has the headers. */
async function beginRequest(server: ToyServer, path: string, piece: string) {
  const arrived = once(server.http.server, 'request') as Promise<[IncomingMessage]>;
  const outgoing = request({ port: server.port, host: '127.0.0.1', method: 'POST', path, headers });
  outgoing.write(piece);
  const [incoming] = await arrived;
  return { outgoing, incoming };
}

async function errCodeOf(outgoing: ClientRequest): Promise<number> {
  const [reply] = (await once(outgoing, 'response')) as [IncomingMessage];
  const pieces = (await reply.toArray()) as Buffer[];
  return JSON.parse(Buffer.concat(pieces).toString()).errCode;
}

function assertCommonHeaders({ headers: got }: RawReply): void {
  assert.match(String(got['x-http-id']), /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  const cors = Object.fromEntries(Object.entries(got).filter(([name]) => name.startsWith('access-control-')));
  assert.deepEqual(cors, {
    'access-control-allow-origin': '*',
    'access-control-allow-methods': '*',
    'access-control-allow-headers': '*',
    'access-control-expose-headers':
      'Content-Length, Access-Control-Allow-Origin, Access-Control-Allow-Headers,Cache-Control,Content-Language,Content-Type,Expires,Last-Modified,Pragma,FooBar',
    'access-control-max-age': '172800',
    'access-control-allow-credentials': 'false',
  });
}

/** Bad input is no news: it must not fill the log. */
function errorsIn({ log }: ToyServer): LogLine[] {
  return log.filter(({ level }) => level >= 40);
}

function* manyKeys(count: number): Generator<[string, unknown]> {
  for (let index = 0; index < count; index++) yield [`key${index}`, index];
  yield ['text', 'last'];
}

/** Of the next request: while other work keeps it, after its caller has been looked at. */
function endTokenBeforeTurn(server: ToyServer): void {
  server.http.server.once('request', () =>
    setImmediate(() => {
      server.nowMs += 500;
      server.tokenFault = errors.tokenKicked;
    }),
  );
}

/** Headers and body. @returns what is answered */
async function postInOnePiece(t: Pick<TestContext, 'after'>, server: ToyServer): Promise<string> {
  const socket = connect(server.port, '127.0.0.1');
  t.after(() => socket.destroy());
  const head = `POST /toy/echo HTTP/1.1\r\nHost: x\r\noperationID: o\r\ntoken: ${headers.token}\r\n`;
  socket.write(`${head}Content-Length: 2\r\n\r\n{}`);
  const [answer] = await once(socket, 'data');
  return String(answer);
}
