/** What every VersionLogStore does, as version logs rely on it (relations-groups chapter, 10.1 and 10.2). */
import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import type { UnitOfWork } from '../../src/kernel/unit-of-work.ts';
import type { Change, ChangeState, VersionLogStore, VersionStep } from '../../src/sync/version-log-store.ts';

export interface VersionLogNode {
  readonly store: VersionLogStore;
  readonly unitOfWork: UnitOfWork;
}

export interface VersionLogHarness {
  readonly node: VersionLogNode;
  readonly peer: VersionLogNode;
  /** The same data after a restart. */
  reopen(): Promise<VersionLogStore>;
  /** Other data: those of a database that was made anew. */
  openEmpty(): Promise<VersionLogStore>;
}

export async function versionLogStoreSuite(t: TestContext, { node, peer, reopen, openEmpty }: VersionLogHarness) {
  const { store } = node;
  const record = (steps: readonly VersionStep[], on = node) =>
    on.unitOfWork.transaction((tx) => on.store.record(tx, 'friends', steps));
  const recordOne = (ownerID: string, itemID: string, state: ChangeState, on = node) =>
    record([{ ownerID, changes: [{ itemID, state }] }], on);
  const changesAfter = async (ownerID: string, version: number) =>
    (await store.tailAfter('friends', ownerID, version, 10_000)).changes;
  const allChanges = (ownerID: string) => changesAfter(ownerID, 0);

  await t.test('an owner to whom nothing happened has a head at version 1 and no changes', async () => {
    const head = await store.head('friends', 'calm');
    assert.match(head.versionID, /^[0-9a-f]{24}$/);
    assert.equal(head.version, 1);
    assert.deepEqual(await allChanges('calm'), []);
  });

  await t.test(
    'the versionID stays what it was before the first change, on every node and over a restart',
    async () => {
      const before = await store.head('friends', 'stable');
      await recordOne('stable', 'a', 'insert', peer);
      const after = { versionID: before.versionID, version: 2 };
      assert.deepEqual(await store.head('friends', 'stable'), after);
      assert.deepEqual(await peer.store.head('friends', 'stable'), after);
      assert.deepEqual(await (await reopen()).head('friends', 'stable'), after);
    },
  );

  await t.test('every log has a versionID of its own, also the same one in a database that was made anew', async () => {
    const heads = [
      await store.head('friends', 'x'),
      await store.head('friends', 'y'),
      await store.head('conversations', 'x'),
      await (await openEmpty()).head('friends', 'x'),
    ];
    assert.equal(new Set(heads.map(({ versionID }) => versionID)).size, heads.length);
  });

  await t.test('a step raises the version by 1 however many items it changes', async () => {
    const items = Array.from({ length: 700 }, (_, index) => `item${index}`);
    await record([{ ownerID: 'bulk', changes: items.map((itemID) => ({ itemID, state: 'insert' })) }]);
    assert.equal((await store.head('friends', 'bulk')).version, 2);
    assert.equal((await changesAfter('bulk', 1)).length, 700);
    assert.deepEqual(await changesAfter('bulk', 2), []);
  });

  await t.test('one call steps the logs of many owners, each by 1, and no other kind', async () => {
    const owners = Array.from({ length: 1200 }, (_, index) => `owner${index}`);
    const changes: Change[] = [{ itemID: 'group', state: 'insert' }];
    await record(owners.slice(0, 600).map((ownerID) => ({ ownerID, changes })));
    await record(owners.map((ownerID) => ({ ownerID, changes })));
    const versions = await Promise.all(owners.map(async (ownerID) => (await store.head('friends', ownerID)).version));
    assert.deepEqual(versions, [...Array(600).fill(3), ...Array(600).fill(2)]);
    assert.equal((await store.head('conversations', 'owner0')).version, 1);
  });

  await t.test('an item has one entry: its latest state, at its latest version', async () => {
    await recordOne('latest', 'a', 'insert');
    await recordOne('latest', 'b', 'insert');
    await recordOne('latest', 'a', 'update');
    await recordOne('latest', 'b', 'delete');
    await recordOne('latest', 'c', 'insert');
    assert.deepEqual(await allChanges('latest'), [
      { itemID: 'a', state: 'update' },
      { itemID: 'b', state: 'delete' },
      { itemID: 'c', state: 'insert' },
    ]);
    const newest = await changesAfter('latest', 5);
    assert.deepEqual(newest, [{ itemID: 'c', state: 'insert' }]);
  });

  await t.test('a tail of as many entries as asked for is told whole, a longer one not at all', async () => {
    const whole = await store.tailAfter('friends', 'latest', 0, 3);
    assert.deepEqual([whole.changes.length, whole.isTooLong], [3, false]);
    const cut = await store.tailAfter('friends', 'latest', 0, 2);
    assert.deepEqual([cut.changes.length, cut.isTooLong], [0, true]);
  });

  await t.test('a step answers with the heads that it leaves', async () => {
    const changes: Change[] = [{ itemID: 'a', state: 'insert' }];
    await record([{ ownerID: 'head1', changes }]);
    const heads = await record(['head1', 'head2'].map((ownerID) => ({ ownerID, changes })));
    assert.deepEqual(
      heads,
      new Map([
        ['head1', await store.head('friends', 'head1')],
        ['head2', await store.head('friends', 'head2')],
      ]),
    );
    assert.deepEqual([heads.get('head1')?.version, heads.get('head2')?.version], [3, 2]);
  });

  await t.test('a new order and a change of the owner are told apart from items, and count as entries', async () => {
    await record([{ ownerID: 'marked', changes: [{ itemID: 'a', state: 'insert' }], isResorted: true }]);
    await record([{ ownerID: 'marked', changes: [], isOwnerChanged: true }]);
    const since = (version: number) => store.tailAfter('friends', 'marked', version, 10);
    assert.deepEqual(await since(1), {
      changes: [{ itemID: 'a', state: 'insert' }],
      sortVersion: 2,
      isOwnerChanged: true,
      isTooLong: false,
    });
    assert.deepEqual(await since(2), { changes: [], sortVersion: 0, isOwnerChanged: true, isTooLong: false });
    assert.equal((await store.tailAfter('friends', 'marked', 1, 2)).isTooLong, true);
  });

  await t.test('a log that was dropped begins anew under another versionID, on every node; others stay', async () => {
    for (const ownerID of ['dropped', 'other']) await recordOne(ownerID, 'a', 'insert');
    const before = await store.head('friends', 'dropped');
    await node.unitOfWork.transaction((tx) => store.drop(tx, 'friends', ['dropped', 'never seen']));
    const dropped = await store.head('friends', 'dropped');
    assert.notEqual(dropped.versionID, before.versionID);
    assert.equal(dropped.version, 1);
    assert.deepEqual(await allChanges('dropped'), []);
    await recordOne('dropped', 'b', 'insert', peer);
    const after = { ...dropped, version: 2 };
    assert.deepEqual(await (await reopen()).head('friends', 'dropped'), after);
    assert.equal((await allChanges('other')).length, 1);
  });

  await t.test('a step belongs to its transaction: nothing stays when it fails', async () => {
    const failure = new Error('no');
    const attempt = node.unitOfWork.transaction(async (tx) => {
      await store.record(tx, 'friends', [{ ownerID: 'undone', changes: [{ itemID: 'a', state: 'insert' }] }]);
      throw failure;
    });
    await assert.rejects(attempt, failure);
    assert.equal((await store.head('friends', 'undone')).version, 1);
    assert.deepEqual(await allChanges('undone'), []);
  });

  await t.test('several logs are told at once as each by itself, in whatever order they changed', async () => {
    // More than are read by one statement.
    const owners = Array.from({ length: 60 }, (_, index) => `many${index}`);
    for (const round of ['a', 'b']) {
      await record(owners.slice(1).map((ownerID) => ({ ownerID, changes: [{ itemID: round, state: 'insert' }] })));
    }
    await record([{ ownerID: 'many1', changes: [{ itemID: 'a', state: 'delete' }], isResorted: true }]);
    await record([{ ownerID: 'many2', changes: [], isOwnerChanged: true }]);
    await recordOne('many3', 'c', 'update');
    const heads = await store.heads('friends', [...owners, 'nobody']);
    assert.equal(heads.size, 61);
    for (const [ownerID, head] of heads) assert.deepEqual(head, await store.head('friends', ownerID));
    for (const [after, limit] of [
      [0, 10],
      [2, 10],
      [2, 1],
      [9, 10],
    ] as const) {
      const tails = await store.tailsAfter('friends', new Map(owners.map((ownerID) => [ownerID, after])), limit);
      assert.equal(tails.size, owners.length);
      for (const [ownerID, tail] of tails) {
        assert.deepEqual(tail, await store.tailAfter('friends', ownerID, after, limit), ownerID);
      }
    }
    assert.deepEqual(await store.heads('friends', []), new Map());
    assert.deepEqual(await store.tailsAfter('friends', new Map(), 10), new Map());
  });

  await t.test('concurrent steps on two nodes follow one another without a gap', async () => {
    const steps = Array.from({ length: 60 }, (_, index) => index);
    await Promise.all(steps.map((index) => recordOne('busy', `item${index}`, 'insert', index % 2 === 0 ? node : peer)));
    assert.equal((await store.head('friends', 'busy')).version, 61);
    // One entry at each version: the tail after version v has exactly 61 - v entries.
    for (const version of [1, 2, 30, 60]) {
      assert.equal((await changesAfter('busy', version)).length, 61 - version);
    }
  });

  await t.test('a lock changes nothing and answers with the heads, also of logs without a change', async () => {
    await recordOne('locked', 'a', 'insert');
    const heads = await node.unitOfWork.transaction((tx) => store.lock(tx, 'friends', ['locked', 'new', 'locked']));
    assert.deepEqual(heads.get('locked'), await store.head('friends', 'locked'));
    assert.deepEqual(heads.get('new'), await peer.store.head('friends', 'new'));
    assert.deepEqual([heads.size, heads.get('locked')?.version, heads.get('new')?.version], [2, 2, 1]);
    await recordOne('new', 'a', 'insert');
    assert.deepEqual(await store.head('friends', 'new'), { ...heads.get('new'), version: 2 });
  });

  await t.test('who locks decides by what stays true until its end, on two nodes', async () => {
    const addOnce = (on: VersionLogNode) =>
      on.unitOfWork.transaction(async (tx) => {
        const heads = await on.store.lock(tx, 'friends', ['once', 'other']);
        // Only the first finds the log as it was made.
        if (heads.get('once')?.version !== 1) return;
        await on.store.record(tx, 'friends', [{ ownerID: 'once', changes: [{ itemID: 'i', state: 'insert' }] }]);
      });
    await Promise.all(Array.from({ length: 10 }, () => [addOnce(node), addOnce(peer)]).flat());
    assert.equal((await store.head('friends', 'once')).version, 2);
  });

  await t.test('transactions that step the same owners in opposite order do not block each other', async () => {
    const owners = ['p', 'q', 'r', 's'];
    const stepAll = (order: readonly string[], on: VersionLogNode) =>
      record(
        order.map((ownerID) => ({ ownerID, changes: [{ itemID: 'i', state: 'update' }] })),
        on,
      );
    await Promise.all(
      Array.from({ length: 20 }, () => [stepAll(owners, node), stepAll(owners.toReversed(), peer)]).flat(),
    );
    for (const ownerID of owners) assert.equal((await store.head('friends', ownerID)).version, 41);
  });
}
