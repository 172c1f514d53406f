/** The services that tests rely on: they answer, survive a crash as a real one would, and leave nothing behind. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { on, once } from 'node:events';
import { watch } from 'node:fs';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import pg from 'pg';
import { browserForSuite } from './browser.ts';
import { startPostgres } from './services/postgres.ts';
import type { Service } from './services/service.ts';
import { postgresUrlForSuite, redisForSuite, skipReason } from './test-services.ts';

test('PostgreSQL keeps a committed row when it is killed and started again', {
  skip: skipReason('postgres'),
}, async () => {
  await using postgres = await startPostgres();
  await query(postgres.url, 'create table kept (value int)');
  await query(postgres.url, 'insert into kept values (7)');

  await postgres.kill();
  await assert.rejects(query(postgres.url, 'select 1'), /ECONNREFUSED/);
  await postgres.restart();

  assert.deepEqual(await query(postgres.url, 'select value from kept'), [{ value: 7 }]);
  assert.deepEqual(await query(postgres.url, `select current_setting('fsync') as fsync`), [{ fsync: 'on' }]);
});

test('every suite gets a PostgreSQL database of its own, which goes when the suite ends', {
  skip: skipReason('postgres'),
}, async (t) => {
  const urls = await Promise.all([postgresUrlForSuite(t), postgresUrlForSuite(t)]);
  for (const url of urls) await query(url!, 'create table mine ()');

  let inner: string | undefined;
  await t.test('inner suite', async (t) => {
    inner = await postgresUrlForSuite(t);
    await query(inner!, 'create table mine ()');
  });
  await assert.rejects(query(inner!, 'select 1'), /does not exist|ECONNREFUSED/);
});

test('Redis with an append-only file keeps its data over a kill', async (t) => {
  const redis = await redisForSuite(t, { args: ['--appendonly', 'yes', '--appendfsync', 'always'] });
  if (redis === undefined) return;
  assert.equal(await ask(redis, 'SET key kept'), '+OK\r\n');
  const firstPid = redis.pid;

  await redis.kill();
  assert.throws(() => redis.pid, /not running/);
  await redis.restart();

  assert.equal(await ask(redis, 'GET key'), '$4\r\nkept\r\n');
  assert.notEqual(redis.pid, firstPid);
});

test('Chromium shows a page', async (t) => {
  const browser = await browserForSuite(t);
  if (browser === undefined) return;
  const page = await browser.newPage();
  await page.setContent('<title>shown</title>');
  assert.equal(await page.title(), 'shown');
});

test('a service that cannot start says why', { skip: skipReason('redis') }, async (t) => {
  await assert.rejects(redisForSuite(t, { args: ['--no-such-setting', 'yes'] }), /no-such-setting/);
});

test('a service dies and its directory goes when the test process is killed', {
  skip: skipReason('redis'),
}, async (t) => {
  const home = await mkdtemp(join(tmpdir(), 'tessera-orphan-'));
  t.after(() => rm(home, { recursive: true }));
  const owner = spawn(process.execPath, ['--input-type=module', '--eval', REDIS_OWNER], {
    env: { ...process.env, TMPDIR: home },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [port] = await once(owner.stdout.setEncoding('utf8'), 'data');
  const connection = connect({ port: Number(port), host: '127.0.0.1' }).resume();
  await once(connection, 'connect');
  const watcher = watch(home);
  t.after(() => watcher.close());
  const changes = on(watcher, 'change');
  const connectionClosed = once(connection, 'close');

  owner.kill('SIGKILL');

  await connectionClosed;
  while ((await readdir(home)).length > 0) await changes.next();
});

/** Starts a Redis and then does nothing more, not even stop it. */
const REDIS_OWNER = `
import { startRedis } from ${JSON.stringify(new URL('./services/redis.ts', import.meta.url))};
const redis = await startRedis();
process.stdout.write(String(redis.port));
setInterval(() => {}, 1000);
`;

async function query(url: string, statement: string): Promise<unknown[]> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query(statement)).rows;
  } finally {
    await client.end();
  }
}

/** One command in Redis's inline form; resolves with the raw reply. */
async function ask(redis: Service, command: string): Promise<string> {
  const socket = connect({ port: redis.port, host: '127.0.0.1' }).setEncoding('utf8');
  socket.write(`${command}\r\n`);
  const [reply] = await once(socket, 'data');
  socket.destroy();
  return reply;
}
