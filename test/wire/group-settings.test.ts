/** What is set of a group: relations-groups.md 8.2 and 8.10; notices 1502, 1514, 1515, 1519, 1520. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import cancelMuteGroup from '../../src/http/routes/group/cancel_mute_group.ts';
import muteGroup from '../../src/http/routes/group/mute_group.ts';
import setGroupInfo from '../../src/http/routes/group/set_group_info.ts';
import setGroupInfoEx from '../../src/http/routes/group/set_group_info_ex.ts';
import { logOf, query, readGroup } from './group-rows.ts';
import { actAs, as, cast, codeForSpeaking, dismiss, makeTeam, refusal } from './group-scenes.ts';
import { Listener } from './listener.ts';
import { type Scenario, testEndpoint } from './scenario.ts';
import { World } from './world.ts';

const row = (world: World, groupID: string) => ({ ...readGroup(world, groupID).group });

/** Who may not, and groups that cannot be changed. @param dismissed its ID @param stranger the code for who is not in it */
function closedToOthers(fields: object, stranger: number): readonly Scenario[] {
  const wrap = (groupID: string) => ({ groupID, ...fields });
  return [
    refusal('a call of an ordinary member', { by: 'carol', errCode: 1002, groupID: 'g', body: wrap('g') }),
    refusal('a call of a stranger', { by: 'dora', errCode: stranger, groupID: 'g', body: wrap('g') }),
    refusal('an unknown group', { by: 'alice', errCode: 1004, groupID: 'none', body: wrap('none') }),
    refusal('a dismissed group, for an IM admin', {
      by: 'imAdmin',
      errCode: 1204,
      groupID: 'gone',
      body: wrap('gone'),
      given: async (world) => {
        await makeTeam(world, 'gone');
        await dismiss(world, 'gone');
      },
    }),
    refusal('a dismissed group, for its former owner', {
      by: 'alice',
      errCode: stranger,
      groupID: 'gone',
      body: wrap('gone'),
    }),
  ];
}

const options = {
  setUp: async (world: World) => {
    await cast.setUp(world);
    await makeTeam(world, 'g', { notification: 'old', introduction: 'old', ex: 'old', faceURL: 'old' });
  },
};

testEndpoint(
  setGroupInfoEx,
  [
    {
      name: '8.2: changes what is given, in one step of the member log',
      token: as('bob'),
      body: {
        groupID: 'g',
        groupName: 'New',
        notification: '  new \n',
        introduction: '',
        ex: 'new',
        needVerification: 2,
        lookMemberInfo: 1,
        applyMemberFriend: 1,
      },
      expect: {
        errCode: 0,
        data: (_data: unknown, world: World) => {
          const { notification_updated_at: updatedAt, ...group } = row(world, 'g');
          assert.partialDeepStrictEqual(group, {
            name: 'New',
            notification: 'new',
            notification_user_id: 'bob',
            introduction: '',
            face_url: 'old',
            ex: 'new',
            need_verification: 2,
            look_member_info: 1,
            apply_member_friend: 1,
            member_count: 3,
          });
          assert.ok(Math.abs(updatedAt - Date.now()) < 60_000);
          assert.deepEqual(logOf(world, 'group_members', 'g').at(-1), [':owner', 3, 3]);
        },
      },
    },
    {
      name: '8.2: an announcement can be emptied',
      token: as('alice'),
      body: { groupID: 'g', notification: '' },
      expect: { errCode: 0, data: (_data: unknown, world: World) => assert.equal(row(world, 'g').notification, '') },
    },
    {
      name: '8.2: nothing to change is a success without effect',
      token: as('alice'),
      body: { groupID: 'g' },
      expect: {
        errCode: 0,
        data: (_data: unknown, world: World) =>
          assert.deepEqual(logOf(world, 'group_members', 'g').at(-1), [':owner', 3, 4]),
      },
    },
    ...['', ' ', '\t\n'].map((groupName) =>
      refusal(`defect of OpenIM: the name ${JSON.stringify(groupName)}`, {
        by: 'alice',
        errCode: 1001,
        groupID: 'g',
        body: { groupName, ex: 'other' },
      }),
    ),
    ...closedToOthers({ groupName: 'Theirs' }, 1004),
  ],
  options,
);

