/** A Redis that forgets what it was told: from an older snapshot, flushed, or evicting. What has ended stays ended (T4). */
import assert from 'node:assert/strict';
import { mkdtempDisposable } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { type TestContext, test } from 'node:test';
import fcmUpdateToken from '../../src/http/routes/third/fcm_update_token.ts';
import { connectRedis } from '../../src/redis/client/client.ts';
import { OpenimServer, openimHash } from '../support/openim-redis.ts';
import { runTessera } from '../support/run-tessera.ts';
import { redisCommand, untilTrue } from '../support/services/redis-command.ts';
import { redisForSuite } from '../support/test-services.ts';
import { envelopeOf } from './raw-http.ts';
import { adminSecret, World } from './world.ts';

/** No signing keys, so that what OpenIM has signed with the secret verifies. */
const uncached = { TESSERA_TOKEN_CACHE_SIZE: '0', TESSERA_SIGNING_KEYS: '' };

async function open(t: TestContext, settings: Readonly<Record<string, string>> = {}) {
  // Snapshots only, as distributions have it; none by itself within the test.
  const redis = await redisForSuite(t, { args: ['--save', '3600 1', '--appendonly', 'no'] });
  if (redis === undefined) return undefined;
  const world = await World.open({ ...uncached, TESSERA_REDIS_URL: redis.url, ...settings });
  t.after(() => world[Symbol.asyncDispose]());
  await world.register('dave', 'erin');
  const metric = async (name: string) => {
    const { body } = await world.send({ method: 'GET', path: '/metrics' });
    const lines = body.toString().split('\n');
    return Number(lines.find((line) => line.startsWith(`${name} `))?.split(' ')[1]);
  };
  const untilTrusted = () =>
    untilTrue('Redis is trusted', async () => (await metric('tessera_token_store_doubted')) === 0);
  return { redis, world, metric, untilTrusted };
}

test('T4 tokens that were ended after the snapshot stay ended when Redis comes back from it', async (t) => {
  const opened = await open(t);
  if (opened === undefined) return;
  const { redis, world, metric, untilTrusted } = opened;
  const [revoked, cutOff, forced, kicked, good] = (await Promise.all([
    ...['alice', 'bob', 'carol', 'dave', 'erin'].map((userID) => world.issue(userID, 5)),
  ])) as [string, string, string, string, string];
  await redisCommand(redis.port, 'SAVE');
  await world.call('/auth/revoke_token', { token: revoked });
  await world.call('/auth/revoke_tokens', { userID: 'bob', issuedBefore: Date.now() });
  await world.call('/auth/force_logout', { userID: 'carol', platformID: 5 });
  await world.issue('dave', 5);
  const verdicts = () => Promise.all([revoked, cutOff, forced, kicked, good].map((token) => world.verdict(token)));
  const expected = [1506, 1506, 1506, 1506, 0];
  assert.deepEqual(await verdicts(), expected);

  await redis.kill();
  await redis.restart();
  const seen = new Set<string>();
  await untilTrue('the server is at it again', async () => {
    const codes = await verdicts();
    seen.add(codes.filter((code) => code !== 500).join(' '));
    return !codes.includes(500);
  });
  assert.deepEqual(await verdicts(), expected);
  await untilTrusted();
  assert.deepEqual(await verdicts(), expected);
  for (const codes of seen) assert.ok(codes === '' || expected.join(' ').includes(codes), codes);
  assert.ok((await metric('tessera_token_ends_restored_total')) >= 3);
});

