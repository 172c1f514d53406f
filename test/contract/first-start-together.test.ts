import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { openPostgres, type PostgresOptions } from '../../src/database/postgres-database.ts';
import type { NewMessage } from '../../src/log/message-store.ts';
import { PostgresOutgoingStore } from '../../src/store/postgres-outgoing-store.ts';
import { SqlMessageStore } from '../../src/store/sql-message-store.ts';
import { emptyPostgresUrlForSuite } from '../support/test-services.ts';

test('ten nodes that start together on a new database bring it up to date once', async (t) => {
  const url = await emptyPostgresUrlForSuite(t);
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

test('an upgrade lets senders go first while it waits for a table in use, and is done when it can be', async (t) => {
  const url = await emptyPostgresUrlForSuite(t);
  if (url === undefined) return;
  const db = await openPostgres(
    url,
    observer(() => {}),
  );
  t.after(() => db[Symbol.asyncDispose]());
  await db.connections.query(`DELETE FROM kysely_migration WHERE name >= '034-oldest-program'`);
  await db.connections.query('ALTER TABLE schema_version DROP COLUMN oldest');
  await db.connections.query('DROP TABLE told_online, token_end_cutoffs_but_one, push_cutoffs');
  await db.connections.query('ALTER TABLE push_tokens DROP COLUMN login_at');
  await db.connections.query('CREATE INDEX push_tokens_registered ON push_tokens (registered_at)');
  // Migration 035 drops one of this name, and so wants the table to itself.
  await db.connections.query('CREATE INDEX uploads_by_user ON messages (sent_at)');
  const backup = await db.connections.connect();
  await backup.query('BEGIN');
  await backup.query('SELECT count(*) FROM messages');
  let migrations = 0;
  const upgrading = openPostgres(
    url,
    observer(() => migrations++),
  );
  const waiting = `SELECT 1 FROM pg_locks WHERE relation = 'messages'::regclass AND NOT granted`;
  const store = new SqlMessageStore(db, new PostgresOutgoingStore(db, 'node'));
  try {
    while ((await db.connections.query(waiting)).length === 0) await nextTurn();
    // The first one comes behind it.
    for (const clientMsgID of ['a', 'b', 'c']) await store.append([message(clientMsgID)]);
    assert.equal(migrations, 0);
  } finally {
    await backup.query('COMMIT');
    backup.release();
  }
  await (await upgrading)[Symbol.asyncDispose]();
  assert.equal(migrations, 1);
  const stored = await store.range('', 'si_a_b', 1, 9, 9);
  assert.deepEqual(
    stored.map(({ seq }) => seq),
    [1, 2, 3],
  );
});

function message(clientMsgID: string): NewMessage {
  return {
    ...{ logID: 'si_a_b', sendID: 'a', clientMsgID, serverMsgID: clientMsgID, sessionType: 1, contentType: 101 },
    ...{ sentAt: 1, acceptedAt: 1, hasChosenTime: false, raisesSenderReadSeq: true, bodyWithoutSeq: Buffer.alloc(0) },
  };
}

function observer(onMigrated: () => void): PostgresOptions {
  const ignore = () => {};
  return { onMigrated, onEffectFailure: ignore, onConnectionLost: ignore, onFailing: ignore, onRecovered: ignore };
}
