/** Wrong admin secrets: how often an address may guess. Not OpenIM's; the answer is that of its rate limiter. */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { envelopeOf, type RawReply } from './raw-http.ts';
import { adminSecret, adminUserID, World } from './world.ts';

test('defect 21: after ten wrong secrets an address is refused, even with the right one, and told for how long', async (t) => {
  const { world, ask, codes } = await openWorld(t);
  assert.deepEqual(await codes(10, 'wrong'), Array(10).fill(1002));

  const reply = await ask(adminSecret);

  assert.equal(reply.status, 429);
  assert.deepEqual(envelopeOf(reply), {
    errCode: 429,
    errMsg: 'too many requests, please try again later',
    errDlt: `too many wrong credentials from this address; try again in ${reply.headers['retry-after']} s`,
  });
  const seconds = Number(reply.headers['retry-after']);
  assert.ok(seconds > 50 && seconds <= 60, `Retry-After ${seconds}`);
  assert.equal(reply.headers['content-type'], 'application/json');
  assert.equal(reply.headers['access-control-allow-origin'], '*');
  world.passTime(60_000);
  assert.equal(envelopeOf(await ask(adminSecret)).errCode, 0);
});

/** What the right secret meets after so many wrong ones. */
async function codeAfter(t: TestContext, failures: number): Promise<number> {
  const { ask, codes } = await openWorld(t, { TESSERA_MAX_WRONG_SECRETS_PER_MINUTE: '3' });
  assert.deepEqual(await codes(failures, 'wrong'), Array(failures).fill(1002));
  return envelopeOf(await ask(adminSecret)).errCode;
}

test('limit maxWrongSecretsPerMinute: with one less the right secret is taken', async (t) => {
  assert.equal(await codeAfter(t, 2), 0);
});

test('limit maxWrongSecretsPerMinute: one more after so many is 429, even the right one', async (t) => {
  assert.equal(await codeAfter(t, 3), 429);
});

test('what is no wrong secret does not count: bad bodies, unknown admins, right secrets', async (t) => {
  const { world, ask, codes } = await openWorld(t);
  await codes(9, 'wrong');
  for (let i = 0; i < 12; i++) {
    await world.post('/auth/get_admin_token', '{', '');
    await world.post('/auth/get_admin_token', { secret: adminSecret, userID: 'nobody' }, '');
    assert.equal(envelopeOf(await ask(adminSecret)).errCode, 0);
  }
  assert.deepEqual(await codes(2, 'wrong'), [1002, 429]);
});

test('who is refused here still has everything else', async (t) => {
  const { world, codes } = await openWorld(t);
  assert.equal((await codes(11, 'wrong')).at(-1), 429);
  assert.equal(await world.verdict(world.token('user')), 0);
  const parsed = await world.post('/auth/parse_token', { token: world.token('user') }, '');
  assert.equal(envelopeOf(parsed).errCode, 0);
});

test('behind a proxy that is not trusted, ten wrong secrets of one client do not lock out a back end that has proved its own', async (t) => {
  const { ask } = await openWorld(t);
  assert.equal(envelopeOf(await ask(adminSecret, '203.0.113.9')).errCode, 0);
  for (let i = 0; i < 11; i++) await ask('wrong', `203.0.113.9, 198.51.100.${i}`);
  assert.equal((await ask(adminSecret, '198.51.100.200')).status, 429);
  assert.equal(envelopeOf(await ask(adminSecret, '203.0.113.9')).errCode, 0);
});

test('X-Forwarded-For of just anybody is not believed', async (t) => {
  const { ask } = await openWorld(t);
  for (let i = 0; i < 10; i++) await ask('wrong', `198.51.100.${i}`);
  assert.equal((await ask(adminSecret, '198.51.100.99')).status, 429);
});

test('behind a trusted proxy each client counts by itself, by what the proxy saw and not what the client says', async (t) => {
  const { ask } = await openWorld(t, { TESSERA_TRUSTED_PROXIES: '127.0.0.0/8, 10.0.0.1' });
  for (let i = 0; i < 10; i++) await ask('wrong', `203.0.113.${i}, 198.51.100.1, 10.0.0.1`);
  assert.equal((await ask(adminSecret, '198.51.100.1')).status, 429);
  assert.equal(envelopeOf(await ask(adminSecret, '198.51.100.2')).errCode, 0);
  assert.equal(envelopeOf(await ask(adminSecret, '198.51.100.1, 198.51.100.2')).errCode, 0);
});

async function openWorld(t: TestContext, settings: Readonly<Record<string, string>> = {}) {
  const world = await World.open(settings);
  t.after(() => world[Symbol.asyncDispose]());
  const ask = (secret: string, forwardedFor?: string): Promise<RawReply> =>
    world.send({
      path: '/auth/get_admin_token',
      headers: { operationID: 'op', ...(forwardedFor === undefined ? {} : { 'X-Forwarded-For': forwardedFor }) },
      body: JSON.stringify({ secret, userID: adminUserID }),
    });
  const codes = async (times: number, secret: string): Promise<number[]> => {
    const found: number[] = [];
    for (let i = 0; i < times; i++) found.push(envelopeOf(await ask(secret)).errCode);
    return found;
  };
  return { world, ask, codes };
}