test('T1, T3 a token that Redis has lost is good when it is shown, but where it has ended or a later login has its place', async (t) => {
  const opened = await open(t);
  if (opened === undefined) return;
  const { redis, world, metric, untilTrusted } = opened;
  await world.register('frank');
  const [good, revoked, replaced, forced, shown, beside] = [
    await world.issue('alice', 5),
    await world.issue('bob', 5),
    await world.issue('carol', 5),
    await world.issue('dave', 5),
    await world.issue('erin', 5),
    await world.issue('frank', 5),
  ];
  await world.call('/auth/revoke_token', { token: revoked });
  // Before it has told anybody or anything.
  await redis.kill();
  await redis.restart();
  await untilTrue('Redis answers', async () => (await world.verdict(revoked)) !== 500);
  const newer = await world.issue('carol', 5);
  // What Redis does not know can be ended all the same.
  await world.call('/auth/force_logout', { userID: 'dave', platformID: 5 });
  await world.call('/auth/revoke_token', { token: shown });
  await untilTrusted();
  await world.issue('frank', 1);
  await world.call('/auth/revoke_tokens', { userID: 'frank', platformIDs: [1, 5] });
  for (const token of [forced, shown, beside]) {
    for (let time = 0; time < 2; time += 1) assert.equal(await world.verdict(token), 1506);
  }
  const verdicts = () => Promise.all([good, revoked, replaced, newer].map((token) => world.verdict(token)));
  assert.deepEqual(await verdicts(), [0, 1506, 1506, 0]);
  assert.ok((await metric('tessera_tokens_lost_total{cause="restart"}')) >= 2);
  await world.call('/auth/force_logout', { userID: 'alice', platformID: 5 });
  assert.deepEqual(await verdicts(), [1506, 1506, 1506, 0]);
});

test('T4 a token that Redis has lost is ended like any other, device and all: by a logout, a revocation, and that of all', async (t) => {
  const opened = await open(t);
  if (opened === undefined) return;
  const { redis, world } = opened;
  const users = ['alice', 'bob', 'carol', 'dave', 'erin'];
  const lost = await Promise.all(users.map((userID) => world.issue(userID, 5)));
  for (const [index, account] of users.entries()) {
    const body = { account, platformID: 5, fcmToken: account, expireTime: 0 };
    assert.equal(envelopeOf(await world.post(fcmUpdateToken.path, body, lost[index] ?? '')).errCode, 0);
  }
  await redisCommand(redis.port, 'FLUSHALL');
  // Who has another one by now, which is not to be the only one that is ended.
  const newer = await world.issue('erin', 1);
  await world.call('/auth/force_logout', { userID: 'alice', platformID: 5 });
  await world.call('/auth/revoke_token', { token: lost[1] });
  await world.call('/auth/revoke_tokens', { userID: 'carol' });
  await world.call('/auth/revoke_tokens', { userID: 'erin' });
  const verdicts = await Promise.all([...lost, newer].map((token) => world.verdict(token)));
  assert.deepEqual(verdicts, [1506, 1506, 1506, 0, 1506, 1506]);
  using database = new DatabaseSync(join(world.dataDir, 'tessera.db'), { readOnly: true });
  const devices = database.prepare('SELECT user_id FROM push_tokens ORDER BY 1');
  const owners = () => devices.all().map(({ user_id }) => user_id);
  assert.deepEqual(owners(), ['dave'], 'only those are woken who are logged in');
});

test('the device of a login that has ended in Redis goes as soon as the database takes its removal', async (t) => {
  const opened = await open(t);
  if (opened === undefined) return;
  const { world } = opened;
  const token = await world.issue('dave', 5);
  const body = { account: 'dave', platformID: 5, fcmToken: 'daves', expireTime: 0 };
  assert.equal(envelopeOf(await world.post(fcmUpdateToken.path, body, token)).errCode, 0);
  using database = new DatabaseSync(join(world.dataDir, 'tessera.db'), { timeout: 5000 });
  database.exec("CREATE TRIGGER fault BEFORE DELETE ON push_tokens BEGIN SELECT RAISE(ABORT, 'it cannot be'); END");
  assert.equal(envelopeOf(await world.post('/auth/revoke_token', { token }, world.token('admin'))).errCode, 500);
  assert.equal(await world.verdict(token), 1506);
  const count = () => database.prepare('SELECT count(*) AS n FROM push_tokens').get()?.n;
  assert.equal(count(), 1);
  database.exec('DROP TRIGGER fault');
  await untilTrue('it is gone', async () => count() === 0);
});

