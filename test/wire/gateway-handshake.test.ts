/** The handshake: every row of the protocol's error table in every form of delivery, and the order of the checks. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type IncomingMessage, request } from 'node:http';
import { connect as connectTcp, type Socket } from 'node:net';
import { describe, type TestContext, test } from 'node:test';
import { errors } from '../../src/protocol/errors.ts';
import { platformIDs } from '../../src/protocol/numbers/platforms.ts';
import { connect, dialRefused, SocketClient } from '../support/socket-client.ts';
import { startTestGateway, type TestGateway } from '../support/test-gateway.ts';
import { converse, send } from './raw-http.ts';

const succeeded = '{"errCode":0,"errMsg":"","errDlt":""}';
const argsText = 'args err, need token, sendID, platformID';

type Query = Readonly<Record<string, string | undefined>>;

interface Row {
  readonly when: string;
  readonly errCode: number;
  readonly errMsg: string;
  /** Free text where it is left out. */
  readonly errDlt?: string | RegExp;
  readonly query: Query | ((gateway: TestGateway) => Query);
}

const refusedParameters: readonly Row[] = [
  {
    when: 'platformID is missing',
    errCode: 1602,
    errMsg: argsText,
    errDlt: 'platformID is not int',
    query: { platformID: undefined },
  },
  {
    when: 'platformID is a word',
    errCode: 1602,
    errMsg: argsText,
    errDlt: 'platformID is not int',
    query: { platformID: 'web' },
  },
  {
    when: 'isBackground is missing',
    errCode: 500,
    errMsg: 'ServerInternalError',
    errDlt: 'invalid syntax',
    query: { isBackground: undefined },
  },
  {
    when: 'isBackground is no bool',
    errCode: 500,
    errMsg: 'ServerInternalError',
    errDlt: 'invalid syntax',
    query: { isBackground: 'no' },
  },
  {
    when: 'operationID is empty',
    errCode: 1602,
    errMsg: argsText,
    errDlt: 'operationID is empty',
    query: { operationID: '' },
  },
  { when: 'token is missing', errCode: 1602, errMsg: argsText, errDlt: 'token is empty', query: { token: undefined } },
  { when: 'sendID is empty', errCode: 1602, errMsg: argsText, errDlt: 'sendID is empty', query: { sendID: '' } },
  {
    when: 'platformID is 0',
    errCode: 1602,
    errMsg: argsText,
    errDlt: 'platformID is invalid',
    query: { platformID: '0' },
  },
  {
    when: 'platformID is 12',
    errCode: 1602,
    errMsg: argsText,
    errDlt: 'platformID is invalid',
    query: { platformID: '13' },
  },
  {
    when: 'sdkType is unknown',
    errCode: 1602,
    errMsg: argsText,
    errDlt: 'sdkType is invalid',
    query: { sdkType: 'rust' },
  },
  {
    when: 'no codec serves the sdkType',
    errCode: 1602,
    errMsg: argsText,
    errDlt: 'sdkType is invalid',
    query: { sdkType: 'go' },
  },
  {
    when: 'no codec serves the default sdkType',
    errCode: 1602,
    errMsg: argsText,
    errDlt: 'sdkType is invalid',
    query: { sdkType: undefined },
  },
];

/** The flag itself, or what holds it, cannot be read: they are answered over HTTP in any case. */
const refusedOverHttp: readonly Row[] = [
  {
    when: 'isMsgResp is no bool',
    errCode: 1602,
    errMsg: argsText,
    errDlt: 'isMsgResp is not bool',
    query: { isMsgResp: 'yes' },
  },
  { when: 'v is no base64', errCode: 1602, errMsg: argsText, errDlt: 'data is not base64', query: { v: '%%%' } },
  { when: 'v is padded base64', errCode: 1602, errMsg: argsText, errDlt: 'data is not base64', query: { v: 'e30=' } },
  {
    when: 'v is no JSON',
    errCode: 1602,
    errMsg: argsText,
    errDlt: /^data is not json, info=/,
    query: { v: Buffer.from('{').toString('base64url') },
  },
];

const tokenOf = (make: (gateway: TestGateway) => string) => (gateway: TestGateway) => ({ token: make(gateway) });

