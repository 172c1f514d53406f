/** `tessera doctor` on installations that are well and on those that are not. */
import assert from 'node:assert/strict';
import { chmod, mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { type TestContext, test } from 'node:test';
import { createClient } from '@redis/client';
import { connectRedis } from '../../src/redis/client/client.ts';
import { RedisTokenStore } from '../../src/redis/tokens/redis-token-store.ts';
import { runTessera, runTesseraHere } from '../support/run-tessera.ts';
import { TesseraProcess } from '../support/tessera-process.ts';
import { clusterForSuite, redisForSuite } from '../support/test-services.ts';

const longSecret = 'a-secret-of-more-than-thirty-two-bytes';

interface Finding {
  readonly severity: string;
  readonly subject: string;
  readonly text: string;
  readonly remedy?: string;
  readonly isRepaired?: boolean;
}

test('beside a running server all is well; open files are found, and closed on request', async (t) => {
  const server = await TesseraProcess.start({ env: { TESSERA_SECRET: longSecret } });
  t.after(() => server.dispose());
  const env = { TESSERA_SECRET: longSecret, TESSERA_DATA_DIR: join(server.dataDir, 'data') };

  const healthy = await runTessera(['doctor'], env);
  assert.equal(healthy.code, 0, healthy.stdout);
  assert.match(healthy.stdout, /the database is whole/);
  assert.match(healthy.stdout, /\n\n\d ok, 0 advice, 0 problem\n$/);

  const database = join(env.TESSERA_DATA_DIR, 'tessera.db');
  await chmod(database, 0o644);
  const exposed = await runTesseraHere(['doctor'], env);
  assert.equal(exposed.code, 1);
  assert.match(
    exposed.stdout,
    /PROBLEM {2}data directory: others on this machine may read .*tessera\.db\n +Remedy: chmod/,
  );

  assert.equal((await runTesseraHere(['doctor', '--repair'], env)).code, 0);
  assert.equal((await stat(database)).mode & 0o777, 0o600);
});

test('a clock that was set back shows by what was stored before', async (t) => {
  const server = await TesseraProcess.start({ env: { TESSERA_SECRET: longSecret } });
  t.after(() => server.dispose());
  const dataDir = join(server.dataDir, 'data');
  using database = new DatabaseSync(join(dataDir, 'tessera.db'), { timeout: 5000 });
  const columns =
    "(at, kind, user_id, platform_id, jti, actor, reason, operation_id) VALUES (?, 'issued', '', 0, '', '', '', '')";
  database.prepare(`INSERT INTO token_events ${columns}`).run(Date.now() + 3_600_000);
  const findings = await diagnose(['--secret', longSecret, '--data-dir', dataDir]);
  const clock = findings.find(({ subject }) => subject === 'clock');
  assert.equal(clock?.severity, 'advice');
  assert.match(clock?.text ?? '', /3(600|59\d) s ahead of this host: its clock was set/);
});

test('a kept secret that others may read is a problem, and closed on request', async (t) => {
  const dataDir = await temporaryDirectory(t);
  await writeFile(join(dataDir, 'secret'), longSecret, { mode: 0o644 });
  const started = await runTessera(['serve', '--api-port', '0', '--ws-port', '0'], { TESSERA_DATA_DIR: dataDir });
  assert.equal(started.code, 2);
  assert.match(started.stderr, /secret: holds secrets, and others on this machine may use it \(mode 0644\): chmod 600/);

  assert.equal((await runTesseraHere(['doctor'], { TESSERA_DATA_DIR: dataDir })).code, 1);
  assert.equal((await runTesseraHere(['doctor', '--repair'], { TESSERA_DATA_DIR: dataDir })).code, 0);
  assert.equal((await stat(join(dataDir, 'secret'))).mode & 0o777, 0o600);
});

test('short and published secrets, and lenient settings, are pointed out', async (t) => {
  const dataDir = await temporaryDirectory(t);
  const settings = ['--dev', '--secret', 'openIM123', '--signing-keys', 'only-20-bytes-long..', '--data-dir', dataDir];
  const findings = await diagnose([...settings, '--tokens-when-store-down', 'accept-signed']);
  const severities = Object.fromEntries(findings.map(({ subject, severity }) => [subject, severity]));
  assert.deepEqual(severities, {
    TESSERA_SECRET: 'problem',
    TESSERA_SIGNING_KEYS: 'advice',
    TESSERA_DEV: 'advice',
    TESSERA_TOKENS_WHEN_STORE_DOWN: 'advice',
    'data directory': 'ok',
    'disk of the data directory': 'ok',
  });
});

test('Redis: eviction and persistence are judged, with the remedy', async (t) => {
  const redis = await redisForSuite(t, { args: ['--appendonly', 'yes'] });
  if (redis === undefined) return;
  const client = createClient({ url: redis.url });
  await client.connect();
  t.after(() => client.close());
  const args = ['--redis-url', redis.url, '--secret', longSecret, '--data-dir', await temporaryDirectory(t)];
  const look = async () => {
    const findings = await diagnose(args);
    return (what: string) => findings.find(({ subject }) => subject.endsWith(what));
  };

  const before = await look();
  for (const subject of [': eviction', ': persistence', ': clock', ': version']) {
    assert.equal(before(subject)?.severity, 'ok', subject);
  }

  await client.configSet({ 'maxmemory-policy': 'allkeys-lru', maxmemory: '100mb', appendonly: 'no', save: '' });
  const after = await look();
  const eviction = after(': eviction');
  assert.equal(eviction?.severity, 'problem');
  assert.match(eviction?.remedy ?? '', /noeviction/);
  const persistence = after(': persistence');
  assert.match(persistence?.text ?? '', /a restart of Redis logs everybody out/);
  assert.equal(persistence?.severity, 'problem');
});

test('a Redis that does not answer is a finding, not a crash', async (t) => {
  const args = [
    '--redis-url',
    'redis://127.0.0.1:9',
    '--secret',
    longSecret,
    '--data-dir',
    await temporaryDirectory(t),
  ];
  const findings = await diagnose(args);
  assert.match(findings.find(({ subject }) => subject === 'Redis')?.text ?? '', /cannot be examined/);
});

test('tokens without an end, orphans and strays are found and mended, and nothing else is touched', async (t) => {
  const redis = await redisForSuite(t);
  if (redis !== undefined) await breakAndMend(t, redis.url);
});

test('the same on every master of a Cluster', async (t) => {
  const cluster = await clusterForSuite(t);
  if (cluster !== undefined) await breakAndMend(t, cluster.url);
});

async function breakAndMend(t: TestContext, url: string): Promise<void> {
  const redis = await connectRedis(url, { onConnectionFailure: () => {} });
  t.after(() => redis[Symbol.asyncDispose]());
  const store = new RedisTokenStore(redis, Date.now);
  const expiresAt = (Math.ceil(Date.now() / 1000) + 3600) * 1000;
  const users = Array.from({ length: 20 }, (_, i) => `user${i}`);
  for (const userID of users) {
    for (const jti of ['a', 'b', 'c']) {
      const record = { jti, userID, platformID: 1, issuedAt: Date.now(), expiresAt, deviceName: '' };
      await store.issue({ record, groups: [], everyonesCutoffs: new Map() });
    }
  }
  const args = ['--redis-url', url, '--secret', longSecret, '--data-dir', await temporaryDirectory(t)];
  const tokens = async (...more: string[]) =>
    (await diagnose([...args, ...more])).filter(({ subject }) => subject === 'tokens in Redis');
  assert.deepEqual(
    (await tokens()).map(({ severity, text }) => [severity, text]),
    [['ok', '60 of 20 users, all in order']],
  );

  for (const userID of users.slice(0, 10)) {
    await redis.command(`tessera:{${userID}}`, ['PERSIST', `tessera:{${userID}}:token:a`]);
    await redis.command(`tessera:{${userID}}`, ['DEL', `tessera:{${userID}}:token:b`]);
    await redis.command(`tessera:{${userID}}`, ['ZREM', `tessera:{${userID}}:tokens`, 'c']);
    await redis.command(`tessera:{${userID}}`, ['PERSIST', `tessera:{${userID}}:tokens`]);
  }
  const counts = (findings: Finding[]) => findings.map(({ text }) => Number.parseInt(text, 10));
  assert.deepEqual(counts(await tokens()), [20, 10, 10]);
  assert.deepEqual(counts(await tokens()), [20, 10, 10], 'a look changes nothing');

  const mended = await tokens('--repair');
  assert.deepEqual(counts(mended), [20, 10, 10]);
  assert.ok(mended.every(({ isRepaired }) => isRepaired === true));
  assert.deepEqual(
    (await tokens()).map(({ text }) => text),
    ['50 of 20 users, all in order'],
  );
  for (const userID of users.slice(0, 10)) {
    const { tokens: left } = await store.list(userID);
    assert.deepEqual(left.map(({ jti, state }) => [jti, state, expiresAt]).sort(), [
      ['a', 'live', expiresAt],
      ['c', 'live', expiresAt],
    ]);
    const ends = ['token:a', 'token:c', 'tokens'].map((key) =>
      redis.command(`tessera:{${userID}}`, ['PTTL', `tessera:{${userID}}:${key}`]),
    );
    for (const left of await Promise.all(ends)) assert.ok(Number(left) > 0 && Number(left) <= 3_601_000);
  }
}

test('token records that nobody can read are found, and dropped when told to', async (t) => {
  const server = await redisForSuite(t);
  if (server === undefined) return;
  const redis = await connectRedis(server.url, { onConnectionFailure: () => {} });
  t.after(() => redis[Symbol.asyncDispose]());
  const store = new RedisTokenStore(redis, Date.now);
  const expiresAt = (Math.ceil(Date.now() / 1000) + 3600) * 1000;
  for (const jti of ['whole', 'broken', 'hash']) {
    const record = { jti, userID: 'alice', platformID: 1, issuedAt: Date.now(), expiresAt, deviceName: '' };
    await store.issue({ record, groups: [], everyonesCutoffs: new Map() });
  }
  await redis.command('', ['SET', 'tessera:{alice}:token:broken', 'garbage!!', 'KEEPTTL']);
  await redis.command('', ['DEL', 'tessera:{alice}:token:hash']);
  await redis.command('', ['HSET', 'tessera:{alice}:token:hash', 'a', 'b']);
  const args = ['--redis-url', server.url, '--secret', longSecret, '--data-dir', await temporaryDirectory(t)];
  const texts = async (...more: string[]) =>
    (await diagnose([...args, ...more])).filter(({ subject }) => subject === 'tokens in Redis').map(({ text }) => text);
  for (const more of [[], ['--repair']])
    assert.match((await texts(...more)).join(), /^2 token records .*cannot be read/);
  assert.deepEqual(await texts(), ['1 of 1 users, all in order']);
  const { tokens } = await store.list('alice');
  assert.deepEqual(
    tokens.map(({ jti }) => jti),
    ['whole'],
  );
});

async function diagnose(args: readonly string[]): Promise<Finding[]> {
  const { stdout, stderr } = await runTesseraHere(['doctor', '--json', ...args], {});
  assert.equal(stderr, '');
  return JSON.parse(stdout);
}

async function temporaryDirectory(t: TestContext): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), 'tessera-doctor-'));
  t.after(() => rm(path, { recursive: true, force: true }));
  return path;
}
