/** Changing lists of friends: relations-groups.md 5.3 to 5.6 and 10.2. What their owners hear is in friend-notices.test.ts. */
import assert from 'node:assert/strict';
import deleteFriend from '../../src/http/routes/friend/delete_friend.ts';
import importFriend from '../../src/http/routes/friend/import_friend.ts';
import setFriendRemark from '../../src/http/routes/friend/set_friend_remark.ts';
import updateFriends from '../../src/http/routes/friend/update_friends.ts';
import { type Scenario, testEndpoint } from './scenario.ts';
import type { World } from './world.ts';

interface FriendRow {
  readonly ownerUserID: string;
  readonly remark: string;
  readonly createTime: number;
  readonly friendUser: { readonly userID: string };
  readonly addSource: number;
  readonly operatorUserID: string;
  readonly ex: string;
  readonly isPinned: boolean;
}

interface Changes {
  readonly version: number;
  readonly versionID: string;
  readonly full: boolean;
  readonly delete: string[] | null;
  readonly insert: FriendRow[] | null;
  readonly update: FriendRow[] | null;
  readonly sortVersion: number;
}

const as = (userID: string) => (world: World) => world.issue(userID, 2);
const befriend = (world: World, ownerUserID: string, ...friendUserIDs: string[]) =>
  world.call('/friend/import_friend', { ownerUserID, friendUserIDs });
const listOf = async (world: World, userID: string): Promise<FriendRow[]> => {
  const pagination = { pageNumber: 1, showNumber: 2000 };
  return (await world.call('/friend/get_friend_list', { userID, pagination })).friendsInfo ?? [];
};
const namesOf = (rows: readonly FriendRow[] | null) => rows?.map(({ friendUser }) => friendUser.userID) ?? null;
const friendsOf = async (world: World, userID: string) => namesOf(await listOf(world, userID));
const syncOf = (world: World, userID: string, since: object = {}): Promise<Changes> =>
  world.call('/friend/get_incremental_friends', { userID, version: 0, versionID: '', ...since });

/** Of ann's log when the scenario begins, and ann's list. */
let head: Changes;
let list: FriendRow[];
const noting = (given?: (world: World) => Promise<unknown>) => async (world: World) => {
  await given?.(world);
  head = await syncOf(world, 'ann');
  list = await listOf(world, 'ann');
};

/** One step, of which clients learn so much. */
function oneStep(expected: {
  readonly delete?: string[];
  readonly insert?: string[];
  readonly update?: string[];
  readonly isResorted?: boolean;
}) {
  return async (_: never, world: World) => {
    const changes = await syncOf(world, 'ann', head);
    assert.equal(changes.full, false);
    assert.equal(changes.version, head.version + 1);
    assert.deepEqual(changes.delete, expected.delete ?? null);
    assert.deepEqual(namesOf(changes.insert), expected.insert ?? null);
    assert.deepEqual(namesOf(changes.update), expected.update ?? null);
    assert.equal(changes.sortVersion, expected.isResorted === true ? changes.version : 0);
  };
}

const nothingChanged = async (_: never, world: World) => {
  assert.equal((await syncOf(world, 'ann')).version, head.version);
  assert.deepEqual(await listOf(world, 'ann'), list);
};

function refused(name: string, errCode: number, body: object, rest: Partial<Scenario> = {}): Scenario {
  return { name, token: as('ann'), given: noting(), body, expect: { errCode, data: nothingChanged }, ...rest };
}

