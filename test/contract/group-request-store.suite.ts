/** What every GroupRequestStore does, as the groups domain relies on it. */
import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import type { GroupRequest } from '../../src/groups/group.ts';
import type { GroupRequestStore, RequestFilter } from '../../src/groups/group-request-store.ts';
import type { UnitOfWork } from '../../src/kernel/unit-of-work.ts';
import { requestOf } from './support/groups.ts';

export interface GroupRequestStoreNode {
  readonly store: GroupRequestStore;
  readonly unitOfWork: UnitOfWork;
}

export async function groupRequestStoreSuite(t: TestContext, { store, unitOfWork }: GroupRequestStoreNode) {
  const put = (...requests: readonly GroupRequest[]) => unitOfWork.transaction((tx) => store.put(tx, requests));
  const keys = (requests: readonly GroupRequest[]) => requests.map(({ groupID, userID }) => `${groupID}/${userID}`);

  await t.test('keeps every field, and puts a request in place of an earlier one', async () => {
    const request = requestOf('kept', 'a', {
      result: 1,
      reqMsg: 'please',
      ex: 'e',
      joinSource: 2,
      inviterUserID: 'i',
      handlerUserID: 'h',
      handleMsg: 'yes',
      handledAt: 1700000000123,
    });
    await put(request);
    assert.deepEqual(await store.find('kept', 'a'), request);
    await put(requestOf('kept', 'a', { requestedAt: 5 }), requestOf('kept', 'b'));
    assert.deepEqual(await store.find('kept', 'a'), requestOf('kept', 'a', { requestedAt: 5 }));
    assert.deepEqual([await store.find('kept', 'x'), await store.find('x', 'a')], [undefined, undefined]);
    assert.deepEqual(keys(await store.findMany('kept', ['b', 'x', 'a', 'b'])).sort(), ['kept/a', 'kept/b']);
  });

  await t.test('within a transaction one reads what it has written, and nothing stays if it fails', async () => {
    const failure = new Error('no');
    const attempt = unitOfWork.transaction(async (tx) => {
      await store.put(tx, [requestOf('undone', 'a')]);
      assert.deepEqual(await store.find('undone', 'a', tx), requestOf('undone', 'a'));
      throw failure;
    });
    await assert.rejects(attempt, failure);
    assert.equal(await store.find('undone', 'a'), undefined);
  });

  await t.test('lists by group, user, result and time, newest first, and counts the same', async () => {
    await put(
      requestOf('l1', 'a', { requestedAt: 1 }),
      requestOf('l1', 'b', { requestedAt: 3, result: 1 }),
      requestOf('l2', 'a', { requestedAt: 2, result: -1 }),
      requestOf('l3', 'a', { requestedAt: 2 }),
    );
    const cases: readonly (readonly [RequestFilter, readonly string[]])[] = [
      [{ groupIDs: ['l1', 'l2'] }, ['l1/b', 'l2/a', 'l1/a']],
      [{ groupIDs: ['l1', 'l2', 'l3'], userID: 'a' }, ['l2/a', 'l3/a', 'l1/a']],
      [{ groupIDs: ['l1', 'l2', 'l3'], results: [0] }, ['l3/a', 'l1/a']],
      [{ groupIDs: ['l1', 'l2', 'l3'], results: [1, -1] }, ['l1/b', 'l2/a']],
      [{ groupIDs: ['l1', 'l2', 'l3'], after: 1 }, ['l1/b', 'l2/a', 'l3/a']],
      [{ groupIDs: ['l1', 'l2', 'l3'], results: [0], after: 1 }, ['l3/a']],
      [{ groupIDs: ['none'] }, []],
    ];
    for (const [filter, expected] of cases) {
      assert.deepEqual(keys(await store.list(filter, 0, 10)), expected, JSON.stringify(filter));
      assert.equal(await store.count(filter), expected.length);
    }
    assert.deepEqual(keys(await store.list({ groupIDs: ['l1', 'l2'] }, 1, 1)), ['l2/a']);
  });

  await t.test('takes a thousand at once', async () => {
    const many = Array.from({ length: 1000 }, (_, index) => requestOf('large', `u${index}`));
    await put(...many);
    await put(...many.toReversed());
    assert.equal(await store.count({ groupIDs: ['large'] }), 1000);
    assert.equal(
      (
        await store.findMany(
          'large',
          many.map(({ userID }) => userID),
        )
      ).length,
      1000,
    );
  });
}