test('T4 a renewed token that Redis has lost goes by its login, which lies before what has ended it', async (t) => {
  const opened = await open(t);
  if (opened === undefined) return;
  const { redis, world } = opened;
  const renew = async (token: string) => {
    const { data } = envelopeOf(await world.post('/auth/renew_token', {}, token));
    return (data as { token: string }).token;
  };
  const first = [await world.issue('dave', 5), await world.issue('erin', 5)] as const;
  world.passTime(120_000);
  const [ended, good] = [await renew(first[0]), await renew(first[1])];
  await world.call('/auth/revoke_tokens', { userID: 'dave', issuedBefore: Date.now() + 60_000 });
  assert.deepEqual([await world.verdict(ended), await world.verdict(good)], [1506, 0]);
  await redisCommand(redis.port, 'FLUSHALL');
  assert.deepEqual([await world.verdict(ended), await world.verdict(good)], [1506, 0]);
});

test('T4 a Redis that was flushed revives nothing, and takes nothing of OpenIM in again that was revoked', async (t) => {
  const opened = await open(t, { TESSERA_OPENIM_TOKENS: 'read' });
  if (opened === undefined) return;
  const { redis, world, metric, untilTrusted } = opened;
  await untilTrusted();
  await using client = await connectRedis(redis.url, { onConnectionFailure: () => {} });
  const openim = new OpenimServer(client, { secret: adminSecret });
  const theirs = await openim.issue('alice', 1);
  const ours = await world.issue('bob', 1);
  assert.deepEqual([await world.verdict(theirs), await world.verdict(ours)], [0, 0]);
  for (const token of [theirs, ours]) await world.call('/auth/revoke_token', { token });
  for (const key of (await redisCommand(redis.port, 'KEYS', 'tessera:*')) as string[]) {
    await redisCommand(redis.port, 'DEL', key);
  }
  assert.deepEqual([await world.verdict(theirs), await world.verdict(ours)], [1506, 1506]);
  await untilTrue('it is told again', async () => (await metric('tessera_token_ends_restored_total')) > 0);
  assert.deepEqual([await world.verdict(theirs), await world.verdict(ours)], [1506, 1506]);
});

test('T1 beside OpenIM a token that Redis has lost is good at its servers again when it is shown here', async (t) => {
  const secret = 'a share.secret of OpenIM alone';
  const opened = await open(t, { TESSERA_OPENIM_TOKENS: 'mirror', TESSERA_SIGNING_KEYS: secret });
  if (opened === undefined) return;
  const { redis, world } = opened;
  await using client = await connectRedis(redis.url, { onConnectionFailure: () => {} });
  const openim = new OpenimServer(client, { secret });
  const [shown, ended] = [await world.issue('alice', 5), await world.issue('bob', 5)];
  await redisCommand(redis.port, 'FLUSHALL');
  await world.call('/auth/revoke_token', { token: ended });
  assert.deepEqual([await world.verdict(shown), await world.verdict(ended)], [0, 1506]);
  assert.deepEqual(await openim.fields('alice', 5), { [shown]: '0' });
  assert.deepEqual(await openim.fields('bob', 5), { [ended]: '2' });
});

test('T4 an import takes nothing in as good that the database says has ended', async (t) => {
  const opened = await open(t, { TESSERA_OPENIM_TOKENS: 'read' });
  if (opened === undefined) return;
  const { redis, world, untilTrusted } = opened;
  await untilTrusted();
  await using client = await connectRedis(redis.url, { onConnectionFailure: () => {} });
  const openim = new OpenimServer(client, { secret: adminSecret });
  const [revoked, good] = [await openim.issue('alice', 1), await openim.issue('bob', 1)];
  assert.deepEqual([await world.verdict(revoked), await world.verdict(good)], [0, 0]);
  await world.call('/auth/revoke_token', { token: revoked });
  const { dataDir } = world;
  await world.app[Symbol.asyncDispose]();
  for (const key of (await redisCommand(redis.port, 'KEYS', 'tessera:*')) as string[]) {
    await redisCommand(redis.port, 'DEL', key);
  }
  const settings = { TESSERA_REDIS_URL: redis.url, TESSERA_SECRET: adminSecret, TESSERA_DATA_DIR: dataDir };
  assert.equal((await runTessera(['tokens', 'import'], settings)).code, 0);
  const states = new Map<string, string>();
  for (const key of (await redisCommand(redis.port, 'KEYS', 'tessera:*:token:*')) as string[]) {
    states.set(key.slice(0, key.indexOf('}')), String(await redisCommand(redis.port, 'GET', key)).slice(0, 1));
  }
  assert.deepEqual(Object.fromEntries(states), { 'tessera:{alice': 'r', 'tessera:{bob': 'l' });
});

