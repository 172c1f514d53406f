/**
 * Today's server on the data directory of every earlier release: tokens, messages and settings still hold. How the
 * directories were made: scripts/make-release-fixture.ts.
 */
import assert from 'node:assert/strict';
import { chmodSync, copyFileSync, readdirSync, readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { PassThrough } from 'node:stream';
import { test } from 'node:test';
import { createApp } from '../../src/app/app.ts';
import { openBesideServer } from '../../src/cli/import-database.ts';
import { loadConfig } from '../../src/config/config.ts';
import { lockDataDir } from '../../src/database/data-dir-lock.ts';
import { readVersion } from '../../src/version.ts';

const releases = join(import.meta.dirname, '../fixtures/releases');

interface Recorded {
  readonly path: string;
  readonly body: unknown;
  readonly token: string;
  readonly answer: unknown;
}

for (const release of readdirSync(releases)) {
  test(`T1, T4, M1: what ${release} has stored holds for today's server`, async (t) => {
    const place = join(releases, release);
    const dataDir = await mkdtemp(join(tmpdir(), 'tessera-release-'));
    t.after(() => rm(dataDir, { recursive: true }));
    for (const file of ['tessera.db', 'secret']) {
      copyFileSync(join(place, file), join(dataDir, file));
      chmodSync(join(dataDir, file), 0o600);
    }
    const { madeAt, recorded }: { madeAt: number; recorded: readonly Recorded[] } = JSON.parse(
      readFileSync(join(place, 'answers.json'), 'utf8'),
    );
    // A day later by the server's clock, whenever this is run.
    const behind = Date.now() - (madeAt + 86_400_000);
    await using app = await createApp(configFor(dataDir), { clock: () => Date.now() - behind });
    const { apiPort } = await app.start();
    const post = async (path: string, body: unknown, token: string) => {
      const response = await fetch(`http://127.0.0.1:${apiPort}${path}`, {
        method: 'POST',
        headers: { operationID: 'releases', token },
        body: JSON.stringify(body),
      });
      return response.json();
    };
    const secret = readFileSync(join(dataDir, 'secret'), 'utf8').trim();
    const { data } = (await post('/auth/get_admin_token', { secret, userID: 'imAdmin' }, '')) as {
      data: { token: string };
    };
    for (const { path, body, token, answer } of recorded) {
      await t.test(`${path} ${JSON.stringify(body).slice(0, 60)}`, async () => {
        assert.partialDeepStrictEqual(await post(path, body, token === '' ? data.token : token), answer);
      });
    }
  });
}

test('a database that a newer version has changed beyond this one is refused by name, and left as it is', async (t) => {
  const dataDir = await mkdtemp(join(tmpdir(), 'tessera-newer-'));
  t.after(() => rm(dataDir, { recursive: true }));
  await using app = await createApp(configFor(dataDir));
  await app[Symbol.asyncDispose]();
  const path = join(dataDir, 'tessera.db');
  {
    using database = new DatabaseSync(path);
    database.exec(`INSERT INTO kysely_migration VALUES ('997-from-the-future', '2100-01-01')`);
    database.exec(`UPDATE schema_version SET program = '9.8.7', oldest = 997`);
  }
  await assert.rejects(createApp(configFor(dataDir)), (error: Error) => {
    assert.equal(error.name, 'StartError');
    assert.ok(
      error.message.includes('schema 997, made by Tessera 9.8.7, which only programs that know schema 997 can use'),
      error.message,
    );
    assert.ok(error.message.includes(`this is Tessera ${readVersion()}`), error.message);
    return true;
  });
});

test('a command beside a server of an earlier version does not change the schema under it', async (t) => {
  const dataDir = await mkdtemp(join(tmpdir(), 'tessera-beside-'));
  t.after(() => rm(dataDir, { recursive: true }));
  const path = join(dataDir, 'tessera.db');
  copyFileSync(join(releases, '0.1.0', 'tessera.db'), path);
  {
    using _server = lockDataDir(dataDir);
    const message = /another version runs on this database: it has schema 3/;
    await assert.rejects(openBesideServer(configFor(dataDir)), { name: 'StartError', message });
    using database = new DatabaseSync(path);
    const steps = database.prepare('SELECT name FROM kysely_migration').all();
    assert.equal(steps.length, 3);
  }
  await using db = await openBesideServer(configFor(dataDir));
  await db.ping();
  using _startedMeanwhile = lockDataDir(dataDir);
});

test('an upgrade is logged with the schemas before and after, and a start without one is not', async (t) => {
  const dataDir = await mkdtemp(join(tmpdir(), 'tessera-upgrade-'));
  t.after(() => rm(dataDir, { recursive: true }));
  copyFileSync(join(releases, '0.1.0', 'tessera.db'), join(dataDir, 'tessera.db'));
  const start = async () => {
    const lines: string[] = [];
    const logDestination = new PassThrough();
    logDestination.on('data', (chunk) => lines.push(...String(chunk).split('\n')));
    const app = await createApp(configFor(dataDir, 'info'), { logDestination });
    await app[Symbol.asyncDispose]();
    return lines.filter((line) => line.includes('brought the schema')).map((line) => JSON.parse(line));
  };
  const [entry] = await start();
  assert.equal(entry.from, 3);
  assert.ok(entry.to >= 8);
  assert.deepEqual(await start(), []);
});

function configFor(dataDir: string, level = 'silent') {
  return loadConfig({
    environment: {
      TESSERA_DATA_DIR: dataDir,
      TESSERA_LOG_LEVEL: level,
      TESSERA_LOG_FORMAT: 'json',
      TESSERA_API_PORT: '0',
      TESSERA_WS_PORT: '0',
    },
  });
}
