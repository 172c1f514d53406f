/** What every SendStatusStore does, as the status of sending relies on it. */
import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import type { UnitOfWork } from '../../src/kernel/unit-of-work.ts';
import type { SendStatusStore } from '../../src/messaging/send-status-store.ts';

export async function sendStatusStoreSuite(t: TestContext, store: SendStatusStore, unitOfWork: UnitOfWork) {
  const put = (operationID: string, sentAt: number) =>
    unitOfWork.transaction((tx) => store.put(tx, operationID, sentAt));
  const forget = (before: number, limit: number) => unitOfWork.transaction((tx) => store.forget(tx, before, limit));

  await t.test('put keeps the latest time, for one operation only', async () => {
    await put('a', 5);
    await put('b', 6);
    await put('a', 7);
    assert.deepEqual([await store.sentAt('a'), await store.sentAt('b'), await store.sentAt('A')], [7, 6, undefined]);
  });

  await t.test('forget takes the oldest before the time, so many', async () => {
    for (const [operationID, sentAt] of [
      ['c', 1],
      ['d', 2],
      ['e', 3],
      ['f', 100],
    ] as const)
      await put(operationID, sentAt);
    assert.equal(await forget(50, 2), 2);
    assert.deepEqual(
      [await store.sentAt('c'), await store.sentAt('d'), await store.sentAt('e')],
      [undefined, undefined, 3],
    );
    assert.equal(await forget(50, 99), 3);
    assert.equal(await forget(50, 99), 0);
    assert.equal(await store.sentAt('f'), 100);
  });
}