const refusedTokens: readonly Row[] = [
  {
    when: 'the token has expired',
    errCode: 1501,
    errMsg: 'TokenExpiredError',
    query: tokenOf((g) => g.authority.issueBad(errors.tokenExpired())),
  },
  {
    when: 'the token is of another user',
    errCode: 1502,
    errMsg: 'TokenInvalidError',
    errDlt: /userID/,
    query: tokenOf((g) => g.authority.issue('bob')),
  },
  {
    when: 'the token is of another platform',
    errCode: 1502,
    errMsg: 'TokenInvalidError',
    errDlt: /platformID/,
    query: tokenOf((g) => g.authority.issue('alice', 1)),
  },
  {
    when: 'the token is malformed',
    errCode: 1503,
    errMsg: 'TokenMalformedError',
    query: tokenOf((g) => g.authority.issueBad(errors.tokenMalformed())),
  },
  {
    when: 'the token is not valid yet',
    errCode: 1504,
    errMsg: 'TokenNotValidYetError',
    query: tokenOf((g) => g.authority.issueBad(errors.tokenNotValidYet())),
  },
  {
    when: 'the signature is wrong',
    errCode: 1505,
    errMsg: 'TokenUnknownError',
    query: tokenOf((g) => g.authority.issueBad(errors.tokenUnknown())),
  },
  {
    when: 'the token has been kicked',
    errCode: 1506,
    errMsg: 'TokenKickedError',
    query: tokenOf((g) => g.authority.issueBad(errors.tokenKicked())),
  },
  { when: 'the token is unknown', errCode: 1507, errMsg: 'TokenNotExistError', query: { token: 'never issued' } },
  {
    when: 'the token store is away (T5)',
    errCode: 500,
    errMsg: 'ServerInternalError',
    query: tokenOf((g) => g.authority.issueBad(errors.internal('token store unavailable'))),
  },
  {
    when: 'the token check throws (T5)',
    errCode: 500,
    errMsg: 'ServerInternalError',
    errDlt: /^reference [0-9a-f]{32}$/,
    query: tokenOf((g) => g.authority.issueBad(new TypeError('private detail'))),
  },
];

function queryFor(row: Row, gateway: TestGateway): Query {
  const token = gateway.authority.issue('alice');
  return { token, ...(typeof row.query === 'function' ? row.query(gateway) : row.query) };
}

function assertError(body: string, { errCode, errMsg, errDlt }: Row, query: Query): void {
  const found = JSON.parse(body) as Record<string, unknown>;
  assert.deepEqual(Object.keys(found), ['errCode', 'errMsg', 'errDlt']);
  assert.deepEqual({ errCode: found.errCode, errMsg: found.errMsg }, { errCode, errMsg });
  if (errDlt instanceof RegExp) assert.match(String(found.errDlt), errDlt);
  else if (errDlt !== undefined) assert.equal(found.errDlt, errDlt);
  assert.ok(Buffer.byteLength(body) < 1024, 'native clients read 1024 bytes');
  assert.ok(!query.token || !body.includes(query.token), 'the token is not echoed');
  assert.ok(!body.includes('private detail'));
}

