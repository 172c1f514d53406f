/** What every UserStore does, as the users domain relies on it. */
import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import type { UnitOfWork } from '../../src/kernel/unit-of-work.ts';
import type { User } from '../../src/users/user.ts';
import type { UserFilter, UserStore } from '../../src/users/user-store.ts';

export interface UserStoreNode {
  readonly store: UserStore;
  readonly unitOfWork: UnitOfWork;
  /** By the hand of an operator. */
  setLevel(userID: string, level: number): Promise<void>;
}

export async function userStoreSuite(t: TestContext, [node, peer]: readonly [UserStoreNode, UserStoreNode]) {
  const { store } = node;
  const add = (users: readonly User[], on = node) => on.unitOfWork.transaction((tx) => on.store.add(tx, users));

  await t.test('keeps every field of an added user', async () => {
    const user = userNamed('kept', { nickname: 'Ünï "q"', faceURL: 'f', ex: '{}', createdAt: 1700000000123 });
    await add([{ ...user, appManagerLevel: 3, globalRecvMsgOpt: 2 }]);
    assert.deepEqual(await store.find(['kept']), [{ ...user, appManagerLevel: 3, globalRecvMsgOpt: 2 }]);
  });

  await t.test('find leaves out unknown IDs, collapses repeats and distinguishes case', async () => {
    await add([userNamed('case')]);
    const found = await store.find(['nobody', 'case', 'Case', 'case', "case' OR '1'='1"]);
    assert.deepEqual(found, [userNamed('case')]);
    assert.deepEqual(await store.find([]), []);
  });

  await t.test('add reports the new ones and leaves existing ones as they are', async () => {
    await add([userNamed('old', { nickname: 'before' })]);
    const added = await add([userNamed('old', { nickname: 'after' }), userNamed('new')]);
    assert.deepEqual([...added], ['new']);
    assert.equal((await store.find(['old']))[0]?.nickname, 'before');
  });

  await t.test('add belongs to the transaction: nothing stays when it fails', async () => {
    const failure = new Error('no');
    const attempt = node.unitOfWork.transaction(async (tx) => {
      await store.add(tx, [userNamed('undone')]);
      throw failure;
    });
    await assert.rejects(attempt, failure);
    assert.deepEqual(await store.find(['undone']), []);
  });

  await t.test('of concurrent additions of one ID on two nodes exactly one succeeds', async () => {
    const IDs = Array.from({ length: 40 }, (_, index) => `race${index}`);
    // Opposite orders: transactions that locked in the order given would block each other.
    const results = await Promise.all([
      ...IDs.map((userID) => add([userNamed(userID)])),
      ...IDs.map((userID) => add([userNamed(userID)], peer)),
      add(IDs.map((userID) => userNamed(userID))),
      add(
        IDs.toReversed().map((userID) => userNamed(userID)),
        peer,
      ),
    ]);
    assert.deepEqual(results.flatMap((added) => [...added]).sort(), IDs.toSorted());
  });

  await t.test('takes and gives thousands at once', async () => {
    const users = Array.from({ length: 3000 }, (_, index) => userNamed(`many${index}`));
    assert.equal((await add(users)).size, 3000);
    const found = await store.find(users.map(({ userID }) => userID));
    assert.equal(found.length, 3000);
  });

  await t.test('update changes what is given and nothing else, and can clear', async () => {
    await add([userNamed('up', { nickname: 'n', faceURL: 'f', ex: 'e' }), userNamed('other')]);
    const changes = { nickname: 'm', faceURL: '', ex: null, globalRecvMsgOpt: 2 };
    assert.equal(await node.unitOfWork.transaction((tx) => store.update(tx, 'up', changes)), true);
    const expected = userNamed('up', { nickname: 'm', faceURL: '', ex: 'e', globalRecvMsgOpt: 2 });
    assert.deepEqual(await store.find(['up']), [expected]);
    assert.deepEqual(await store.find(['other']), [userNamed('other')]);
  });

  await t.test('levelOf gives the level as of now, whoever has changed it', async () => {
    assert.equal(await store.levelOf('levelled'), undefined);
    await add([userNamed('levelled', { appManagerLevel: 3 }), userNamed('plain')], peer);
    const levels = () =>
      Promise.all(['levelled', 'plain', 'nobody', 'levelled'].map((userID) => store.levelOf(userID)));
    assert.deepEqual(await levels(), [3, 0, undefined, 3]);
    for (const [level, by] of [
      [4, node],
      [5, peer],
    ] as const) {
      await by.setLevel('levelled', level);
      assert.deepEqual(await levels(), [level, 0, undefined, level]);
    }
  });

  await t.test('lock gives the user as the transaction has it; others may be held by several at once', async () => {
    await add([userNamed('locked'), userNamed('held')]);
    const changes = { nickname: 'm', faceURL: null, ex: null, globalRecvMsgOpt: null };
    const seen = await node.unitOfWork.transaction(async (tx) => {
      await store.hold(tx, ['held', 'nobody']);
      await store.update(tx, 'locked', changes);
      return [await store.lock(tx, 'locked'), await store.lock(tx, 'nobody')];
    });
    assert.deepEqual(seen, [userNamed('locked', { nickname: 'm' }), undefined]);
    await Promise.all(
      [node, peer].map((on) => on.unitOfWork.transaction((tx) => on.store.hold(tx, ['locked', 'held']))),
    );
  });

  await t.test('update knows whether the user exists, also when there is nothing to change', async () => {
    const update = (userID: string, nickname: string | null) =>
      node.unitOfWork.transaction((tx) =>
        store.update(tx, userID, { nickname, faceURL: null, ex: null, globalRecvMsgOpt: null }),
      );
    await add([userNamed('known')]);
    assert.equal(await update('known', null), true);
    assert.equal(await update('nobody', null), false);
    assert.equal(await update('nobody', 'x'), false);
  });

  await t.test('lists by level, name and parts of either, in order of IDs', async () => {
    await add([
      userNamed('list_a', { nickname: 'Ann 100%', createdAt: 5 }),
      userNamed('list_b', { nickname: 'bo', appManagerLevel: 1, createdAt: 5 }),
      userNamed('LIST_c', { nickname: 'Zoë list_', appManagerLevel: 3, createdAt: 5 }),
      userNamed('list_d', { nickname: 'bo', appManagerLevel: 4, createdAt: 5 }),
    ]);
    const ids = async (filter: UserFilter, offset = 0, limit = 100) => {
      const mine = { ...filter, holding: { userID: 'LIST_', ...filter.holding } };
      const users = await store.list(mine, offset, limit);
      if (offset === 0 && limit === 100) assert.equal(await store.count(mine), users.length);
      return users.map(({ userID }) => userID);
    };
    assert.deepEqual(await ids({}), ['LIST_c', 'list_a', 'list_b', 'list_d']);
    assert.deepEqual(await ids({}, 1, 2), ['list_a', 'list_b']);
    assert.deepEqual(await ids({ maxLevel: 1 }), ['list_a', 'list_b']);
    assert.deepEqual(await ids({ minLevel: 3 }), ['LIST_c', 'list_d']);
    assert.deepEqual(await ids({ minLevel: 4, maxLevel: 4 }), ['list_d']);
    assert.deepEqual(await ids({ nickname: 'bo' }), ['list_b', 'list_d']);
    assert.deepEqual(await ids({ except: ['list_a', 'list_d'] }), ['LIST_c', 'list_b']);
    assert.deepEqual(await ids({ registeredBefore: 5 }), []);
    assert.deepEqual(await ids({ holding: { userID: 't_A', nickname: '%' } }), ['list_a']);
    assert.deepEqual(await ids({ holding: { userID: 'none', nickname: 'zO' } }), ['LIST_c']);
    assert.deepEqual(await ids({ holding: { userID: 'list%', nickname: '_' } }), ['LIST_c'], 'nothing is a pattern');
  });

  await t.test('IDs of all users come in pages, in their order', async () => {
    const all = await store.ids(0, 1000);
    assert.deepEqual(all, all.toSorted());
    assert.deepEqual(await store.ids(1, 2), all.slice(1, 3));
  });

  await t.test('registrations are counted by day of UTC', async () => {
    const day = 86_400_000;
    const at = 40_000 * day;
    await add([
      userNamed('day_a', { createdAt: at - 1 }),
      userNamed('day_b', { createdAt: at }),
      userNamed('day_c', { createdAt: at + day - 1 }),
      userNamed('day_d', { createdAt: at + 2 * day }),
    ]);
    assert.deepEqual([...(await store.registrations(at, at + 2 * day))], [[40_000, 2]]);
    assert.deepEqual(
      [...(await store.registrations(at - 1, at + 2 * day + 1))],
      [
        [39_999, 1],
        [40_000, 2],
        [40_002, 1],
      ],
    );
    assert.deepEqual([...(await store.registrations(at + 3 * day, at + 4 * day))], []);
  });
}

function userNamed(userID: string, fields: Partial<User> = {}): User {
  return {
    userID,
    nickname: `nick ${userID}`,
    faceURL: '',
    ex: '',
    createdAt: 1700000000000,
    appManagerLevel: 0,
    globalRecvMsgOpt: 0,
    ...fields,
  };
}
