/** What every FriendRequestStore does, as the friends domain relies on it. */
import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import type { FriendRequest } from '../../src/friends/friend.ts';
import type { FriendRequestFilter, FriendRequestStore } from '../../src/friends/friend-request-store.ts';
import type { Transaction, UnitOfWork } from '../../src/kernel/unit-of-work.ts';

export async function friendRequestStoreSuite(t: TestContext, store: FriendRequestStore, unitOfWork: UnitOfWork) {
  const write = <T>(work: (tx: Transaction) => Promise<T>) => unitOfWork.transaction(work);
  const put = (...requests: FriendRequest[]) =>
    write(async (tx) => {
      for (const request of requests) await store.put(tx, request);
    });

  await t.test('a request keeps every field, and is replaced by the next in its direction', async () => {
    const first = requestOf('kept', 'f', {
      result: -1,
      reqMsg: 'Ünï "q"',
      ex: '{}',
      createdAt: 1700000000123,
      handlerUserID: 'h',
      handleMsg: 'no',
      handledAt: 1700000000456,
    });
    const reverse = requestOf('f', 'kept');
    await put(first, reverse);
    const find = (from: string, to: string) => write((tx) => store.find(tx, from, to));
    assert.deepEqual(await find('kept', 'f'), first);
    const next = requestOf('kept', 'f', { result: 1, createdAt: 1700000000789 });
    await put(next);
    assert.deepEqual(await find('kept', 'f'), next);
    assert.deepEqual(await find('f', 'kept'), reverse);
    assert.equal(await find('kept', 'nobody'), undefined);
    const between = await store.between('kept', 'f');
    assert.deepEqual(
      between.toSorted((a, b) => a.createdAt - b.createdAt),
      [reverse, next],
    );
  });

  await t.test('a transaction sees what it has put, and nothing stays when it fails', async () => {
    const attempt = write(async (tx) => {
      await store.put(tx, requestOf('tx', 'f'));
      assert.notEqual(await store.find(tx, 'tx', 'f'), undefined);
      throw new Error('no');
    });
    await assert.rejects(attempt, /no/);
    assert.deepEqual(await store.between('tx', 'f'), []);
  });

  await t.test('those of a user: of one side, of some states, newer than a time, the newest first', async () => {
    await put(
      requestOf('a', 'u', { createdAt: 1 }),
      requestOf('c', 'u', { createdAt: 3, result: 1 }),
      requestOf('b', 'u', { createdAt: 3, result: -1 }),
      requestOf('u', 'a', { createdAt: 2 }),
    );
    const rows = async (filter: Partial<FriendRequestFilter>, offset = 0, limit = 10) =>
      (await store.list({ userID: 'u', side: 'received', results: [], ...filter }, offset, limit)).map(
        ({ fromUserID, toUserID }) => `${fromUserID}${toUserID}`,
      );
    const count = (filter: Partial<FriendRequestFilter>) =>
      store.count({ userID: 'u', side: 'received', results: [], ...filter });
    assert.deepEqual(await rows({}), ['bu', 'cu', 'au']);
    assert.deepEqual(await rows({}, 1, 1), ['cu']);
    assert.deepEqual(await rows({ side: 'sent' }), ['ua']);
    assert.deepEqual(await rows({ results: [0] }), ['au']);
    assert.deepEqual(await rows({ results: [1, -1] }), ['bu', 'cu']);
    assert.deepEqual(await rows({ after: 1 }), ['bu', 'cu']);
    assert.deepEqual(
      [await count({}), await count({ side: 'sent' }), await count({ results: [0] }), await count({ after: 3 })],
      [3, 1, 1, 0],
    );
  });
}

function requestOf(fromUserID: string, toUserID: string, fields: Partial<FriendRequest> = {}): FriendRequest {
  return {
    fromUserID,
    toUserID,
    result: 0,
    reqMsg: '',
    ex: '',
    createdAt: 1700000000000,
    handlerUserID: '',
    handleMsg: '',
    handledAt: 0,
    ...fields,
  };
}