describe('handshake errors', async () => {
  for (const row of [...refusedParameters, ...refusedOverHttp, ...refusedTokens]) {
    test(`${row.errCode} over HTTP with status 200 when ${row.when}`, async (t) => {
      const gateway = await startTestGateway(t);
      const query = queryFor(row, gateway);
      const refusal = await dialRefused({ port: gateway.port, query });
      assert.equal(refusal.status, 200);
      assert.equal(refusal.contentType, 'application/json; charset=utf-8');
      assertError(refusal.body, row, query);
    });
  }

  for (const row of [...refusedParameters, ...refusedTokens]) {
    test(`${row.errCode} as the only text frame, then 1006, to a client with isMsgResp when ${row.when}`, async (t) => {
      const gateway = await startTestGateway(t);
      const query = queryFor(row, gateway);
      const client = await connect({ port: gateway.port, query: { ...query, isMsgResp: 'true' } });
      assertError(await client.nextText(), row, query);
      assert.equal((await client.closed).code, 1006);
      assert.equal(client.pending.length, 0);
    });
  }

  for (const row of [refusedParameters[0]!, refusedTokens[0]!]) {
    test(`${row.errCode} over HTTP to a request that does not ask for an upgrade when ${row.when}`, async (t) => {
      const gateway = await startTestGateway(t);
      const query = queryFor(row, gateway);
      const reply = await send(gateway.port, { method: 'GET', path: pathOf(query) });
      assert.equal(reply.status, 200);
      assertError(reply.body.toString(), row, query);
    });
  }

  test('limit maxConnections: as many are let in', async (t) => {
    const gateway = await startTestGateway(t, { limits: { maxConnections: 2 } });
    await gateway.connect('alice');
    await gateway.connect('bob');
  });

  test('limit maxConnections: one more is 1601, over HTTP, and as a text frame to a client with isMsgResp', async (t) => {
    const gateway = await startTestGateway(t, { limits: { maxConnections: 1 } });
    await gateway.connect('alice');
    const row = {
      when: '',
      errCode: 1601,
      errMsg: 'ConnOverMaxNumLimit',
      errDlt: 'over max conn num limit',
      query: {},
    };
    const query = queryFor(row, gateway);
    assertError((await dialRefused({ port: gateway.port, query })).body, row, query);
    const reader = await connect({ port: gateway.port, query: { ...query, isMsgResp: 'true' } });
    assertError(await reader.nextText(), row, query);
    assert.equal((await reader.closed).code, 1006);
  });

  test('1601 precedes the check of the parameters', async (t) => {
    const gateway = await startTestGateway(t, { limits: { maxConnections: 1 } });
    await gateway.connect('alice');
    const { body } = await dialRefused({ port: gateway.port, query: { platformID: 'web' } });
    assert.equal(JSON.parse(body).errCode, 1601);
  });

  test('the first of several wrong parameters is reported, in the order of the protocol', async (t) => {
    const gateway = await startTestGateway(t);
    const wrong = {
      platformID: 'x',
      isMsgResp: 'x',
      isBackground: 'x',
      operationID: '',
      token: '',
      sendID: '',
      sdkType: 'x',
    };
    const mended = {
      platformID: '13',
      isMsgResp: '0',
      isBackground: 'f',
      operationID: 'op',
      token: 'unknown',
      sendID: 'alice',
    };
    const query: Record<string, string> = { ...wrong };
    const details: string[] = [];
    const ask = async () => {
      const { body } = await dialRefused({ port: gateway.port, query });
      details.push(JSON.parse(body).errDlt);
    };
    await ask();
    for (const [name, value] of Object.entries(mended)) {
      query[name] = value;
      await ask();
    }
    query.platformID = '5';
    await ask();
    assert.deepEqual(details, [
      'platformID is not int',
      'isMsgResp is not bool',
      'invalid syntax',
      'operationID is empty',
      'token is empty',
      'sendID is empty',
      'platformID is invalid',
      'sdkType is invalid',
    ]);
  });

  test('T5: a token check that never answers becomes 500 in the time for a handshake', async (t) => {
    const gateway = await startTestGateway(t, { limits: { handshakeTimeoutMs: 50 } });
    gateway.authority.gate = new Promise(() => {});
    const { body } = await dialRefused({ port: gateway.port, query: { token: gateway.authority.issue('alice') } });
    assert.equal(JSON.parse(body).errCode, 500);
  });

  test('T6: what went wrong with a token is logged under the reference, the token is not', async (t) => {
    const gateway = await startTestGateway(t);
    const token = gateway.authority.issueBad(new TypeError('private detail'));
    const { body } = await dialRefused({ port: gateway.port, query: { token, operationID: 'op-17' } });
    const reference = JSON.parse(body).errDlt.split(' ')[1];
    const line = gateway.log.find((candidate) => candidate.includes(reference));
    assert.ok(line?.includes('private detail') && line.includes('"operationID":"op-17"'));
    assert.ok(!gateway.log.join('').includes(token));
  });
});