testEndpoint(importFriend, [
  {
    name: '5.6: all are friends in both directions, as imported by the admin, each owner with one version step',
    given: noting((world) => world.register('ann', 'ben', 'cid', 'dan', 'eve')),
    body: { ownerUserID: 'ann', friendUserIDs: ['cid', 'ben', 'dan'] },
    expect: {
      errCode: 0,
      data: async (_: never, world: World) => {
        const changes = await syncOf(world, 'ann', head);
        assert.equal(changes.version, head.version + 1);
        // Of the order in which a log tells, nothing is promised; the list has it.
        assert.deepEqual(namesOf(changes.insert)?.sort(), ['ben', 'cid', 'dan']);
        assert.deepEqual(await friendsOf(world, 'ann'), ['cid', 'ben', 'dan']);
        for (const friend of ['ben', 'cid', 'dan']) {
          assert.deepEqual(await friendsOf(world, friend), ['ann']);
          assert.equal((await syncOf(world, friend)).version, 2);
        }
        for (const row of await listOf(world, 'ann')) {
          assert.partialDeepStrictEqual(row, { addSource: 1, operatorUserID: 'imAdmin', remark: '', isPinned: false });
          assert.ok(Math.abs(row.createTime - Date.now() / 1000) < 120, 'seconds');
        }
      },
    },
  },
  {
    name: 'F15: who are friends already are so still: no second row, no version step',
    given: noting(),
    body: { ownerUserID: 'ann', friendUserIDs: ['ben', 'cid'] },
    expect: {
      errCode: 0,
      data: async (_: never, world: World) => {
        await nothingChanged(_, world);
        assert.equal((await syncOf(world, 'ben')).version, 2);
      },
    },
  },
  {
    name: '5.6: only the missing direction is added',
    given: noting((world) => world.call('/friend/delete_friend', { ownerUserID: 'ben', friendUserID: 'ann' })),
    body: { ownerUserID: 'ann', friendUserIDs: ['ben'] },
    expect: {
      errCode: 0,
      data: async (_: never, world: World) => {
        await nothingChanged(_, world);
        assert.deepEqual(await friendsOf(world, 'ben'), ['ann']);
        assert.equal((await syncOf(world, 'ben')).version, 4);
      },
    },
  },
  {
    name: '5.6: whoever is blocked is made a friend all the same',
    given: noting((world) => world.call('/friend/add_black', { ownerUserID: 'ann', blackUserID: 'eve' })),
    body: { ownerUserID: 'ann', friendUserIDs: ['eve'] },
    expect: { errCode: 0, data: oneStep({ insert: ['eve'] }) },
  },
  {
    name: '5.6: a thousand at once',
    given: noting((world) => world.register(...thousand())),
    body: { ownerUserID: 'ann', friendUserIDs: thousand() },
    expect: {
      errCode: 0,
      data: async (_: never, world: World) => {
        assert.equal((await friendsOf(world, 'ann'))?.length, 1004);
        assert.deepEqual(await friendsOf(world, 'many_777'), ['ann']);
        const changes = await syncOf(world, 'ann', head);
        assert.deepEqual([changes.version, changes.full, changes.insert], [head.version + 1, true, null]);
      },
    },
  },
  refused(
    '2: one more than a thousand is 1001',
    1001,
    { ownerUserID: 'bob', friendUserIDs: [...thousand(), 'bob'] },
    {
      token: 'admin',
    },
  ),
  refused(
    '5.6: an unknown user among them is 1004, and nobody is added',
    1004,
    {
      ownerUserID: 'ann',
      friendUserIDs: ['alice', 'ghost'],
    },
    { token: 'admin' },
  ),
  refused('5.6: an unknown owner is 1004', 1004, { ownerUserID: 'ghost', friendUserIDs: ['ann'] }, { token: 'admin' }),
  refused(
    '5: the owner among them is 1004',
    1004,
    { ownerUserID: 'ann', friendUserIDs: ['alice', 'ann'] },
    {
      token: 'admin',
    },
  ),
  refused(
    '5: one who is named twice is 1004',
    1004,
    { ownerUserID: 'ann', friendUserIDs: ['alice', 'alice'] },
    {
      token: 'admin',
    },
  ),
  refused('M5: no user imports, not even its own friends: 1002', 1002, {
    ownerUserID: 'ann',
    friendUserIDs: ['alice'],
  }),
  refused('nobody to import is 1001, whoever calls', 1001, { ownerUserID: 'ann', friendUserIDs: [] }),
]);

