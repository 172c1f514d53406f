/** What groups are looked at with: the reading methods of their stores that only queries and syncs use. */
import assert from 'node:assert/strict';
import { SqlGroupMemberStore } from '../../src/store/sql-group-member-store.ts';
import { SqlGroupStore } from '../../src/store/sql-group-store.ts';
import { SqlUserStore } from '../../src/store/sql-user-store.ts';
import { testOnEveryDatabase } from './every-database.ts';
import { addUsers } from './support/group-domain.ts';
import { groupNamed, memberNamed } from './support/groups.ts';

testOnEveryDatabase('Reading groups', async (t, { db }) => {
  const groups = new SqlGroupStore(db);
  const members = new SqlGroupMemberStore(db);
  await addUsers({ db, users: new SqlUserStore(db) }, ['ann', 'ben', '7']);

  await t.test(
    'members of several groups at once, with their profiles; who is in none of them is left out',
    async () => {
      const rows = [
        memberNamed('g1', 'ann'),
        memberNamed('g1', 'ben'),
        memberNamed('7', '7'),
        memberNamed('g3', 'ann'),
      ];
      await db.transaction((tx) => members.add(tx, rows));
      const asked = new Map([
        ['g1', ['ben', 'nobody']],
        ['7', ['7', 'ann']],
        ['g3', []],
        ['nowhere', ['ann']],
      ]);
      const found = await members.findInGroups(asked);
      const pairs = found.map(({ groupID, userID, profile }) => `${groupID} ${userID} ${profile.nickname}`);
      assert.deepEqual(pairs.toSorted(), ['7 7 nick 7', 'g1 ben nick ben']);
      assert.deepEqual(await members.findInGroups(new Map()), []);
    },
  );

  await t.test('members by ID, piece by piece, whatever their role and age', async () => {
    const rows = ['d', 'a', 'c', 'b'].map((userID, index) =>
      memberNamed('byID', userID, { role: index === 0 ? 100 : 20, joinedAt: index }),
    );
    await db.transaction((tx) => members.add(tx, rows));
    const after = async (userID: string) => (await members.listByID('byID', userID, 2)).map((row) => row.userID);
    assert.deepEqual([await after(''), await after('b'), await after('d')], [['a', 'b'], ['c', 'd'], []]);
  });

  await t.test('how many groups there are, were, and were made on each day of UTC; dismissed ones count', async () => {
    const day = 86_400_000;
    const all = [5 * day, 5 * day + 1, 6 * day - 1, 6 * day, 8 * day].map((createdAt, index) =>
      groupNamed(`made${index}`, { createdAt, status: index === 0 ? 2 : 0 }),
    );
    await db.transaction(async (tx) => {
      for (const group of all) await groups.add(tx, group);
    });
    assert.deepEqual([await groups.count(), await groups.count(5 * day + 1), await groups.count(0)], [5, 1, 0]);
    const made = [...(await groups.creations(5 * day + 1, 8 * day))];
    assert.deepEqual(made, [
      [5, 2],
      [6, 1],
    ]);
  });
});
