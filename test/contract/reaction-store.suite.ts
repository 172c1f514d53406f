/** What every ReactionStore does, as the messaging domain relies on it. */
import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import type { UnitOfWork } from '../../src/kernel/unit-of-work.ts';
import type { ReactionStore } from '../../src/messaging/reaction-store.ts';

export async function reactionStoreSuite(
  t: TestContext,
  { store, unitOfWork }: { readonly store: ReactionStore; readonly unitOfWork: UnitOfWork },
) {
  const add = (logID: string, seq: number, userID: string, reaction: string, reactedAt: number) =>
    unitOfWork.transaction((tx) => store.add(tx, { logID, seq }, { userID, reaction, reactedAt }));
  const remove = (logID: string, seq: number, userID: string, reaction: string) =>
    unitOfWork.transaction((tx) => store.remove(tx, { logID, seq }, { userID, reaction }));

  await t.test('a user has each reaction to a message once, and tells whether it is new or gone', async () => {
    assert.deepEqual([await add('once', 1, 'u', '👍', 5), await add('once', 1, 'u', '👍', 6)], [true, false]);
    assert.deepEqual(await store.list({ logID: 'once', seq: 1 }), [{ userID: 'u', reaction: '👍', reactedAt: 5 }]);
    assert.deepEqual([await remove('once', 1, 'u', '👍'), await remove('once', 1, 'u', '👍')], [true, false]);
    assert.deepEqual(await store.list({ logID: 'once', seq: 1 }), []);
  });

  await t.test('counts by message and kind, in order of the first, and knows the own ones', async () => {
    const rows: readonly [seq: number, userID: string, reaction: string, at: number][] = [
      [1, 'b', 'B', 30],
      [1, 'a', 'B', 10],
      [1, 'a', 'A', 20],
      [2, 'b', 'é', 40],
      [3, 'b', 'A', 40],
    ];
    for (const row of rows) await add('counts', ...row);
    await add('another', 1, 'c', 'A', 1);
    assert.deepEqual(await store.counts('counts', [2, 1, 9, 1], 'b'), [
      { seq: 1, reaction: 'B', count: 2, isOwn: true },
      { seq: 1, reaction: 'A', count: 1, isOwn: false },
      { seq: 2, reaction: 'é', count: 1, isOwn: true },
    ]);
    assert.deepEqual(await store.counts('counts', [], 'b'), []);
    assert.deepEqual(
      (await store.list({ logID: 'counts', seq: 1 })).map(({ userID, reaction }) => userID + reaction),
      ['aB', 'aA', 'bB'],
    );
  });

  await t.test('forgets those of messages that are erased', async () => {
    for (const seq of [1, 2, 3]) await add('erased', seq, 'a', 'A', seq);
    await unitOfWork.transaction((tx) => store.forget(tx, 'erased', [1, 3, 4]));
    assert.deepEqual(
      (await store.counts('erased', [1, 2, 3], 'a')).map(({ seq }) => seq),
      [2],
    );
  });

  await t.test('usage sees what its transaction has written', async () => {
    await add('usage', 1, 'a', 'A', 1);
    const usage = await unitOfWork.transaction(async (tx) => {
      await store.add(tx, { logID: 'usage', seq: 1 }, { userID: 'b', reaction: 'A', reactedAt: 2 });
      return store.usage(tx, { logID: 'usage', seq: 1 }, 'b');
    });
    assert.deepEqual(usage, { own: 1, all: 2 });
    const none = await unitOfWork.transaction((tx) => store.usage(tx, { logID: 'usage', seq: 2 }, 'b'));
    assert.deepEqual(none, { own: 0, all: 0 });
  });
}
