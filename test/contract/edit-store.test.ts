import assert from 'node:assert/strict';
import { SqlEditStore } from '../../src/store/sql-edit-store.ts';
import { testOnEveryDatabase } from './every-database.ts';

testOnEveryDatabase('EditStore', async (t, { db }) => {
  const store = new SqlEditStore(db);

  await t.test('keeps what each edit has replaced, in order, until the message is erased', async () => {
    const edits = [1, 2].map((version) => ({ version, earlierText: `é ${version}`, editedAt: version * 10 }));
    const [ref, other] = [
      { logID: 'si_a_b', seq: 4 },
      { logID: 'si_a_b', seq: 5 },
    ];
    await db.transaction(async (tx) => {
      assert.equal(await store.version(tx, ref), 0);
      for (const edit of edits.toReversed()) await store.add(tx, ref, edit);
      await store.add(tx, other, { version: 1, earlierText: 'other', editedAt: 1 });
      assert.equal(await store.version(tx, ref), 2);
    });
    assert.deepEqual(await store.list(ref), edits);
    await db.transaction((tx) => store.forget(tx, 'si_a_b', [4, 9]));
    assert.deepEqual([(await store.list(ref)).length, (await store.list(other)).length], [0, 1]);
  });
});
