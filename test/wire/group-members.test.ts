/** Coming by invitation, leaving and being put out: relations-groups.md 8.4, 8.6, 8.7; notices 1504, 1508, 1509. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import inviteUserToGroup from '../../src/http/routes/group/invite_user_to_group.ts';
import kickGroup from '../../src/http/routes/group/kick_group.ts';
import quitGroup from '../../src/http/routes/group/quit_group.ts';
import { logOf, query, readGroup, rolesIn, windowOf } from './group-rows.ts';
import { actAs, as, cast, makeTeam, readableBy, refusal, say } from './group-scenes.ts';
import { Listener } from './listener.ts';
import { testEndpoint } from './scenario.ts';
import { World } from './world.ts';

const team = { alice: 100, bob: 60, carol: 20 };
const many = Array.from({ length: 1001 }, (_, index) => `m${index}`);

testEndpoint(
  inviteUserToGroup,
  [
    {
      name: '8.4: who is invited by a member joins at once, in one step of each log',
      token: as('carol'),
      given: (world) => makeTeam(world, 'open'),
      body: { groupID: 'open', invitedUserIDs: ['dora', 'eve'] },
      expect: {
        errCode: 0,
        data: (_data: unknown, world: World) => {
          assert.deepEqual(rolesIn(world, 'open'), { ...team, dora: 20, eve: 20 });
          assert.equal(readGroup(world, 'open').group.member_count, 5);
          assert.partialDeepStrictEqual(readGroup(world, 'open').members.get('dora'), {
            joinSource: 2,
            operator: 'carol',
            inviter: 'carol',
          });
          const news = logOf(world, 'group_members', 'open').filter(([, , version]) => version > 2);
          assert.deepEqual(news, [
            ['dora', 1, 3],
            ['eve', 1, 3],
          ]);
          assert.deepEqual(logOf(world, 'joined_groups', 'dora'), [['open', 1, 2]]);
          assert.deepEqual(windowOf(world, 'dora', 'open'), { minSeq: 0, maxSeq: 0 });
        },
      },
    },
    {
      name: 'defect of OpenIM: who is in the group is passed over',
      token: as('carol'),
      body: { groupID: 'open', invitedUserIDs: ['dora', 'frank', 'alice'] },
      expect: {
        errCode: 0,
        data: (_data: unknown, world: World) => {
          assert.deepEqual(rolesIn(world, 'open'), { ...team, dora: 20, eve: 20, frank: 20 });
          const news = logOf(world, 'group_members', 'open').filter(([, , version]) => version > 3);
          assert.deepEqual(news, [['frank', 1, 4]]);
        },
      },
    },
    {
      name: 'an IM admin invites without being in the group',
      given: (world) => makeTeam(world, 'byAdmin', { needVerification: 1 }),
      body: { groupID: 'byAdmin', invitedUserIDs: ['dora'] },
      expect: { errCode: 0, data: holdsRoles('byAdmin', { ...team, dora: 20 }) },
    },
    {
      name: '8.4: with needVerification 1 an admin of the group lets in',
      token: as('bob'),
      body: { groupID: 'byAdmin', invitedUserIDs: ['eve'] },
      expect: { errCode: 0, data: holdsRoles('byAdmin', { ...team, dora: 20, eve: 20 }) },
    },
    {
      name: '8.4: with needVerification 1 an ordinary member only proposes',
      token: as('carol'),
      body: { groupID: 'byAdmin', invitedUserIDs: ['frank', 'eve'] },
      expect: {
        errCode: 0,
        data: (_data: unknown, world: World) => {
          assert.deepEqual(rolesIn(world, 'byAdmin'), { ...team, dora: 20, eve: 20 });
          const requests = query(world, 'SELECT * FROM group_requests WHERE group_id = ?', 'byAdmin');
          assert.equal(requests.length, 1);
          const expected = {
            user_id: 'frank',
            handle_result: 0,
            inviter_user_id: 'carol',
            join_source: 2,
            req_msg: '',
          };
          assert.partialDeepStrictEqual({ ...requests[0] }, expected);
        },
      },
    },
    refusal('nobody to invite', { by: 'carol', errCode: 1001, groupID: 'open', body: { invitedUserIDs: [] } }),
    refusal('a repeated user', { by: 'carol', errCode: 1001, groupID: 'open', body: { invitedUserIDs: ['x', 'x'] } }),
    refusal('1001 users', { by: 'carol', errCode: 1001, groupID: 'open', body: { invitedUserIDs: many } }),
    refusal('members only', { by: 'alice', errCode: 1001, groupID: 'open', body: { invitedUserIDs: ['bob', 'dora'] } }),
    refusal('an unknown user among others', {
      by: 'carol',
      errCode: 1004,
      groupID: 'byAdmin',
      body: { invitedUserIDs: ['frank', 'nobody'] },
    }),
    refusal('an unknown group', { by: 'carol', errCode: 1004, groupID: 'none', body: { invitedUserIDs: ['eve'] } }),
    refusal('an invitation by a stranger', {
      by: 'dora',
      errCode: 1002,
      groupID: 'shut',
      body: { invitedUserIDs: ['nobody'] },
      given: (world) => makeTeam(world, 'shut'),
    }),
  ],
  cast,
);

testEndpoint(
  quitGroup,
  [
    {
      name: '8.6: a member leaves, in one step of each log, and may read up to the line that tells of it',
      token: as('carol'),
      given: (world) => makeTeam(world, 'left'),
      body: { groupID: 'left' },
      expect: {
        errCode: 0,
        data: async (_data: unknown, world: World) => {
          const { carol: _, ...rest } = team;
          assert.deepEqual(rolesIn(world, 'left'), rest);
          assert.equal(readGroup(world, 'left').group.member_count, 2);
          assert.deepEqual(logOf(world, 'group_members', 'left').at(-1), ['carol', 2, 3]);
          assert.deepEqual(logOf(world, 'joined_groups', 'carol'), [['left', 2, 3]]);
          assert.deepEqual(windowOf(world, 'carol', 'left'), { minSeq: 0, maxSeq: 2 });
          assert.deepEqual(await readableBy(world, 'carol', 'left'), ['1501', '1504']);
        },
      },
    },
    {
      name: 'an IM admin makes a member leave',
      body: { groupID: 'left', userID: 'bob' },
      expect: { errCode: 0, data: holdsRoles('left', { alice: 100 }) },
    },
    refusal('no group', { by: 'carol', errCode: 1001, groupID: '', body: {} }),
    refusal('quitting of the owner', { by: 'alice', errCode: 1002, groupID: 'left', body: { userID: 'alice' } }),
    refusal('quitting for somebody else', {
      by: 'bob',
      errCode: 1002,
      groupID: 'left',
      body: { userID: 'carol' },
      given: (world) => world.call('/group/invite_user_to_group', { groupID: 'left', invitedUserIDs: ['carol'] }),
    }),
    refusal('a stranger', { by: 'dora', errCode: 1004, groupID: 'left', body: { userID: 'dora' } }),
    refusal('an unknown group', { by: 'dora', errCode: 1004, groupID: 'none', body: {} }),
  ],
  cast,
);

testEndpoint(
  kickGroup,
  [
    {
      name: "8.7: the owner kicks admins and members, in one step of the group's log",
      token: as('alice'),
      given: async (world) => {
        await makeTeam(world, 'strict');
        await world.call('/group/invite_user_to_group', { groupID: 'strict', invitedUserIDs: ['dora', 'eve'] });
      },
      body: { groupID: 'strict', kickedUserIDs: ['bob', 'dora'], reason: 'noise' },
      expect: {
        errCode: 0,
        data: async (_data: unknown, world: World) => {
          assert.deepEqual(rolesIn(world, 'strict'), { alice: 100, carol: 20, eve: 20 });
          assert.equal(readGroup(world, 'strict').group.member_count, 3);
          const news = logOf(world, 'group_members', 'strict').filter(([, , version]) => version > 3);
          assert.deepEqual(news, [
            ['bob', 2, 4],
            ['dora', 2, 4],
          ]);
          for (const userID of ['bob', 'dora']) {
            assert.deepEqual(logOf(world, 'joined_groups', userID).at(-1)?.slice(0, 2), ['strict', 2]);
            assert.deepEqual(await readableBy(world, userID, 'strict'), ['1501', '1509', '1508']);
          }
        },
      },
    },
    {
      name: '8.7: an admin of the group kicks ordinary members',
      token: as('bob'),
      given: (world) =>
        makeTeam(world, 'mild').then(() =>
          world.call('/group/invite_user_to_group', { groupID: 'mild', invitedUserIDs: ['dora'] }),
        ),
      body: { groupID: 'mild', kickedUserIDs: ['dora'] },
      expect: { errCode: 0, data: holdsRoles('mild', team) },
    },
    {
      name: 'an IM admin kicks without being in the group',
      given: (world) => makeTeam(world, 'far'),
      body: { groupID: 'far', kickedUserIDs: ['bob', 'carol'] },
      expect: { errCode: 0, data: holdsRoles('far', { alice: 100 }) },
    },
    ...(
      [
        ['nobody', 'alice', 1001, []],
        ['a repeated user', 'alice', 1001, ['carol', 'carol']],
        ['1001 users', 'alice', 1001, many],
        ['oneself', 'bob', 1001, ['carol', 'bob']],
        ['the owner, by an admin', 'bob', 1001, ['alice']],
        ['the owner, by an IM admin', 'imAdmin', 1001, ['alice']],
        ['somebody who is not in the group, beside a member', 'alice', 1101, ['carol', 'dora']],
        ['a member, by an ordinary member', 'carol', 1002, ['bob']],
        ['a member, by a stranger', 'dora', 1002, ['carol']],
      ] as const
    ).map(([name, by, errCode, kickedUserIDs]) =>
      refusal(`kicking ${name}`, { by, errCode, groupID: 'mild', body: { kickedUserIDs } }),
    ),
    refusal('kicking an admin by another', {
      by: 'bob',
      errCode: 1002,
      groupID: 'two',
      body: { kickedUserIDs: ['carol', 'dora'] },
      given: (world) =>
        world.call('/group/create_group', {
          groupInfo: { groupID: 'two', groupType: 2 },
          ownerUserID: 'alice',
          adminUserIDs: ['bob', 'dora'],
          memberUserIDs: ['carol'],
        }),
    }),
    refusal('kicking in an unknown group', {
      by: 'alice',
      errCode: 1004,
      groupID: 'none',
      body: { kickedUserIDs: ['carol'] },
    }),
  ],
  cast,
);

function holdsRoles(groupID: string, roles: object) {
  return (_data: unknown, world: World) => assert.deepEqual(rolesIn(world, groupID), roles);
}

test('1509 tells who has come, 1504 and 1508 who has gone: to the members, and to these', async () => {
  await using world = await World.open();
  await world.register('dora');
  await using alice = await Listener.open(world, 'alice');
  await using dora = await Listener.open(world, 'dora');
  await makeTeam(world, 'g');
  await actAs(world, 'alice', '/group/invite_user_to_group', { groupID: 'g', invitedUserIDs: ['dora'] });
  for (const listener of [alice, dora]) {
    const { message, tips, conversationID } = await listener.hear(1509);
    assert.equal(conversationID, 'n_g');
    assert.partialDeepStrictEqual(message, { sendID: 'alice', seq: 0 });
    assert.deepEqual(Object.keys(tips).sort(), keys('inviterUser', 'invitedUserList', 'operationTime'));
    assert.partialDeepStrictEqual(tips, {
      group: { groupID: 'g', memberCount: 4, ownerUserID: 'alice' },
      opUser: { userID: 'alice', roleLevel: 100, nickname: 'alice', appMangerLevel: 0 },
      inviterUser: { userID: 'alice', roleLevel: 100 },
      invitedUserList: [{ userID: 'dora', nickname: 'dora', roleLevel: 20, joinSource: 2, inviterUserID: 'alice' }],
      operationTime: 0,
      groupMemberVersion: 3,
    });
    assert.equal((await listener.hear(1509, { inChat: true })).message.seq, 2);
  }
  assert.deepEqual((await dora.hear(1300)).tips, { userID: 'dora', conversationIDList: ['sg_g'] });

  await actAs(world, 'bob', '/group/kick_group', { groupID: 'g', kickedUserIDs: ['dora'] });
  for (const listener of [alice, dora]) {
    const { tips } = await listener.hear(1508);
    assert.deepEqual(Object.keys(tips).sort(), keys('kickedUserList', 'operationTime'));
    assert.partialDeepStrictEqual(tips, {
      group: { memberCount: 3 },
      opUser: { userID: 'bob', roleLevel: 60 },
      kickedUserList: [{ userID: 'dora', nickname: 'dora', roleLevel: 20 }],
      groupMemberVersion: 4,
    });
    assert.equal((await listener.hear(1508, { inChat: true })).message.seq, 3);
  }
  assert.deepEqual((await dora.hear(1300)).tips, { userID: 'dora', conversationIDList: ['sg_g'] });

  await actAs(world, 'carol', '/group/quit_group', { groupID: 'g', userID: 'carol' });
  const { tips } = await alice.hear(1504);
  assert.deepEqual(
    Object.keys(tips).sort(),
    keys('quitUser', 'operationTime').filter((key) => key !== 'opUser'),
  );
  assert.partialDeepStrictEqual(tips, {
    group: { memberCount: 2 },
    quitUser: { userID: 'carol' },
    groupMemberVersion: 5,
  });
});

const keys = (...own: string[]) => ['group', 'groupMemberVersion', 'groupMemberVersionID', 'opUser', ...own].sort();

test('who is invited or kicked among hundreds is told with at most 49 others, each with a version to itself', async () => {
  await using world = await World.open();
  const users = many.slice(0, 120);
  await world.register(...users);
  await using bob = await Listener.open(world, 'bob');
  await makeTeam(world, 'g');
  await actAs(world, 'alice', '/group/invite_user_to_group', { groupID: 'g', invitedUserIDs: users });
  await actAs(world, 'alice', '/group/kick_group', { groupID: 'g', kickedUserIDs: users });
  let version = 2;
  for (const [contentType, list] of [
    [1509, 'invitedUserList'],
    [1508, 'kickedUserList'],
  ] as const) {
    const told: string[] = [];
    for (const size of [50, 50, 20]) {
      const { tips } = await bob.hear(contentType);
      assert.deepEqual([tips[list].length, tips.groupMemberVersion], [size, ++version]);
      told.push(...tips[list].map(({ userID }: { userID: string }) => userID));
    }
    assert.deepEqual(told, users);
  }
  // All three lines of the kick.
  assert.deepEqual(windowOf(world, 'm0', 'g'), { minSeq: 0, maxSeq: 7 });
});

test('F8: kicking over REST reaches the socket of the kicked, with the group in it', async () => {
  await using world = await World.open();
  await using carol = await Listener.open(world, 'carol');
  await makeTeam(world, 'g');
  await world.call('/group/kick_group', { groupID: 'g', kickedUserIDs: ['carol'] });
  assert.partialDeepStrictEqual((await carol.hear(1508)).tips.group, { groupID: 'g', status: 0, memberCount: 2 });
});

test('12: who has left hears nothing of what is said, and reads no more than the line that tells of it', async () => {
  await using world = await World.open();
  await makeTeam(world, 'g');
  await say(world, 'alice', 'g', 'one');
  await actAs(world, 'carol', '/group/quit_group', { groupID: 'g' });
  await say(world, 'alice', 'g', 'two');
  assert.deepEqual(await readableBy(world, 'carol', 'g'), ['1501', 'one', '1504']);
  assert.deepEqual(await readableBy(world, 'bob', 'g'), ['1501', 'one', '1504', 'two']);
});

test('12: without a line in the chat, who is put out keeps what was there', async () => {
  await using world = await World.open();
  await makeTeam(world, 'g');
  await say(world, 'alice', 'g', 'one');
  await actAs(world, 'alice', '/group/kick_group', { groupID: 'g', kickedUserIDs: ['carol'], sendMessage: false });
  await say(world, 'alice', 'g', 'two');
  assert.deepEqual(await readableBy(world, 'carol', 'g'), ['1501', 'one']);
});
