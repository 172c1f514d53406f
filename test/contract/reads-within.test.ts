import assert from 'node:assert/strict';
import { besideTransactions } from '../support/reads-within.ts';
import { testOnEveryDatabase } from './every-database.ts';

testOnEveryDatabase('Work of a transaction in tests', async (t, { db }) => {
  const read = () => db.reader.selectFrom('users').select('user_id').execute();

  await t.test('fails if it reads beside the transaction', async () => {
    await assert.rejects(
      db.transaction(() => read()),
      /reads beside/,
    );
  });

  await t.test('reads within it, and whoever looks on beside it', async () => {
    const users = await db.transaction(async (tx) => [
      await db.executor(tx).selectFrom('users').select('user_id').execute(),
      await besideTransactions(read),
    ]);
    assert.deepEqual(users, [[], []]);
  });

  await t.test('is over when what follows the commit reads', async () => {
    const { promise, resolve } = Promise.withResolvers<unknown>();
    await db.transaction(async (tx) => tx.afterCommit(() => resolve(read())));
    assert.deepEqual(await promise, []);
  });
});
