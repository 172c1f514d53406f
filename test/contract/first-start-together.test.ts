import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { openPostgres, type PostgresOptions } from '../../src/database/postgres-database.ts';
import { postgresUrlForSuite } from '../support/test-services.ts';

test('ten nodes that start together on a new database bring it up to date once', async (t) => {
  const url = await postgresUrlForSuite(t);
  if (url === undefined) return;
  let migrations = 0;
  const opened = await Promise.all(
    Array.from({ length: 10 }, () =>
      openPostgres(
        url,
        observer(() => migrations++),
      ),
    ),
  );
  for (const db of opened) await db[Symbol.asyncDispose]();
  assert.equal(migrations, 1);
});

test('an upgrade lets those go first who come while it waits for a table in use, and is done when it can be', async (t) => {
  const url = await postgresUrlForSuite(t);
  if (url === undefined) return;
  const db = await openPostgres(
    url,
    observer(() => {}),
  );
  t.after(() => db[Symbol.asyncDispose]());
  await db.connections.query(`DELETE FROM kysely_migration WHERE name >= '034-oldest-program'`);
  await db.connections.query('ALTER TABLE schema_version DROP COLUMN oldest');
  await db.connections.query('DROP TABLE told_online, token_end_cutoffs_but_one');
  const user = await db.connections.connect();
  await user.query('BEGIN');
  await user.query('LOCK TABLE schema_version IN ACCESS SHARE MODE');
  let migrations = 0;
  const upgrading = openPostgres(
    url,
    observer(() => migrations++),
  );
  const waiting = `SELECT 1 FROM pg_locks WHERE relation = 'schema_version'::regclass AND NOT granted`;
  while ((await db.connections.query(waiting)).length === 0) await nextTurn();
  // Behind the one that waits.
  await db.connections.query('SELECT program FROM schema_version');
  assert.equal(migrations, 0);
  await user.query('COMMIT');
  user.release();
  await (await upgrading)[Symbol.asyncDispose]();
  assert.equal(migrations, 1);
});

function observer(onMigrated: () => void): PostgresOptions {
  const ignore = () => {};
  return { onMigrated, onEffectFailure: ignore, onConnectionLost: ignore, onFailing: ignore, onRecovered: ignore };
}
