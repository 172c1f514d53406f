/** What every ClientConfigStore does, as the users domain relies on it. */
import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import type { UnitOfWork } from '../../src/kernel/unit-of-work.ts';
import type { ClientConfigEntry, ClientConfigStore } from '../../src/users/client-config-store.ts';

export interface ClientConfigStoreNode {
  readonly store: ClientConfigStore;
  readonly unitOfWork: UnitOfWork;
}

/** More bytes than there are. */
const all = 1_000_000;

const any = { userID: undefined, key: undefined };

export async function clientConfigStoreSuite(
  t: TestContext,
  [node, peer]: readonly [ClientConfigStoreNode, ClientConfigStoreNode],
) {
  const { store, unitOfWork } = node;
  const put = (entries: readonly ClientConfigEntry[], on = node) =>
    on.unitOfWork.transaction((tx) => on.store.put(tx, entries));
  const valuesOf = async (...userIDs: string[]) =>
    Object.fromEntries((await store.read(userIDs)).map(({ userID, key, value }) => [`${userID}/${key}`, value]));

  await t.test('put adds and replaces, for one scope only', async () => {
    await put([entry('a', '1'), entry('b', '2'), entry('a', 'everybody', '')]);
    await put([entry('a', '3')]);
    assert.deepEqual(await valuesOf('u', ''), { 'u/a': '3', 'u/b': '2', '/a': 'everybody' });
    assert.deepEqual(await valuesOf('u'), { 'u/a': '3', 'u/b': '2' });
    assert.deepEqual(await valuesOf(), {});
    await put([]);
  });

  await t.test('remove takes what it names and nothing else', async () => {
    await put([entry('x', '1', 'r'), entry('y', '2', 'r'), entry('x', '3', 's')]);
    await unitOfWork.transaction((tx) => store.remove(tx, 'r', ['x', 'none']));
    await unitOfWork.transaction((tx) => store.remove(tx, 's', []));
    assert.deepEqual(await valuesOf('r', 's'), { 'r/y': '2', 's/x': '3' });
  });

  await t.test('both belong to the transaction: nothing stays when it fails', async () => {
    await put([entry('kept', '1', 'tx')]);
    const attempt = unitOfWork.transaction(async (tx) => {
      await store.put(tx, [entry('kept', '2', 'tx'), entry('new', '2', 'tx')]);
      await store.remove(tx, 'tx', ['kept']);
      throw new Error('no');
    });
    await assert.rejects(attempt, /no/);
    assert.deepEqual(await valuesOf('tx'), { 'tx/kept': '1' });
  });

  await t.test('pages are ordered by the bytes of key and user, with the number of all', async () => {
    const [{ total: before }] = [await store.page(any, 0, 0, all)];
    await put(['p_ä', 'p_a', 'p_Z'].map((key) => entry(key, key, 'page')));
    await put([entry('p_a', 'of another', 'Page')]);
    const { total, entries } = await store.page({ userID: 'page', key: undefined }, 1, 5, all);
    assert.deepEqual([total, entries.map(({ key }) => key)], [3, ['p_a', 'p_ä']]);
    const byKey = await store.page({ userID: undefined, key: 'p_a' }, 0, 5, all);
    assert.deepEqual(
      byKey.entries.map(({ userID }) => userID),
      ['Page', 'page'],
    );
    assert.equal((await store.page({ userID: 'page', key: 'p_a' }, 0, 1, all)).total, 1);
    assert.equal((await store.page(any, 0, 0, all)).total, before + 4);
    assert.deepEqual((await store.page(any, Number.MAX_SAFE_INTEGER, 5, all)).entries, []);
  });

  await t.test('a page gives the first that fit, by the bytes of their values', async () => {
    await put(['a', 'b', 'c'].map((key) => entry(key, 'ä'.repeat(50), 'fit')));
    const fitting = async (offset: number, maxBytes: number) =>
      (await store.page({ userID: 'fit', key: undefined }, offset, 5, maxBytes)).entries.map(({ key }) => key);
    assert.deepEqual(await fitting(0, 300), ['a', 'b', 'c']);
    assert.deepEqual(await fitting(0, 299), ['a', 'b']);
    assert.deepEqual(await fitting(1, 199), ['b']);
  });

  await t.test('usage counts the entries of one scope and the bytes of their values', async () => {
    const usage = (userID: string) => unitOfWork.transaction((tx) => store.usage(tx, userID));
    assert.deepEqual(await usage('use'), { count: 0, bytes: 0 });
    await put([entry('a', 'ä', 'use'), entry('b', '', 'use')]);
    assert.deepEqual(await usage('use'), { count: 2, bytes: 2 });
  });

  await t.test('thousands at once, from two nodes in opposite orders, block nobody', async () => {
    const entries = Array.from({ length: 1200 }, (_, index) => entry(`many${index}`, 'v', 'bulk'));
    await Promise.all([put(entries), put(entries.toReversed(), peer)]);
    assert.equal((await store.page({ userID: 'bulk', key: undefined }, 0, 0, all)).total, 1200);
  });
}

function entry(key: string, value: string, userID = 'u'): ClientConfigEntry {
  return { key, userID, value };
}
