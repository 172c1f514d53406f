import assert from 'node:assert/strict';
import { SqlTokenStore } from '../../src/store/sql-token-store.ts';
import { testOnEveryDatabase } from './every-database.ts';

testOnEveryDatabase('SqlTokenStore', async (t, { db }) => {
  await t.test('sweeps expired tokens of any state, more than one batch, and counts them', async () => {
    const now = 1_900_000_000_000;
    const store = new SqlTokenStore(db, () => now);
    const rowOf = (jti: string, expires_at: number, state = 'live') => ({
      jti,
      user_id: 'alice',
      platform_id: 1,
      state,
      reason: '',
      issued_at: now - 1000,
      expires_at,
      accepted_until: 0,
      issue_order: now,
      device_name: '',
      last_seen_at: 0,
    });
    const expired = Array.from({ length: 2500 }, (_, i) => rowOf(`old${i}`, now - i, i % 2 === 0 ? 'live' : 'kicked'));
    await db.transaction(async (tx) => {
      for (let first = 0; first < expired.length; first += 500) {
        await db
          .executor(tx)
          .insertInto('tokens')
          .values(expired.slice(first, first + 500))
          .execute();
      }
      await db
        .executor(tx)
        .insertInto('tokens')
        .values([rowOf('next', now + 1)])
        .execute();
    });

    assert.equal(await store.sweepExpired(), 2500);
    assert.equal(await store.sweepExpired(), 0);
    const left = await db.reader.selectFrom('tokens').select('jti').execute();
    assert.deepEqual(
      left.map(({ jti }) => jti),
      ['next'],
    );
  });

  await t.test('sweeps cutoffs when no token can be as old as they are any more', async () => {
    let now = 1_900_000_000_000;
    const store = new SqlTokenStore(db, () => now);
    await store.cutOff('bob', 1, now, now + 2000);
    await store.cutOff('bob', 1, now + 1, now + 1000);
    await store.cutOff('bob', 5, now, now + 1000);
    await store.cutOff('', 0, now, now + 1000);
    now += 1999;
    await store.sweepExpired();
    assert.deepEqual((await store.list('bob')).cutoffs, new Map([[1, now - 1998]]), 'the longer time stays');
    assert.deepEqual(await store.everyonesCutoffs(), new Map());
    now += 1;
    await store.sweepExpired();
    assert.deepEqual((await store.list('bob')).cutoffs, new Map());
  });

  await t.test('knows of no reason to lose a token, and has no other nodes to tell of', async () => {
    const store = new SqlTokenStore(db, Date.now);
    assert.equal(await store.explainLoss(), 'unknown');
    await (await store.watch())[Symbol.asyncDispose]();
  });
});