testEndpoint(deleteFriend, [
  {
    name: '5.3: only the one direction goes, with one version step for its owner',
    token: as('ann'),
    given: noting(async (world) => {
      await world.register('ann', 'ben', 'cid');
      await befriend(world, 'ann', 'ben', 'cid');
    }),
    body: { ownerUserID: 'ann', friendUserID: 'ben' },
    expect: {
      errCode: 0,
      data: async (_: never, world: World) => {
        await oneStep({ delete: ['ben'] })(_, world);
        assert.deepEqual(await friendsOf(world, 'ann'), ['cid']);
        assert.deepEqual(await friendsOf(world, 'ben'), ['ann']);
        assert.equal((await syncOf(world, 'ben')).version, 2);
      },
    },
  },
  {
    name: 'F15: deleting again is a success without effect',
    token: as('ann'),
    given: noting(),
    body: { ownerUserID: 'ann', friendUserID: 'ben' },
    expect: { errCode: 0, data: nothingChanged },
  },
  {
    name: 'F15: so is deleting somebody whom there is not',
    token: as('ann'),
    given: noting(),
    body: { ownerUserID: 'ann', friendUserID: 'ghost' },
    expect: { errCode: 0, data: nothingChanged },
  },
  {
    name: 'F15: adding and deleting the same friend again and again steps the version by one each time',
    token: as('ann'),
    given: async (world) => {
      for (let round = 0; round < 3; round++) {
        await befriend(world, 'ann', 'ben');
        await befriend(world, 'ann', 'ben');
        await world.call('/friend/delete_friend', { ownerUserID: 'ann', friendUserID: 'ben' });
        await world.call('/friend/delete_friend', { ownerUserID: 'ann', friendUserID: 'ben' });
      }
      assert.equal((await syncOf(world, 'ann')).version, head.version + 6);
      await noting((again) => befriend(again, 'ann', 'ben'))(world);
    },
    body: { ownerUserID: 'ann', friendUserID: 'ben' },
    expect: { errCode: 0, data: oneStep({ delete: ['ben'] }) },
  },
  {
    name: '10.2: who comes back is behind the others',
    given: noting((world) => befriend(world, 'ann', 'ben')),
    body: { ownerUserID: 'ann', friendUserID: 'alice' },
    expect: {
      errCode: 0,
      data: async (_: never, world: World) => assert.deepEqual(await friendsOf(world, 'ann'), ['cid', 'ben']),
    },
  },
  refused("M5: not from others' lists: 1002", 1002, { ownerUserID: 'cid', friendUserID: 'ann' }),
  refused('no owner is 1001', 1001, { friendUserID: 'cid' }),
  refused('no friend is 1001', 1001, { ownerUserID: 'ann' }),
]);

testEndpoint(setFriendRemark, [
  {
    name: '5.4: the remark is kept, with one version step',
    token: as('ann'),
    given: noting(async (world) => {
      await world.register('ann', 'ben', 'cid');
      await befriend(world, 'ann', 'ben');
    }),
    body: { ownerUserID: 'ann', friendUserID: 'ben', remark: 'Benny 😀' },
    expect: {
      errCode: 0,
      data: async (_: never, world: World) => {
        await oneStep({ update: ['ben'] })(_, world);
        assert.deepEqual((await listOf(world, 'ann'))[0], { ...list[0], remark: 'Benny 😀' });
        assert.equal((await listOf(world, 'ben'))[0]?.remark, '');
      },
    },
  },
  {
    name: '5.4: an empty one clears it',
    token: as('ann'),
    given: noting(),
    body: { ownerUserID: 'ann', friendUserID: 'ben', remark: '' },
    expect: {
      errCode: 0,
      data: async (_: never, world: World) => assert.equal((await listOf(world, 'ann'))[0]?.remark, ''),
    },
  },
  refused('5.4: no friend is 1004', 1004, { ownerUserID: 'ann', friendUserID: 'cid', remark: 'x' }),
  refused("M5: not on others' lists: 1002", 1002, { ownerUserID: 'ben', friendUserID: 'ann', remark: 'x' }),
]);

