/** Two servers on one storage would each lack what the other one has: the second refuses to start, and says why. */
import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { createApp } from '../../src/app/app.ts';
import { loadConfig } from '../../src/config/config.ts';
import { postgresUrlForSuite } from '../support/test-services.ts';
import { World } from './world.ts';

test('a second server on the data directory of the first refuses to start', async (t) => {
  const world = await World.open();
  t.after(() => world[Symbol.asyncDispose]());
  const second = createApp(
    loadConfig({ environment: { TESSERA_DATA_DIR: world.dataDir, TESSERA_LOG_LEVEL: 'silent' } }),
  );
  await assert.rejects(second, { name: 'StartError', message: /another Tessera runs on the data directory/ });
});

test('a second server on the PostgreSQL database of the first refuses to start', async (t) => {
  const databaseUrl = await postgresUrlForSuite(t);
  if (databaseUrl === undefined) return;
  const dataDir = await mkdtemp(join(tmpdir(), 'tessera-second-'));
  t.after(() => rm(dataDir, { recursive: true }));
  const start = () =>
    createApp(
      loadConfig({
        environment: { TESSERA_DATABASE_URL: databaseUrl, TESSERA_DATA_DIR: dataDir, TESSERA_LOG_LEVEL: 'silent' },
      }),
    );
  const first = await start();
  await assert.rejects(start(), { name: 'StartError', message: /another Tessera runs on this database/ });
  await first[Symbol.asyncDispose]();
  const next = await start();
  await next[Symbol.asyncDispose]();
});