test('a call of the API that went to the gateway shows in the log, ten times a minute and without its query', async (t) => {
  const gateway = await startTestGateway(t);
  const strays = () => gateway.log.map((line) => JSON.parse(line)).filter(({ msg }) => /^no such path here/.test(msg));
  for (let i = 0; i < 12; i++) await send(gateway.port, { path: '/auth/get_user_token?secret=hush' });
  gateway.monotonicMs += 60_000;
  await send(gateway.port, { method: 'GET', path: '/' });
  assert.deepEqual(
    strays().map(({ method, path, leftOut }) => ({ method, path, leftOut })),
    [
      ...Array(10).fill({ method: 'POST', path: '/auth/get_user_token', leftOut: 0 }),
      { method: 'GET', path: '/', leftOut: 2 },
    ],
  );
  await gateway.connect('alice');
  assert.equal(strays().length, 11);
});

describe('handshake', () => {
  test('the result is the first text frame for a client with isMsgResp', async (t) => {
    const gateway = await startTestGateway(t);
    const client = await gateway.connect('alice', { query: { isMsgResp: 'true', compression: 'gzip' } });
    assert.equal(await client.nextText(), succeeded);
  });

  test('nothing is sent to a client without isMsgResp', async (t) => {
    const gateway = await startTestGateway(t);
    const client = await gateway.connect('alice');
    await client.roundTrip();
    assert.equal(client.pending.length, 0);
  });

  test('the v form connects', async (t) => {
    const gateway = await startTestGateway(t);
    const params = {
      token: gateway.authority.issue('alice', 1),
      userID: 'alice',
      platformID: 1,
      operationID: 'op',
      sdkType: 'js',
      sendResponse: true,
    };
    const v = Buffer.from(JSON.stringify(params)).toString('base64url');
    const client = await gateway.dial({ query: { v } });
    assert.ok(client instanceof SocketClient);
    assert.equal(await client.nextText(), succeeded);
  });

  test('every platform connects', async (t) => {
    const gateway = await startTestGateway(t);
    for (const platformID of platformIDs) {
      await gateway.connect('alice', { query: { platformID: String(platformID) } });
    }
    assert.equal(await gateway.metric('gatewayConnections'), 12);
  });

  test('every path, origin and offer of extensions or sub-protocols is accepted and none of them taken up', async (t) => {
    const gateway = await startTestGateway(t);
    const path = `/some/where${pathOf({ token: gateway.authority.issue('alice') })}`;
    const headers = {
      Origin: 'https://elsewhere.example',
      'Sec-WebSocket-Protocol': 'chat, superchat',
      'Sec-WebSocket-Extensions': 'permessage-deflate; client_max_window_bits',
    };
    const outgoing = request({ port: gateway.port, path, headers: { ...upgradeHeaders, ...headers } }).end();
    const [response, socket] = (await once(outgoing, 'upgrade')) as [IncomingMessage, Socket];
    socket.destroy();
    assert.equal(response.statusCode, 101);
    assert.equal(response.headers['sec-websocket-protocol'], undefined);
    assert.equal(response.headers['sec-websocket-extensions'], undefined);
  });

  test('a server that the gateway is attached to upgrades as well', async (t) => {
    const gateway = await startTestGateway(t);
    const server = createServer();
    gateway.gateway.attach(server);
    t.after(() => server.close());
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as { port: number };
    const query = { token: gateway.authority.issue('alice') };
    const client = await connect({ port, path: '/msg_gateway', query });
    await client.roundTrip();
    await client.close();
  });

  for (const [what, headers] of Object.entries({
    'no upgrade': {},
    'an upgrade to HTTP/2': {
      Connection: 'Upgrade, HTTP2-Settings',
      Upgrade: 'h2c',
      'HTTP2-Settings': 'AAMAAABkAAQCAAAAAAIAAAAA',
    },
    'no key': { Connection: 'Upgrade', Upgrade: 'websocket', 'Sec-WebSocket-Version': '13' },
    'a future version': {
      Connection: 'Upgrade',
      Upgrade: 'websocket',
      'Sec-WebSocket-Version': '14',
      'Sec-WebSocket-Key': 'dGhlIHNhbXBsZSBub25jZQ==',
    },
  } as Record<string, Record<string, string>>)) {
    test(`a request with good parameters and ${what} gets a plain-text 4xx`, async (t) => {
      const gateway = await startTestGateway(t);
      const path = pathOf({ token: gateway.authority.issue('alice') });
      const reply = await send(gateway.port, { method: 'GET', path, headers });
      assert.equal(Math.floor(reply.status / 100), 4);
      assert.equal(reply.headers['content-type'], 'text/plain; charset=utf-8');
    });
  }

  test('O1: what is no HTTP at all is refused, and others are served', async (t) => {
    const gateway = await startTestGateway(t);
    const answer = await converse(gateway.port, '\u0016\u0003\u0001 hello TLS\r\n\r\n');
    assert.match(answer, /^HTTP\/1\.1 400 /);
    await (await gateway.connect('alice')).roundTrip();
  });

  test('connections are counted exactly, those in their handshake included', async (t) => {
    const gateway = await startTestGateway(t, { limits: { maxConnections: 10 } });
    gateway.authority.displaces = () => [];
    const gate = Promise.withResolvers<void>();
    gateway.authority.gate = gate.promise;
    const dials = Array.from({ length: 40 }, () =>
      gateway.dial({ query: { token: gateway.authority.issue('alice') } }),
    );
    // The thirty that find no place are answered before any token check is.
    await countSettled(dials, 30);
    gate.resolve();
    const outcomes = await Promise.all(dials);
    assert.equal(outcomes.filter((outcome) => outcome instanceof SocketClient).length, 10);
    assert.equal(await gateway.metric('gatewayConnections'), 10);
  });

  test('a place is free again as soon as its connection has ended or its handshake has failed', async (t) => {
    const gateway = await startTestGateway(t, { limits: { maxConnections: 1 } });
    for (let round = 0; round < 20; round++) {
      const { body } = await dialRefused({ port: gateway.port, query: { token: 'unknown' } });
      assert.equal(JSON.parse(body).errCode, 1507);
      const client = await gateway.connect('alice');
      await client.close();
    }
  });

  test('open sockets are counted by the name of their platform', async (t) => {
    const gateway = await startTestGateway(t);
    await gateway.connect('alice', { query: { platformID: '2' } });
    assert.equal(await gateway.metric('gatewayConnections', { platform: 'Android' }), 1);
  });

  test('a client that goes away during the token check leaves nothing behind', async (t) => {
    const gateway = await startTestGateway(t, { limits: { maxConnections: 1 } });
    const gate = Promise.withResolvers<void>();
    gateway.authority.gate = gate.promise;
    await abandonHandshake(t, gateway);
    gateway.authority.gate = Promise.resolve();
    gate.resolve();
    let outcome = await gateway.dial({ query: { token: gateway.authority.issue('alice') } });
    while (!(outcome instanceof SocketClient)) {
      outcome = await gateway.dial({ query: { token: gateway.authority.issue('alice') } });
    }
    assert.equal(await gateway.metric('gatewayConnections'), 1);
  });
});

