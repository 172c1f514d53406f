/** Ends of tokens of earlier versions, which went by user. */
import assert from 'node:assert/strict';
import { type Kysely, sql } from 'kysely';
import { up } from '../../src/database/migrations/040-token-ends-by-expiry.ts';
import { SqlPushTokenStore } from '../../src/store/sql-push-token-store.ts';
import { SqlTokenEndStore } from '../../src/store/sql-token-end-store.ts';
import { type TokenEnd, unknownPlatform } from '../../src/tokens/token-end-store.ts';
import { testOnEveryDatabase } from './every-database.ts';

testOnEveryDatabase('The migration to ends by expiry', async (t, { db }) => {
  const now = Date.UTC(2030, 0, 1);
  const times = { issuedAt: now - 1000, expiresAt: now + 60_000, acceptedUntil: 0 };
  const ends: TokenEnd[] = [
    { userID: 'alice', jti: 'a', platformID: 1, state: 'kicked', reason: 'policy', ...times },
    { userID: 'bob', jti: 'b', platformID: unknownPlatform, state: 'revoked', reason: 'revoked', ...times },
    {
      ...{
        userID: 'carol',
        jti: 'c',
        platformID: 5,
        state: 'superseded',
        reason: '',
        keyMark: 'Q7',
        loginAt: now - 5000,
      },
      ...{ ...times, acceptedUntil: now + 5000, successor: { jti: 'd', expiresAt: now + 70_000 } },
    },
  ];
  const store = new SqlTokenEndStore(db, new SqlPushTokenStore(db));
  await store.record(ends);
  if (db.dialect === 'sqlite') {
    for (const text of [
      `CREATE TABLE before (${columns}, PRIMARY KEY (user_id, jti)) WITHOUT ROWID`,
      `INSERT INTO before SELECT ${names} FROM token_ends`,
      'DROP TABLE token_ends',
      'ALTER TABLE before RENAME TO token_ends',
      'CREATE INDEX token_ends_by_expiry ON token_ends (expires_at)',
    ]) {
      await db.transaction((tx) => sql.raw(text).execute(db.executor(tx)));
    }
  }
  await db.transaction((tx) => up(db.executor(tx) as unknown as Kysely<unknown>, db.dialect));

  await t.test('T4 they are as they were', async () => {
    assert.deepEqual(await store.ends(undefined, now, 9), ends);
    for (const end of ends) assert.deepEqual((await store.find(end)).end, end);
  });
  await t.test('and stay so when they are written again', async () => {
    await store.record(ends.map((end) => ({ ...end, state: 'superseded', reason: '' })));
    assert.deepEqual(
      (await store.ends(undefined, now, 9)).map(({ state }) => state),
      ends.map(({ state }) => state),
    );
  });
});

const names = `user_id, jti, platform_id, state, reason, issued_at, expires_at, accepted_until,
  key_mark, login_at, successor, successor_expires_at`;
const columns = `user_id text NOT NULL, jti text NOT NULL, platform_id integer NOT NULL, state text NOT NULL,
  reason text NOT NULL, issued_at bigint NOT NULL, expires_at bigint NOT NULL, accepted_until bigint NOT NULL,
  key_mark text NOT NULL DEFAULT '', login_at bigint NOT NULL DEFAULT 0, successor text NOT NULL DEFAULT '',
  successor_expires_at bigint NOT NULL DEFAULT 0`;
