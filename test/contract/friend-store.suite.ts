/** What every FriendStore does, as the friends domain relies on it. */
import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import type { Friend, FriendChanges, PlacedFriend } from '../../src/friends/friend.ts';
import type { FriendStore } from '../../src/friends/friend-store.ts';
import type { Transaction, UnitOfWork } from '../../src/kernel/unit-of-work.ts';

const unchanged: FriendChanges = { remark: null, ex: null, isPinned: null };

export async function friendStoreSuite(t: TestContext, store: FriendStore, unitOfWork: UnitOfWork) {
  const write = <T>(work: (tx: Transaction) => Promise<T>) => unitOfWork.transaction(work);
  const add = (...friends: PlacedFriend[]) => write((tx) => store.add(tx, friends));
  const update = (owner: string, ids: string[], changes: Partial<FriendChanges>) =>
    write((tx) => store.update(tx, owner, ids, { ...unchanged, ...changes }));

  await t.test('a friend keeps every field', async () => {
    const { position, ...friend } = friendOf('kept', 'f', {
      remark: 'Ünï "q"',
      ex: '{}',
      isPinned: true,
      addSource: 2,
      operatorUserID: 'op',
      createdAt: 1700000000123,
    });
    await add({ ...friend, position });
    assert.deepEqual(await store.list('kept', 0, 10), [friend]);
    assert.deepEqual(await store.find('kept', ['f']), [friend]);
  });

  await t.test('the order is: pinned first, then by position, then by the bytes of the ID', async () => {
    await add(
      friendOf('order', 'ä', { position: 1 }),
      friendOf('order', 'Z', { position: 1 }),
      friendOf('order', 'a', { position: 1 }),
      friendOf('order', 'later', { position: 20 }),
      friendOf('order', 'pin2', { position: 9, isPinned: true }),
      friendOf('order', 'pin1', { position: 8, isPinned: true }),
      friendOf('other', 'x', { position: 0 }),
    );
    const inOrder = ['pin1', 'pin2', 'Z', 'a', 'ä', 'later'];
    assert.deepEqual(await store.ids('order'), inOrder);
    const listed = async (offset: number, limit: number) => namesOf(await store.list('order', offset, limit));
    assert.deepEqual(await listed(0, 10), inOrder);
    assert.deepEqual(await listed(1, 2), inOrder.slice(1, 3));
    assert.deepEqual(await listed(5, 2), ['later']);
    assert.deepEqual(await listed(6, 2), []);
    assert.equal(await store.count('order'), 6);
    assert.equal(await store.count('nobody'), 0);
    assert.deepEqual(await store.ids('nobody'), []);
  });

  await t.test('remove takes one direction, and knows whether there was one', async () => {
    await add(friendOf('gone', 'f'), friendOf('f', 'gone'));
    assert.equal(await write((tx) => store.remove(tx, 'gone', 'f')), true);
    assert.equal(await write((tx) => store.remove(tx, 'gone', 'f')), false);
    assert.deepEqual(await store.ids('f'), ['gone']);
  });

  await t.test('update changes what is given, of the friends among those named, and says who they are', async () => {
    await add(friendOf('up', 'a', { remark: 'r', ex: 'e' }), friendOf('up', 'b'), friendOf('up', 'c'));
    assert.deepEqual([...(await update('up', ['b', 'none', 'a'], { isPinned: true }))].sort(), ['a', 'b']);
    assert.deepEqual(await update('up', ['a'], { remark: '' }), ['a']);
    assert.deepEqual(await update('up', ['none'], { remark: 'x' }), []);
    const rows = (await store.list('up', 0, 10)).map((row) => [row.friendUserID, row.remark, row.ex, row.isPinned]);
    assert.deepEqual(rows, [
      ['a', '', 'e', true],
      ['b', '', '', true],
      ['c', '', '', false],
    ]);
    await update('up', ['a'], { isPinned: false, ex: 'new' });
    assert.deepEqual(
      (await store.find('up', ['a'])).map(({ ex, isPinned }) => [ex, isPinned]),
      [['new', false]],
    );
  });

  await t.test('who among many is a friend, and whose friend somebody is, also as of a transaction', async () => {
    const many = Array.from({ length: 1200 }, (_, index) => `n${index}`);
    await add(friendOf('among', 'n7'), friendOf('among', 'n1100'), friendOf('n7', 'among'), friendOf('n8', 'among'));
    assert.deepEqual([...(await store.friendsAmong('among', many))].sort(), ['n1100', 'n7']);
    assert.deepEqual([...(await store.ownersAmong('among', many))].sort(), ['n7', 'n8']);
    assert.deepEqual(namesOf(await store.find('among', many)).sort(), ['n1100', 'n7']);
    await write(async (tx) => {
      await store.add(tx, [friendOf('among', 'n9'), friendOf('n9', 'among')]);
      assert.deepEqual([...(await store.friendsAmong('among', ['n9'], tx))], ['n9']);
      assert.deepEqual([...(await store.ownersAmong('among', ['n9'], tx))], ['n9']);
    });
  });

  await t.test('owners are paged by ID', async () => {
    await add(...['o3', 'o1', 'o2', 'o4'].map((owner) => friendOf(owner, 'star')), friendOf('o1', 'other'));
    const after = (last: string, limit: number) => write((tx) => store.ownersAfter(tx, 'star', last, limit));
    assert.deepEqual(await after('', 3), ['o1', 'o2', 'o3']);
    assert.deepEqual(await after('o3', 3), ['o4']);
    assert.deepEqual(await after('o4', 3), []);
  });

  await t.test('friends are counted for many owners, those of the transaction included', async () => {
    const friends = Array.from({ length: 1100 }, (_, index) => friendOf('count1', `n${index}`));
    await add(...friends, friendOf('count2', 'x'));
    const counts = await write(async (tx) => {
      await store.add(tx, [friendOf('count2', 'y')]);
      return store.counts(tx, ['count1', 'count2', 'nobody']);
    });
    assert.deepEqual(Object.fromEntries(counts), { count1: 1100, count2: 2 });
  });

  await t.test('all belong to the transaction: nothing stays when it fails', async () => {
    await add(friendOf('tx', 'a'), friendOf('tx', 'b'));
    const before = await store.list('tx', 0, 10);
    const attempt = write(async (tx) => {
      await store.add(tx, [friendOf('tx', 'c')]);
      await store.remove(tx, 'tx', 'a');
      await store.update(tx, 'tx', ['b'], { ...unchanged, remark: 'x' });
      throw new Error('no');
    });
    await assert.rejects(attempt, /no/);
    assert.deepEqual(await store.list('tx', 0, 10), before);
  });
}

function namesOf(friends: readonly Friend[]): string[] {
  return friends.map(({ friendUserID }) => friendUserID);
}

function friendOf(ownerUserID: string, friendUserID: string, fields: Partial<PlacedFriend> = {}): PlacedFriend {
  return {
    ownerUserID,
    friendUserID,
    remark: '',
    ex: '',
    isPinned: false,
    addSource: 1,
    operatorUserID: 'op',
    createdAt: 1700000000000,
    position: 1,
    ...fields,
  };
}