test('T4 what an import has ended stays ended in a Redis that comes back from before it, beside a server or without', async (t) => {
  const opened = await open(t, { TESSERA_OPENIM_TOKENS: 'read' });
  if (opened === undefined) return;
  const { redis, world, untilTrusted } = opened;
  await untilTrusted();
  await using client = await connectRedis(redis.url, { onConnectionFailure: () => {} });
  const openim = new OpenimServer(client, { secret: adminSecret });
  const [unknown, known] = [await openim.issue('alice', 1), await openim.issue('bob', 1)];
  await using alone = await mkdtempDisposable(join(tmpdir(), 'tessera-import-'));
  assert.equal(await world.verdict(known), 0);
  await redisCommand(redis.port, 'SAVE');
  await openim.kick('alice', 1, unknown);
  await openim.kick('bob', 1, known);
  const settings = { TESSERA_REDIS_URL: redis.url, TESSERA_SECRET: adminSecret };
  const importInto = async (dataDir: string) => {
    const { code, stdout, stderr } = await runTessera(['tokens', 'import', '--json'], {
      ...settings,
      TESSERA_DATA_DIR: dataDir,
    });
    assert.equal(code, 0, stderr);
    const { kicked, ended } = JSON.parse(stdout).counts;
    return { kicked, ended };
  };
  assert.deepEqual(await importInto(world.dataDir), { kicked: 1, ended: 1 });
  await redis.kill();
  await redis.restart();
  await untilTrue('the server is at it again', async () => (await world.verdict(known)) !== 500);
  await untilTrue('so is OpenIM', async () => client.ping().then(() => true));
  assert.equal(await client.hget(openimHash('alice', 1), unknown), '0', 'as it was before the import');
  assert.deepEqual([await world.verdict(unknown), await world.verdict(known)], [1506, 1506]);

  await openim.kick('carol', 1, await openim.issue('carol', 1));
  const ahead = join(alone.path, 'data');
  assert.deepEqual(await importInto(ahead), { kicked: 1, ended: 0 });
  using database = new DatabaseSync(join(ahead, 'tessera.db'), { readOnly: true });
  const ends = database.prepare('SELECT user_id, state, reason FROM token_ends').all();
  assert.deepEqual(
    ends.map((end) => ({ ...end })),
    [{ user_id: 'carol', state: 'kicked', reason: 'openim' }],
  );
});

test('T4 a cutoff that Redis has evicted still holds', async (t) => {
  const opened = await open(t);
  if (opened === undefined) return;
  const { redis, world, metric, untilTrusted } = opened;
  await untilTrusted();
  const [alices, bobs] = [await world.issue('alice', 5), await world.issue('bob', 5)];
  await redisCommand(redis.port, 'CONFIG', 'SET', 'maxmemory', '1gb');
  await redisCommand(redis.port, 'CONFIG', 'SET', 'maxmemory-policy', 'allkeys-lru');
  await untilTrue('eviction is noticed', async () => (await metric('tessera_token_store_doubted')) === 1);
  assert.equal(await metric('tessera_redis_unsafe{what="eviction"}'), 1);
  await world.call('/auth/revoke_tokens', { userID: 'alice', issuedBefore: Date.now() });
  await world.call('/auth/revoke_tokens', { everyone: true, platformIDs: [5], issuedBefore: Date.now() });
  await redisCommand(redis.port, 'DEL', 'tessera:{alice}:not-before');
  await redisCommand(redis.port, 'DEL', 'tessera:not-before');
  assert.deepEqual([await world.verdict(alices), await world.verdict(bobs)], [1506, 1506]);
});
