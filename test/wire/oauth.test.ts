/** RFC 7662 introspection and RFC 7009 revocation for other back ends: docs/tokens.md. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { after, before, describe, type TestContext, test } from 'node:test';
import { oauthEndpoints } from '../../src/http/oauth/index.ts';
import introspect from '../../src/http/oauth/introspect.ts';
import revoke from '../../src/http/oauth/revoke.ts';
import { connect } from '../support/socket-client.ts';
import { redisForSuite } from '../support/test-services.ts';
import type { RawReply } from './raw-http.ts';
import { adminUserID, type TokenKind, World } from './world.ts';

const clientSecret = 'gate way+secret%20:é';
const settings = { TESSERA_OAUTH_CLIENTS: `gateway:${clientSecret},other.app:another-secret` };
const formType = 'application/x-www-form-urlencoded';

interface Request {
  readonly path?: string;
  /** Form fields, or the body as it is. */
  readonly form?: Readonly<Record<string, string>> | string;
  /** `gateway`'s by HTTP Basic by default. */
  readonly headers?: Readonly<Record<string, string>>;
}

const basicOf = (credentials: string) => ({ Authorization: `Basic ${Buffer.from(credentials).toString('base64')}` });
const gatewayBasic = basicOf(`gateway:${clientSecret}`);
const noHeaders = {};

async function post(world: World, { path = introspect.path, form = {}, headers = gatewayBasic }: Request) {
  const body = typeof form === 'string' ? form : new URLSearchParams(form).toString();
  return world.send({ path, headers: { 'Content-Type': formType, ...headers }, body });
}

function jsonOf({ body }: RawReply): Record<string, unknown> {
  return JSON.parse(body.toString());
}

async function openWorld(t: TestContext, changes: Readonly<Record<string, string>> = settings): Promise<World> {
  const world = await World.open(changes);
  t.after(() => world[Symbol.asyncDispose]());
  return world;
}

/** A failure as RFC 6749 5.2 has it. */
function assertFailure(reply: RawReply, status: number, error: string): void {
  assert.equal(reply.status, status, reply.body.toString());
  assert.equal(reply.headers['content-type'], 'application/json');
  assert.equal(reply.headers['cache-control'], 'no-store');
  const { error: code, error_description: description, ...rest } = jsonOf(reply);
  assert.deepEqual([code, rest], [error, {}]);
  assert.match(String(description), /^[\x20\x21\x23-\x5b\x5d-\x7e]+$/);
}

