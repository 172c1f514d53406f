/** What every ClientLogStore does, as the users domain relies on it. */
import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import type { UnitOfWork } from '../../src/kernel/unit-of-work.ts';
import type { ClientLog, ClientLogFilter, ClientLogStore } from '../../src/users/client-log-store.ts';

export async function clientLogStoreSuite(
  t: TestContext,
  { store, unitOfWork }: { readonly store: ClientLogStore; readonly unitOfWork: UnitOfWork },
): Promise<void> {
  const add = (...logs: ClientLog[]) => unitOfWork.transaction((tx) => store.add(tx, logs));
  const all = { keyword: '', start: 0, end: 1e15 };
  const idsOf = async (filter: Partial<ClientLogFilter> = {}) =>
    (await store.list({ ...all, ...filter }, 0, 1000)).map(({ logID }) => logID);

  await t.test('what is added comes back as it was, the newest first; a logID that is taken is left out', async () => {
    const odd = log('2', { createdAt: 20, ex: "o'dd 用户", url: 'https://x/%' });
    assert.deepEqual(await add(log('1', { createdAt: 10 }), odd), ['1', '2']);
    assert.deepEqual(await add(log('1', { createdAt: 30 }), log('3', { createdAt: 10 })), ['3']);
    assert.deepEqual(await store.list(all, 0, 1), [odd]);
    assert.deepEqual(await idsOf(), ['2', '3', '1']);
    assert.deepEqual([await store.count(all), await add()], [3, []]);
  });

  await t.test('a range has both its ends, and a keyword is a part of the user ID, letter by letter', async () => {
    await add(log('u1', { userID: 'Ann_1', createdAt: 100 }), log('u2', { userID: 'ann%2', createdAt: 200 }));
    assert.deepEqual(await idsOf({ start: 100, end: 200 }), ['u2', 'u1']);
    assert.deepEqual(await idsOf({ start: 101, end: 199 }), []);
    for (const [keyword, expected] of [
      ['nn', ['u2', 'u1']],
      ['Ann', ['u1']],
      ['_', ['u1']],
      ['%', ['u2']],
      ['.', []],
    ] as const) {
      assert.deepEqual(await idsOf({ keyword }), expected, keyword);
      assert.equal(await store.count({ ...all, keyword }), expected.length);
    }
  });

  await t.test('a user keeps the newest so many, and other users theirs', async () => {
    await add(...[1, 2, 3, 4].map((at) => log(`k${at}`, { userID: 'keep', createdAt: at })));
    await unitOfWork.transaction((tx) => store.keepNewest(tx, 'keep', 2));
    assert.deepEqual(await idsOf({ keyword: 'keep' }), ['k4', 'k3']);
    assert.equal((await idsOf({ keyword: 'nn' })).length, 2);
  });

  await t.test('remove takes all that it names or, undone by the caller, none', async () => {
    assert.equal(await unitOfWork.transaction((tx) => store.remove(tx, ['k3', 'k4'])), true);
    const attempt = unitOfWork.transaction(async (tx) => {
      if (!(await store.remove(tx, ['u1', 'none']))) throw new Error('none');
    });
    await assert.rejects(attempt, /none/);
    assert.deepEqual(await idsOf({ keyword: 'nn' }), ['u2', 'u1']);
  });

  await t.test('the oldest from before a time are forgotten, so many at once', async () => {
    const forget = (until: number, limit: number) => unitOfWork.transaction((tx) => store.forget(tx, until, limit));
    assert.deepEqual([await forget(10, 9), await forget(101, 3), await forget(101, 3)], [0, 3, 1]);
    assert.deepEqual(await idsOf(), ['u2']);
  });
}

function log(logID: string, changes: Partial<ClientLog> = {}): ClientLog {
  const texts = { platform: 'IOS', url: 'https://x/y', filename: 'f', appFramework: 'a', version: 'v', ex: '' };
  return { logID, userID: 'u', createdAt: 1, ...texts, ...changes };
}
