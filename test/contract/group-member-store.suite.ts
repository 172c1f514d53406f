/** What every GroupMemberStore does, as the groups domain relies on it. */
import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import type { NewGroupMember } from '../../src/groups/group.ts';
import type { GroupMemberStore } from '../../src/groups/group-member-store.ts';
import type { UnitOfWork } from '../../src/kernel/unit-of-work.ts';
import type { UserStore } from '../../src/users/user-store.ts';
import { countingTurns } from '../support/counting-turns.ts';
import { memberNamed } from './support/groups.ts';

export interface GroupMemberStoreNode {
  readonly store: GroupMemberStore;
  readonly users: UserStore;
  readonly unitOfWork: UnitOfWork;
}

export async function groupMemberStoreSuite(t: TestContext, { store, users, unitOfWork }: GroupMemberStoreNode) {
  const add = (...members: readonly NewGroupMember[]) => unitOfWork.transaction((tx) => store.add(tx, members));
  const idsOf = (members: readonly { readonly userID: string }[]) => members.map(({ userID }) => userID);

  await unitOfWork.transaction((tx) =>
    users.add(
      tx,
      ['ann', 'ben'].map((userID) => ({
        userID,
        nickname: `nick ${userID}`,
        faceURL: `face ${userID}`,
        ex: '',
        createdAt: 1,
        appManagerLevel: 0,
        globalRecvMsgOpt: 0,
      })),
    ),
  );

  await t.test('keeps every field, and gives the profile with it', async () => {
    const member = memberNamed('kept', 'ann', { role: 60, nickname: 'n', faceURL: 'f', ex: 'e', mutedUntil: 5 });
    await add(member, memberNamed('kept', 'unknown'));
    const found = new Map((await store.find('kept', ['ann', 'unknown', 'ben'])).map((one) => [one.userID, one]));
    assert.deepEqual(found.get('ann'), { ...member, profile: { nickname: 'nick ann', faceURL: 'face ann' } });
    assert.deepEqual(found.get('unknown')?.profile, { nickname: '', faceURL: '' });
    assert.equal(found.size, 2);
  });

  await t.test(
    'add gives those who were not there yet, in the order given, and leaves the others as they are',
    async () => {
      await add(memberNamed('some', 'b', { role: 100 }));
      const added = await add(memberNamed('some', 'c'), memberNamed('some', 'b'), memberNamed('some', 'a'));
      assert.deepEqual(idsOf(added), ['c', 'a']);
      assert.equal((await store.find('some', ['b']))[0]?.role, 100);
    },
  );

  await t.test('remove gives those who were there; removeFirst so many of them, in order', async () => {
    await add(...['d', 'a', 'b', 'c'].map((userID) => memberNamed('gone', userID)), memberNamed('beside', 'a'));
    const removed = await unitOfWork.transaction((tx) => store.remove(tx, 'gone', ['b', 'x']));
    assert.deepEqual(removed, ['b']);
    const removeTwo = () => unitOfWork.transaction((tx) => store.removeFirst(tx, 'gone', 2));
    assert.deepEqual([await removeTwo(), await removeTwo(), await removeTwo()], [['a', 'c'], ['d'], []]);
    assert.deepEqual([await store.ids('gone'), await store.ids('beside')], [[], ['a']]);
  });

  await t.test('update changes what is given of one member of one group', async () => {
    await add(memberNamed('up', 'a', { ex: 'stays' }), memberNamed('up', 'b'), memberNamed('up2', 'a'));
    const changes = { role: 60, nickname: 'n', faceURL: 'f', mutedUntil: 7 };
    const update = (userID: string, what: object) =>
      unitOfWork.transaction((tx) => store.update(tx, 'up', userID, what));
    assert.equal(await update('a', changes), true);
    assert.equal(await update('a', {}), true);
    assert.equal(await update('nobody', changes), false);
    const profile = { nickname: '', faceURL: '' };
    const expected = { ...memberNamed('up', 'a', { ex: 'stays', ...changes }), profile };
    assert.deepEqual(await store.find('up', ['a']), [expected]);
    assert.deepEqual(await store.find('up', ['b']), [{ ...memberNamed('up', 'b'), profile }]);
    assert.deepEqual(await store.find('up2', ['a']), [{ ...memberNamed('up2', 'a'), profile }]);
  });

  await t.test('within a transaction one reads what it has written', async () => {
    await unitOfWork.transaction(async (tx) => {
      await store.add(tx, [memberNamed('inside', 'a', { role: 100 }), memberNamed('inside', 'b')]);
      assert.deepEqual(idsOf(await store.find('inside', ['b'], tx)), ['b']);
      assert.deepEqual(await store.managerIDs(tx, 'inside', 10), ['a']);
      assert.ok((await store.groupIDsShowingProfileOf(tx, 'b', '', 10)).includes('inside'));
      assert.equal((await store.membershipsOf(tx, 'b', ['inside'])).length, 1);
    });
  });

  await t.test('O1: thousands who come at once are added in pieces, between which others have their turn', async () => {
    const many = Array.from({ length: 3000 }, (_, index) => memberNamed('crowd', `u${index}`));
    const [, turns] = await countingTurns(() => add(...many));
    assert.ok(turns >= 5, `others had ${turns} turns`);
    assert.equal(await store.count('crowd', {}), many.length);
  });

  await t.test('members come by role from above, then by age, then by ID', async () => {
    await add(
      memberNamed('order', 'z', { joinedAt: 1 }),
      memberNamed('order', 'b', { joinedAt: 2 }),
      memberNamed('order', 'a', { joinedAt: 2 }),
      memberNamed('order', 'old', { role: 60, joinedAt: 9 }),
      memberNamed('order', 'boss', { role: 100, joinedAt: 10 }),
      memberNamed('order', 'young', { role: 60, joinedAt: 10 }),
    );
    const all = ['boss', 'old', 'young', 'z', 'a', 'b'];
    assert.deepEqual(await store.ids('order'), all);
    assert.deepEqual(idsOf(await store.list('order', {}, 0, 100)), all);
    assert.deepEqual(idsOf(await store.list('order', {}, 2, 3)), all.slice(2, 5));
    await unitOfWork.transaction(async (tx) => {
      assert.deepEqual(await store.managerIDs(tx, 'order', 10), all.slice(0, 3));
      assert.deepEqual(await store.managerIDs(tx, 'order', 2), all.slice(0, 2));
    });
    const filter = { roles: [20, 100] };
    assert.deepEqual(idsOf(await store.list('order', filter, 0, 100)), ['boss', 'z', 'a', 'b']);
    assert.deepEqual([await store.count('order', {}), await store.count('order', filter)], [6, 4]);
  });

  await t.test('a keyword is looked for in the name that others see, letter by letter', async () => {
    await add(
      memberNamed('names', 'ann'),
      memberNamed('names', 'ben', { nickname: '50% off' }),
      memberNamed('names', 'nameless'),
    );
    const everybody = ['ann', 'ben', 'nameless', 'nobody'];
    const named = async (keyword: string) => [...(await store.named('names', everybody, { keyword }))].toSorted();
    assert.deepEqual(await named('nick'), ['ann']);
    assert.deepEqual(await named('0% o'), ['ben']);
    assert.deepEqual(await named('%'), ['ben']);
    assert.deepEqual(await named('NICK'), []);
    assert.deepEqual([...(await store.named('names', ['ben'], { keyword: 'nick' }))], []);
    assert.deepEqual([...(await store.named('names', everybody, { keyword: 'nick', roles: [60] }))], []);
  });

  await t.test("a user's groups: all, those it manages, its roles, those that show its profile", async () => {
    await add(
      memberNamed('m1', 'me', { role: 100, nickname: 'n', faceURL: 'f' }),
      memberNamed('m2', 'me', { role: 60, nickname: 'n' }),
      memberNamed('m3', 'me', { faceURL: 'f' }),
      memberNamed('m3', 'other'),
    );
    const sorted = async (ids: Promise<readonly string[]>) => (await ids).toSorted();
    assert.deepEqual(await sorted(store.groupIDsOf('me')), ['m1', 'm2', 'm3']);
    assert.deepEqual(await sorted(store.groupIDsManagedBy('me')), ['m1', 'm2']);
    const roles = await store.rolesOf('me', ['m3', 'm1', 'none']);
    assert.deepEqual(Object.fromEntries(roles), { m1: 100, m3: 20 });
    await unitOfWork.transaction(async (tx) => {
      assert.deepEqual(await store.groupIDsShowingProfileOf(tx, 'me', '', 10), ['m2', 'm3']);
      assert.deepEqual(await store.groupIDsShowingProfileOf(tx, 'me', '', 1), ['m2']);
      assert.deepEqual(await store.groupIDsShowingProfileOf(tx, 'me', 'm2', 10), ['m3']);
      const memberships = await store.membershipsOf(tx, 'me', ['m1', 'm3', 'none']);
      assert.deepEqual(memberships.map(({ groupID }) => groupID).toSorted(), ['m1', 'm3']);
    });
  });

  await t.test('whether somebody is in more groups than that', async () => {
    const isMore = (userIDs: readonly string[], groups: number) =>
      unitOfWork.transaction((tx) => store.someIsInMoreThan(tx, userIDs, groups));
    await add(memberNamed('q1', 'twice'), memberNamed('q2', 'twice'), memberNamed('q1', 'once'));
    assert.deepEqual(
      [await isMore(['once', 'twice'], 1), await isMore(['once', 'twice'], 2), await isMore(['once'], 1)],
      [true, false, false],
    );
    assert.equal(await isMore([], 0), false);
  });

  await t.test('takes and gives thousands at once', async () => {
    const many = Array.from({ length: 3000 }, (_, index) => memberNamed('large', `u${index}`));
    assert.equal((await add(...many)).length, 3000);
    assert.equal((await store.find('large', idsOf(many))).length, 3000);
    const removed = await unitOfWork.transaction((tx) => store.remove(tx, 'large', idsOf(many.slice(1))));
    assert.equal(removed.length, 2999);
    assert.deepEqual(await store.ids('large'), ['u0']);
  });
}