testEndpoint(updateFriends, [
  {
    name: '5.5: what is given is set for all, the rest is left, with one version step',
    token: as('ann'),
    given: noting(async (world) => {
      await world.register('ann', 'ben', 'cid', 'dan');
      await befriend(world, 'ann', 'ben', 'cid', 'dan');
      await world.call('/friend/update_friends', { ownerUserID: 'ann', friendUserIDs: ['ben'], remark: 'B' });
    }),
    body: { ownerUserID: 'ann', friendUserIDs: ['cid', 'ben'], ex: '{}' },
    expect: {
      errCode: 0,
      data: async (_: never, world: World) => {
        await oneStep({ update: ['ben', 'cid'] })(_, world);
        assert.deepEqual(
          (await listOf(world, 'ann')).map(({ friendUser, remark, ex, isPinned }) => [
            friendUser.userID,
            remark,
            ex,
            isPinned,
          ]),
          [
            ['ben', 'B', '{}', false],
            ['cid', '', '{}', false],
            ['dan', '', '', false],
          ],
        );
      },
    },
  },
  {
    name: '5.5: the pinned come first, and the step says that the order is another',
    token: as('ann'),
    given: noting(),
    body: { ownerUserID: 'ann', friendUserIDs: ['dan'], isPinned: true },
    expect: {
      errCode: 0,
      data: async (_: never, world: World) => {
        await oneStep({ update: ['dan'], isResorted: true })(_, world);
        assert.deepEqual(await friendsOf(world, 'ann'), ['dan', 'ben', 'cid']);
        const { userIDs } = await world.call('/friend/get_full_friend_user_ids', { userID: 'ann', idHash: 0 });
        assert.deepEqual(userIDs, ['dan', 'ben', 'cid'], '10.4, defect of OpenIM: fresh after a pin');
      },
    },
  },
  {
    name: '5.5: the step says so also of a pin that was there',
    token: as('ann'),
    given: noting(),
    body: { ownerUserID: 'ann', friendUserIDs: ['dan'], isPinned: true },
    expect: { errCode: 0, data: oneStep({ update: ['dan'], isResorted: true }) },
  },
  {
    name: 'one who is no longer pinned is back in place',
    token: as('ann'),
    given: noting(),
    body: { ownerUserID: 'ann', friendUserIDs: ['dan'], isPinned: false, remark: 'D' },
    expect: {
      errCode: 0,
      data: async (_: never, world: World) => {
        assert.deepEqual(await friendsOf(world, 'ann'), ['ben', 'cid', 'dan']);
        assert.equal((await listOf(world, 'ann'))[2]?.remark, 'D');
      },
    },
  },
  {
    name: '1: an empty text is set, null is not',
    token: as('ann'),
    given: noting(),
    body: { ownerUserID: 'ann', friendUserIDs: ['ben'], ex: '', remark: null },
    expect: {
      errCode: 0,
      data: async (_: never, world: World) =>
        assert.partialDeepStrictEqual((await listOf(world, 'ann'))[0], { remark: 'B', ex: '' }),
    },
  },
  {
    name: '5.5: who is no friend is passed over',
    token: as('ann'),
    given: noting(),
    body: { ownerUserID: 'ann', friendUserIDs: ['alice', 'cid', 'ghost'], remark: 'C' },
    expect: { errCode: 0, data: oneStep({ update: ['cid'] }) },
  },
  {
    name: 'nothing changes where none of them is one',
    token: as('ann'),
    given: noting(),
    body: { ownerUserID: 'ann', friendUserIDs: ['ghost'], remark: 'G' },
    expect: { errCode: 0, data: nothingChanged },
  },
  {
    name: '5.5: nothing to set changes nothing',
    token: as('ann'),
    given: noting(),
    body: { ownerUserID: 'ann', friendUserIDs: ['ben'] },
    expect: { errCode: 0, data: nothingChanged },
  },
  refused('5: one who is named twice is 1001', 1001, { ownerUserID: 'ann', friendUserIDs: ['ben', 'ben'], ex: 'x' }),
  refused('nobody to change is 1001', 1001, { ownerUserID: 'ann', friendUserIDs: [], ex: 'x' }),
  refused('2: more than a thousand are 1001', 1001, {
    ownerUserID: 'ann',
    friendUserIDs: [...thousand(), 'ben'],
    ex: 'x',
  }),
  refused("M5: not on others' lists: 1002", 1002, { ownerUserID: 'ben', friendUserIDs: ['ann'], ex: 'x' }),
]);

function thousand(): string[] {
  return Array.from({ length: 1000 }, (_, index) => `many_${index}`);
}