for (const { path } of oauthEndpoints) {
  describe(`POST ${path}: who may call`, () => {
    let world: World;
    before(async () => {
      world = await World.open(settings);
    });
    after(() => world[Symbol.asyncDispose]());
    const call = (request: Request) => post(world, { path, form: { token: 'x' }, ...request });

    const welcome: readonly (Request & { readonly why: string })[] = [
      { why: 'HTTP Basic', headers: gatewayBasic },
      {
        why: 'HTTP Basic, escaped as RFC 6749 wants it',
        headers: basicOf(`gateway:${encodeURIComponent(clientSecret)}`),
      },
      { why: 'HTTP Basic, escaped with + for a space', headers: basicOf('gateway:gate+way%2Bsecret%2520%3A%C3%A9') },
      {
        why: 'the scheme in another case',
        headers: { Authorization: gatewayBasic.Authorization.replace('Basic', 'bAsIc') },
      },
      { why: 'another client', headers: basicOf('other.app:another-secret') },
      {
        why: 'credentials in the form',
        headers: noHeaders,
        form: { token: 'x', client_id: 'gateway', client_secret: clientSecret },
      },
      { why: 'HTTP Basic and the same ID in the form', form: { token: 'x', client_id: 'gateway' } },
      {
        why: 'a charset in the content type',
        headers: { ...gatewayBasic, 'Content-Type': `${formType}; charset=utf-8` },
      },
      { why: 'an operationID, which nobody asks for', headers: { ...gatewayBasic, operationID: 'op' } },
      { why: 'a hint, which is not looked at', form: { token: 'x', token_type_hint: 'refresh_token' } },
      { why: 'fields that it does not know', form: { token: 'x', resource: 'y' } },
    ];
    for (const { why, ...request } of welcome) {
      test(`200: ${why}`, async () => {
        const reply = await call(request);
        assert.equal(reply.status, 200, reply.body.toString());
        assert.equal(reply.headers['cache-control'], 'no-store');
        assert.equal(reply.headers['access-control-allow-origin'], '*');
        assert.match(String(reply.headers['x-http-id']), /^[\da-f-]{36}$/);
      });
    }

    const strangers: readonly (Request & { readonly why: string })[] = [
      { why: 'no credentials', headers: noHeaders },
      { why: 'an ID without a secret', headers: noHeaders, form: { token: 'x', client_id: 'gateway' } },
      { why: 'an empty secret', headers: noHeaders, form: { token: 'x', client_id: 'gateway', client_secret: '' } },
      { why: 'a wrong secret', headers: basicOf('gateway:wrong-secret') },
      { why: "another client's secret", headers: basicOf('gateway:another-secret') },
      { why: 'an unknown client', headers: basicOf(`nobody:${clientSecret}`) },
      { why: 'a client that every object has', headers: basicOf('constructor:x') },
      { why: 'a token', headers: { Authorization: 'Bearer x' } },
      { why: 'Basic without a colon', headers: basicOf('gateway') },
      { why: 'Basic that is no base64', headers: { Authorization: 'Basic ***' } },
      {
        why: 'wrong credentials in the form',
        headers: noHeaders,
        form: { client_id: 'gateway', client_secret: 'wrong' },
      },
    ];
    for (const { why, ...request } of strangers) {
      test(`401 invalid_client with a challenge: ${why}`, async () => {
        const reply = await call(request);
        assertFailure(reply, 401, 'invalid_client');
        assert.match(String(reply.headers['www-authenticate']), /^Basic realm="/);
      });
    }

    const wrong: readonly (Request & { readonly why: string })[] = [
      { why: 'no token', form: {} },
      { why: 'an empty token', form: { token: '' } },
      { why: 'an empty body', form: '' },
      { why: 'two tokens', form: 'token=a&token=b' },
      { why: 'a field that is repeated', form: 'token=a&client_id=gateway&client_id=gateway' },
      { why: 'credentials in two ways', form: { token: 'x', client_id: 'gateway', client_secret: clientSecret } },
      { why: 'another ID in the form', form: { token: 'x', client_id: 'other.app' } },
      { why: 'JSON', form: '{"token":"x"}', headers: { ...gatewayBasic, 'Content-Type': 'application/json' } },
      { why: 'no content type', headers: { ...gatewayBasic, 'Content-Type': '' } },
      { why: 'more than 64 KiB', form: { token: 'x'.repeat(64 * 1024) } },
    ];
    for (const { why, ...request } of wrong) {
      test(`O1 400 invalid_request: ${why}`, async () => assertFailure(await call(request), 400, 'invalid_request'));
    }

    test('GET is no such page', async () => {
      assert.equal((await world.send({ method: 'GET', path: `${path}?token=x`, headers: gatewayBasic })).status, 404);
    });
  });

  test(`${path}: without configured clients everybody is 401`, async (t) => {
    const world = await openWorld(t, {});
    for (const headers of [gatewayBasic, noHeaders, basicOf(':'), basicOf('undefined:undefined')]) {
      assertFailure(await post(world, { path, form: { token: 'x' }, headers }), 401, 'invalid_client');
    }
  });

  test(`${path}: an address that guesses is refused with 429 and Retry-After, also with the right secret`, async (t) => {
    const world = await openWorld(t);
    const form = { token: 'x' };
    for (let i = 0; i < 30; i++) await post(world, { path, form, headers: noHeaders });
    for (let i = 0; i < 10; i++) {
      assert.equal((await post(world, { path, form, headers: basicOf(`gateway:guess ${i}`) })).status, 401);
    }
    const reply = await post(world, { path, form });
    assertFailure(reply, 429, 'temporarily_unavailable');
    assert.ok(Number(reply.headers['retry-after']) > 50);
    world.passTime(60_000);
    assert.equal((await post(world, { path, form })).status, 200);
  });

  test(`${path}: what is the client's fault is no error of ours, and is not logged as one`, async (t) => {
    const lines: string[] = [];
    const logDestination = { write: (line: string) => lines.push(line) } as unknown as NodeJS.WritableStream;
    const world = await World.open({ ...settings, TESSERA_LOG_LEVEL: 'info' }, { logDestination });
    t.after(() => world[Symbol.asyncDispose]());
    lines.length = 0;
    await post(world, { path, form: {} });
    await post(world, { path, form: { token: 'x' }, headers: noHeaders });
    await post(world, { path, form: { token: 'x' }, headers: basicOf('gateway:wrong') });
    assert.deepEqual(lines, []);
  });

  test(`T5 ${path}: while the store fails it is 503 and Retry-After, which says nothing about the token`, async (t) => {
    const world = await openWorld(t);
    const token = await world.issue('alice', 2);
    using database = new DatabaseSync(join(world.dataDir, 'tessera.db'));
    database.exec('ALTER TABLE tokens RENAME TO tokens_away');
    const reply = await post(world, { path, form: { token } });
    assertFailure(reply, 503, 'temporarily_unavailable');
    assert.equal(reply.headers['retry-after'], '5');
    assert.ok(jsonOf(reply).error_description?.toString().includes(String(reply.headers['x-http-id'])));
    assert.ok(!reply.body.includes('tokens_away') && !reply.body.includes(token));
    database.exec('ALTER TABLE tokens_away RENAME TO tokens');
    assert.equal(await world.verdict(token), 0);
  });

  test(`${path} is in the API reference, and its requests are counted`, async (t) => {
    const world = await openWorld(t);
    const get = async (page: string) => (await world.send({ method: 'GET', path: page })).body.toString();
    const document = JSON.parse(await get('/openapi.json'));
    const { post: operation } = document.paths[path];
    assert.deepEqual(Object.keys(operation.responses), ['200', '400', '401', '429', '503']);
    assert.deepEqual(Object.keys(operation.requestBody.content), [formType]);
    for (const name of Object.keys(operation.security[0])) assert.ok(document.components.securitySchemes[name]);
    await post(world, { path, form: { token: 'x' } });
    await post(world, { path, form: { token: 'x' }, headers: noHeaders });
    const metrics = await get('/metrics');
    for (const code of [0, 401]) {
      assert.ok(metrics.includes(`tessera_http_request_seconds_count{route="${path}",code="${code}"} 1`), `${code}`);
    }
  });
}

test('T5 a Redis that has died is 503 to both, and when it is back the token is what it was', async (t) => {
  const redis = await redisForSuite(t, { args: ['--appendonly', 'yes', '--appendfsync', 'always'] });
  if (redis === undefined) return;
  const world = await openWorld(t, { ...settings, TESSERA_REDIS_URL: redis.url });
  const token = await world.issue('alice', 2);
  await redis.kill();
  for (const { path } of oauthEndpoints) {
    assertFailure(await post(world, { path, form: { token } }), 503, 'temporarily_unavailable');
  }
  await redis.restart();
  const isReady = async () => (await world.send({ method: 'GET', path: '/readyz' })).status === 200;
  while (!(await isReady()));
  assert.equal(jsonOf(await post(world, { form: { token } })).active, true);
});

describe('introspection', () => {
  test('an accepted token is active, with whose it is and until when', async (t) => {
    const world = await openWorld(t);
    const token = await world.issue('bob', 3);
    const claims = JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString());
    const { iat, ...answer } = jsonOf(await post(world, { form: { token } }));
    assert.deepEqual(answer, {
      active: true,
      sub: 'bob',
      exp: claims.exp,
      jti: claims.jti,
      token_type: 'Bearer',
      platform_id: 3,
      platform: 'Windows',
    });
    assert.ok(Math.abs(Number(iat) - Date.now() / 1000) < 10);
  });

  test('an admin token is active like any other', async (t) => {
    const world = await openWorld(t);
    const answer = jsonOf(await post(world, { form: { token: world.token('admin') } }));
    assert.partialDeepStrictEqual(answer, { active: true, sub: adminUserID, platform: 'Admin' });
  });

  test('T4 whatever is not accepted is inactive, and nothing more is said', async (t) => {
    const world = await openWorld(t);
    const kinds: readonly TokenKind[] = ['expired', 'broken', 'forged', 'kicked', 'unknown'];
    const tokens = [...kinds.map((kind) => world.token(kind)), `Bearer ${world.token('user')}`, 'x'.repeat(60_000)];
    for (const token of tokens) {
      const reply = await post(world, { form: { token } });
      assert.deepEqual([reply.status, reply.body.toString()], [200, '{"active":false}']);
    }
  });

  test('T1 a token is active until its exp', async (t) => {
    const world = await openWorld(t);
    const token = world.token('user');
    const isActive = async () => jsonOf(await post(world, { form: { token } })).active;
    world.passTime(3_590_000);
    const before = await isActive();
    world.passTime(11_000);
    assert.deepEqual([before, await isActive()], [true, false]);
  });

  test('a token that was renewed is active for a minute, and says so', async (t) => {
    const world = await openWorld(t);
    const token = world.token('user');
    const { exp: before } = jsonOf(await post(world, { form: { token } }));
    world.passTime(40_000);
    await world.post('/auth/renew_token', {}, token);
    const { active, exp } = jsonOf(await post(world, { form: { token } }));
    assert.equal(active, true);
    assert.ok(Number(before) - Number(exp) > 3400);
    world.passTime(61_000);
    assert.deepEqual(jsonOf(await post(world, { form: { token } })), { active: false });
  });
});