const upgradeHeaders = {
  Connection: 'Upgrade',
  Upgrade: 'websocket',
  'Sec-WebSocket-Version': '13',
  'Sec-WebSocket-Key': 'dGhlIHNhbXBsZSBub25jZQ==',
};

function pathOf(query: Query): string {
  const params = new URLSearchParams();
  const all = { sendID: 'alice', platformID: '5', operationID: 'op', isBackground: 'false', sdkType: 'js', ...query };
  for (const [name, value] of Object.entries(all)) if (value !== undefined) params.set(name, value);
  return `/?${params}`;
}

async function countSettled(promises: readonly Promise<unknown>[], count: number): Promise<void> {
  let settled = 0;
  await new Promise<void>((resolve) => {
    for (const promise of promises) {
      promise.then(() => {
        settled++;
        if (settled === count) resolve();
      });
    }
  });
}

/** Resets the TCP connection while the gateway checks the token. */
async function abandonHandshake(t: TestContext, gateway: TestGateway): Promise<void> {
  const path = pathOf({ token: gateway.authority.issue('alice') });
  const verifying = new Promise<void>((resolve) => {
    const verify = gateway.authority.verify.bind(gateway.authority);
    t.mock.method(gateway.authority, 'verify', (token: string) => {
      resolve();
      return verify(token);
    });
  });
  const headers = Object.entries(upgradeHeaders).map(([name, value]) => `${name}: ${value}\r\n`);
  const socket = connectTcp(gateway.port, '127.0.0.1', () => {
    socket.write(`GET ${path} HTTP/1.1\r\nHost: x\r\n${headers.join('')}\r\n`);
  });
  await verifying;
  socket.resetAndDestroy();
}
