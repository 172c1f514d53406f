/** What every BlackStore does, as the friends domain relies on it. */
import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import type { BlackStore } from '../../src/friends/black-store.ts';
import type { PlacedBlack } from '../../src/friends/friend.ts';
import type { Transaction, UnitOfWork } from '../../src/kernel/unit-of-work.ts';

export async function blackStoreSuite(t: TestContext, store: BlackStore, unitOfWork: UnitOfWork) {
  const write = <T>(work: (tx: Transaction) => Promise<T>) => unitOfWork.transaction(work);
  const add = (ownerUserID: string, blockedUserID: string, fields: Partial<PlacedBlack> = {}) =>
    write((tx) => store.add(tx, blackOf(ownerUserID, blockedUserID, fields)));
  const namesOf = async (rows: ReturnType<BlackStore['list']>) =>
    (await rows).map(({ blockedUserID }) => blockedUserID);

  await t.test('keeps every field, and what was there first', async () => {
    const { position, ...black } = blackOf('kept', 'b', {
      ex: 'Ünï "q"',
      operatorUserID: 'op',
      createdAt: 1700000000123,
    });
    assert.equal(await add('kept', 'b', { ...black, position }), true);
    assert.equal(await add('kept', 'b', { ex: 'other', position: 9 }), false);
    assert.deepEqual(await store.list('kept', 0, 10), [black]);
    assert.deepEqual(await store.find('kept', ['b']), [black]);
  });

  await t.test('the order is by position', async () => {
    await add('order', 'a', { position: 3 });
    await add('order', 'b', { position: 1 });
    await add('order', 'c', { position: 20 });
    assert.deepEqual(await namesOf(store.list('order', 0, 10)), ['b', 'a', 'c']);
    assert.deepEqual(await namesOf(store.list('order', 1, 1)), ['a']);
    assert.deepEqual(await namesOf(store.list('order', 3, 1)), []);
    assert.deepEqual([await store.count('order'), await store.count('nobody')], [3, 0]);
  });

  await t.test('remove takes one, and knows whether there was one', async () => {
    await add('gone', 'a');
    await add('a', 'gone');
    assert.equal(await write((tx) => store.remove(tx, 'gone', 'a')), true);
    assert.equal(await write((tx) => store.remove(tx, 'gone', 'a')), false);
    assert.equal(await store.count('a'), 1);
  });

  await t.test('who among many is blocked', async () => {
    await add('among', 'n7');
    await add('among', 'n1100');
    const many = Array.from({ length: 1200 }, (_, index) => `n${index}`);
    assert.deepEqual((await namesOf(store.find('among', many))).sort(), ['n1100', 'n7']);
  });

  await t.test('a transaction counts what it has added, and nothing stays when it fails', async () => {
    const attempt = write(async (tx) => {
      await store.add(tx, blackOf('tx', 'a'));
      assert.equal(await store.count('tx', tx), 1);
      throw new Error('no');
    });
    await assert.rejects(attempt, /no/);
    assert.equal(await store.count('tx'), 0);
  });
}

function blackOf(ownerUserID: string, blockedUserID: string, fields: Partial<PlacedBlack> = {}): PlacedBlack {
  return { ownerUserID, blockedUserID, operatorUserID: 'op', ex: '', createdAt: 1, position: 1, ...fields };
}
