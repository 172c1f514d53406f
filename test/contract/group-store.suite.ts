/** What every GroupStore does, as the groups domain relies on it. */
import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import type { GroupMemberStore } from '../../src/groups/group-member-store.ts';
import type { GroupStore } from '../../src/groups/group-store.ts';
import type { UnitOfWork } from '../../src/kernel/unit-of-work.ts';
import { groupNamed, memberNamed } from './support/groups.ts';

export interface GroupStoreNode {
  readonly store: GroupStore;
  readonly members: GroupMemberStore;
  readonly unitOfWork: UnitOfWork;
}

export async function groupStoreSuite(t: TestContext, [node, peer]: readonly [GroupStoreNode, GroupStoreNode]) {
  const { store, members, unitOfWork } = node;
  const add = (...groups: ReturnType<typeof groupNamed>[]) =>
    unitOfWork.transaction(async (tx) => {
      for (const group of groups) assert.equal(await store.add(tx, group), true);
    });

  await t.test('keeps every field', async () => {
    const group = groupNamed('kept', {
      name: 'Ünï "q" 😀',
      notification: 'n',
      introduction: 'i',
      faceURL: 'f',
      ex: '{}',
      status: 3,
      creatorUserID: 'c',
      needVerification: 2,
      lookMemberInfo: 1,
      applyMemberFriend: 1,
      notificationUpdatedAt: 1700000000123,
      notificationUserID: 'n',
      ownerUserID: 'o',
      memberCount: 100_000,
    });
    await add(group);
    assert.deepEqual(await store.find('kept'), group);
  });

  await t.test('an ID that is taken is left as it is', async () => {
    await add(groupNamed('taken', { name: 'first' }));
    const isAdded = await unitOfWork.transaction((tx) => store.add(tx, groupNamed('taken', { name: 'second' })));
    assert.equal(isAdded, false);
    assert.equal((await store.find('taken'))?.name, 'first');
  });

  await t.test('of concurrent additions of one ID on two nodes exactly one succeeds', async () => {
    const results = await Promise.all(
      Array.from({ length: 20 }, (_, index) => {
        const on = index % 2 === 0 ? node : peer;
        return on.unitOfWork.transaction((tx) => on.store.add(tx, groupNamed('race')));
      }),
    );
    assert.equal(results.filter(Boolean).length, 1);
  });

  await t.test('update changes what is given and nothing else', async () => {
    const group = groupNamed('changed', { introduction: 'stays' });
    await add(group, groupNamed('other'));
    const changes = { name: 'new', status: 3, memberCount: 7, ownerUserID: 'x', notification: '', faceURL: 'f' };
    await unitOfWork.transaction((tx) => store.update(tx, 'changed', changes));
    assert.deepEqual(await store.find('changed'), { ...group, ...changes });
    assert.deepEqual(await store.find('other'), groupNamed('other'));
    await unitOfWork.transaction((tx) => store.update(tx, 'changed', {}));
    assert.deepEqual(await store.find('changed'), { ...group, ...changes });
  });

  await t.test('a lock sees what the transaction has written, and holds off others until it ends', async () => {
    await add(groupNamed('locked', { memberCount: 0 }));
    const raise = (on: GroupStoreNode) =>
      on.unitOfWork.transaction(async (tx) => {
        const before = await on.store.lock(tx, 'locked');
        await on.store.update(tx, 'locked', { memberCount: (before?.memberCount ?? 0) + 1 });
        assert.equal((await on.store.lock(tx, 'locked'))?.memberCount, (before?.memberCount ?? 0) + 1);
      });
    await Promise.all(Array.from({ length: 20 }, (_, index) => raise(index % 2 === 0 ? node : peer)));
    assert.equal((await store.find('locked'))?.memberCount, 20);
    assert.equal(await unitOfWork.transaction((tx) => store.lock(tx, 'nobody')), undefined);
  });

  await t.test('several groups are locked in one order, whichever they are asked for in', async () => {
    const IDs = Array.from({ length: 10 }, (_, index) => `many${index}`);
    await add(...IDs.map((groupID) => groupNamed(groupID)));
    const lockAll = (on: GroupStoreNode, groupIDs: readonly string[]) =>
      on.unitOfWork.transaction(async (tx) => (await on.store.lockMany(tx, groupIDs)).length);
    const counts = await Promise.all(
      Array.from({ length: 20 }, (_, index) =>
        index % 2 === 0 ? lockAll(node, [...IDs, 'nobody']) : lockAll(peer, IDs.toReversed()),
      ),
    );
    assert.deepEqual([...new Set(counts)], [10]);
  });

  await t.test('findMany gives those that exist, each once', async () => {
    await add(groupNamed('a1'), groupNamed('a2'));
    const found = await store.findMany(['a2', 'none', 'a1', 'a2']);
    assert.deepEqual(found.map(({ groupID }) => groupID).sort(), ['a1', 'a2']);
    assert.deepEqual(await store.findMany([]), []);
  });

  await t.test('search takes a part of a name letter by letter, newest first, without the dismissed', async () => {
    await add(
      groupNamed('s1', { name: 'find.me', createdAt: 1 }),
      groupNamed('s2', { name: 'find%me', createdAt: 3 }),
      groupNamed('s3', { name: 'xfind.me', createdAt: 2 }),
      groupNamed('s4', { name: 'find.me', createdAt: 4, status: 2 }),
      groupNamed('s5', { name: 'Find.Me', createdAt: 5 }),
    );
    const found = async (namePart: string, offset: number, limit: number) => [
      await store.countFound(namePart),
      (await store.search(namePart, offset, limit)).map(({ groupID }) => groupID),
    ];
    assert.deepEqual(await found('find.me', 0, 10), [2, ['s3', 's1']]);
    assert.deepEqual(await found('d%m', 0, 10), [1, ['s2']]);
    assert.deepEqual(await found('ind', 1, 1), [4, ['s2']]);
  });

  await t.test('joined groups come by name in bytes, then by age, without the dismissed', async () => {
    const groups = [
      groupNamed('j1', { name: 'b', createdAt: 2 }),
      groupNamed('j2', { name: 'b', createdAt: 1 }),
      groupNamed('j3', { name: 'B', createdAt: 9 }),
      groupNamed('j4', { name: 'ä', createdAt: 0 }),
      groupNamed('j5', { name: 'a', createdAt: 0, status: 2 }),
    ];
    await add(...groups, groupNamed('j6', { name: 'a' }));
    await unitOfWork.transaction(async (tx) => {
      for (const { groupID } of groups) await members.add(tx, [memberNamed(groupID, 'joiner')]);
    });
    assert.deepEqual(await store.idsJoinedBy('joiner'), ['j3', 'j2', 'j1', 'j4']);
    assert.deepEqual(await store.idsJoinedBy('nobody'), []);
  });

  await t.test('all of it belongs to the transaction: nothing stays when it fails', async () => {
    await add(groupNamed('undone', { name: 'before' }));
    const failure = new Error('no');
    const attempt = unitOfWork.transaction(async (tx) => {
      await store.update(tx, 'undone', { name: 'after' });
      await store.add(tx, groupNamed('never'));
      throw failure;
    });
    await assert.rejects(attempt, failure);
    assert.deepEqual([(await store.find('undone'))?.name, await store.find('never')], ['before', undefined]);
  });
}