describe('revocation', () => {
  const revoked = async (world: World, token: string) => {
    const reply = await post(world, { path: revoke.path, form: { token } });
    assert.deepEqual([reply.status, reply.body.length, reply.headers['content-type']], [200, 0, undefined]);
  };

  test('T4 the token is 1506 from then on, its socket gets 2002 and closes, others stay', async (t) => {
    const world = await openWorld(t);
    const token = world.token('user');
    const socket = await connect({ port: world.wsPort, query: { platformID: '1', token } });
    assert.equal(await world.verdict(token), 0);
    await revoked(world, token);
    assert.equal((await socket.nextReply()).reqIdentifier, 2002);
    assert.equal((await socket.closed).code, 1008);
    assert.deepEqual([await world.verdict(token), await world.verdict(world.token('other'))], [1506, 0]);
    assert.deepEqual(jsonOf(await post(world, { form: { token } })), { active: false });
  });

  test('what is no token here, or no longer, is a success and ends nothing', async (t) => {
    const world = await openWorld(t);
    for (const kind of ['expired', 'broken', 'forged', 'kicked', 'unknown'] as const) {
      await revoked(world, world.token(kind));
    }
    await revoked(world, `Bearer ${world.token('user')}`);
    assert.equal(await world.verdict(world.token('user')), 0);
    assert.equal(await world.verdict(world.token('unknown')), 1507);
  });

  test('the audit trail has the client and the call, by its operationID or the ID that the answer has', async (t) => {
    const world = await openWorld(t);
    const reply = await post(world, { path: revoke.path, form: { token: world.token('user') } });
    const named = { ...gatewayBasic, operationID: 'op of the gateway' };
    await post(world, { path: revoke.path, form: { token: world.token('other') }, headers: named });
    const { events } = await world.call('/auth/list_token_events', { kinds: ['revoked'] });
    assert.partialDeepStrictEqual(events, [
      { userID: 'bob', actor: 'client:gateway', reason: 'revoked', operationID: 'op of the gateway' },
      { userID: 'alice', actor: 'client:gateway', reason: 'revoked', operationID: String(reply.headers['x-http-id']) },
    ]);
  });
});