testEndpoint(
  setGroupInfo,
  [
    {
      name: '8.2: empty texts stay as they are, what is wrapped can be emptied',
      token: as('alice'),
      body: {
        groupInfoForSet: {
          groupID: 'g',
          groupName: 'New',
          notification: '',
          introduction: '',
          faceURL: '',
          ex: '',
          needVerification: 0,
        },
      },
      expect: {
        errCode: 0,
        data: (_data: unknown, world: World) => {
          const expected = {
            name: 'New',
            notification: 'old',
            introduction: 'old',
            face_url: 'old',
            notification_user_id: '',
          };
          assert.partialDeepStrictEqual(row(world, 'g'), { ...expected, ex: 'old', need_verification: 0 });
        },
      },
    },
    {
      name: '8.2: an announcement is set',
      body: { groupInfoForSet: { groupID: 'g', notification: 'new' } },
      expect: {
        errCode: 0,
        data: (_data: unknown, world: World) =>
          assert.partialDeepStrictEqual(row(world, 'g'), { notification: 'new', notification_user_id: 'imAdmin' }),
      },
    },
    { name: 'no group is 1001', body: { groupInfoForSet: null }, expect: { errCode: 1001 } },
    {
      name: 'an ordinary member is 1002',
      token: as('carol'),
      body: { groupInfoForSet: { groupID: 'g', groupName: 'Mine' } },
      expect: { errCode: 1002 },
    },
  ],
  options,
);

for (const [endpoint, status] of [
  [muteGroup, 3],
  [cancelMuteGroup, 0],
] as const) {
  testEndpoint(
    endpoint,
    [
      ...['bob', 'bob', 'alice', 'imAdmin'].map(
        (userID, index): Scenario => ({
          name: `8.10: sets the status for ${userID}, in one step of the member log, whatever it was (${index})`,
          token: userID === 'imAdmin' ? 'admin' : as(userID),
          body: { groupID: 'g' },
          expect: {
            errCode: 0,
            data: (_data: unknown, world: World) => {
              assert.equal(row(world, 'g').status, status);
              assert.deepEqual(logOf(world, 'group_members', 'g').at(-1), [':owner', 3, 3 + index]);
            },
          },
        }),
      ),
      ...closedToOthers({}, 1002),
    ],
    options,
  );
}

const versioned = ['group', 'groupMemberVersion', 'groupMemberVersionID', 'opUser'];

test('1519, 1520 and 1502 tell of one change with one version; a cleared announcement is not shown', async () => {
  await using world = await World.open();
  await makeTeam(world, 'g');
  await using carol = await Listener.open(world, 'carol');
  const all = { groupName: 'New', notification: 'read', introduction: 'i' };
  await actAs(world, 'bob', '/group/set_group_info_ex', { groupID: 'g', ...all });
  for (const contentType of [1519, 1520, 1502]) {
    const { tips, message } = await carol.hear(contentType);
    assert.deepEqual(
      Object.keys(tips).sort(),
      contentType === 1502 ? [...versioned.slice(0, 3), 'muteTime', 'opUser'] : versioned,
    );
    assert.partialDeepStrictEqual(tips, {
      group: { ...all, memberCount: 3 },
      opUser: { userID: 'bob', roleLevel: 60 },
    });
    assert.equal(tips.groupMemberVersion, 3);
    assert.equal(message.senderNickname, contentType === 1520 ? '' : 'bob');
  }
  assert.equal((await carol.hear(1519, { inChat: true })).message.seq, 2);
  assert.equal((await carol.hear(1520, { inChat: true })).message.seq, 3);
  await actAs(world, 'bob', '/group/set_group_info_ex', { groupID: 'g', notification: '' });
  assert.equal((await carol.hear(1519)).message.options.get('isSendMsg'), false);
  assert.equal(query(world, 'SELECT max_seq FROM conversation_seqs WHERE conversation_id = ?', 'sg_g')[0].max_seq, 3);
});

test('6: only who is in a group speaks there: strangers and who has left are 1203', async () => {
  await using world = await World.open();
  await makeTeam(world, 'g');
  await actAs(world, 'carol', '/group/quit_group', { groupID: 'g' });
  const senders = ['alice', 'carol', 'dan', 'imAdmin'];
  const codes = await Promise.all(senders.map((userID) => codeForSpeaking(world, userID, 'g')));
  assert.deepEqual(codes, [0, 1203, 1203, 0]);
});

test('1514 and 1515: in a muted group owner and admins may speak, others not: 1403', async () => {
  await using world = await World.open();
  await makeTeam(world, 'g');
  await using carol = await Listener.open(world, 'carol');
  const codes = () => Promise.all(['alice', 'bob', 'carol'].map((userID) => codeForSpeaking(world, userID, 'g')));
  await actAs(world, 'bob', '/group/mute_group', { groupID: 'g' });
  assert.deepEqual(await codes(), [0, 0, 1403]);
  const { tips } = await carol.hear(1514);
  assert.deepEqual(Object.keys(tips).sort(), [...versioned, 'operationTime']);
  assert.partialDeepStrictEqual(tips, { group: { status: 3 }, operationTime: 0, groupMemberVersion: 3 });
  await carol.hear(1514, { inChat: true });
  await actAs(world, 'bob', '/group/cancel_mute_group', { groupID: 'g' });
  assert.deepEqual(await codes(), [0, 0, 0]);
  assert.partialDeepStrictEqual((await carol.hear(1515)).tips, { group: { status: 0 }, groupMemberVersion: 4 });
});
