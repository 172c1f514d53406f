import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openPostgres } from '../../src/database/postgres-database.ts';
import { postgresUrlForSuite } from '../support/test-services.ts';

test('ten nodes that start together on a new database bring it up to date once', async (t) => {
  const url = await postgresUrlForSuite(t);
  if (url === undefined) return;
  const ignore = () => {};
  let migrations = 0;
  const opened = await Promise.all(
    Array.from({ length: 10 }, () =>
      openPostgres(url, {
        onMigrated: () => {
          migrations += 1;
        },
        onEffectFailure: ignore,
        onConnectionLost: ignore,
        onFailing: ignore,
        onRecovered: ignore,
      }),
    ),
  );
  for (const db of opened) await db[Symbol.asyncDispose]();
  assert.equal(migrations, 1);
});
