/** create_group: relations-groups.md 8.1, and its notices 1501 and 1519. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import createGroup from '../../src/http/routes/group/create_group.ts';
import { logOf, query, readGroup, rolesIn, windowOf } from './group-rows.ts';
import { Listener } from './listener.ts';
import { type Scenario, testEndpoint } from './scenario.ts';
import { World } from './world.ts';

const groupsThere = (world: World) => query(world, 'SELECT group_id FROM groups').length;
let groupsBefore = 0;

/** Refused, and no group more than before. */
function refused(name: string, errCode: number, body: object, rest: Partial<Scenario> = {}): Scenario {
  return {
    name: `${name} is ${errCode}, and there is no group`,
    token: 'user',
    given: async (world) => {
      groupsBefore = groupsThere(world);
    },
    body: { groupInfo: { groupType: 2 }, ownerUserID: 'alice', ...body },
    ...rest,
    expect: {
      errCode,
      data: (_data: unknown, world: World) => assert.equal(groupsThere(world), groupsBefore),
    },
  };
}

testEndpoint(createGroup, [
  {
    name: '8.1: makes a group with owner, admins and members, and the rest as asked for',
    token: 'user',
    body: {
      groupInfo: {
        groupID: 'first_1',
        groupName: 'Ünï 😀',
        notification: 'read me',
        introduction: 'i',
        faceURL: 'f',
        ex: '{}',
        groupType: 2,
        needVerification: 1,
        lookMemberInfo: 1,
        applyMemberFriend: 1,
        notificationUserID: 'alice',
        notificationUpdateTime: 5,
        ownerUserID: 'carol',
        memberCount: 77,
        createTime: 5,
      },
      ownerUserID: 'alice',
      adminUserIDs: ['bob'],
      memberUserIDs: ['carol'],
    },
    expect: {
      errCode: 0,
      data: ({ groupInfo }: { groupInfo: { createTime: number } }, world: World) => {
        assert.ok(Math.abs(groupInfo.createTime - Date.now()) < 60_000);
        assert.deepEqual(groupInfo, {
          groupID: 'first_1',
          groupName: 'Ünï 😀',
          notification: 'read me',
          introduction: 'i',
          faceURL: 'f',
          ownerUserID: 'alice',
          createTime: groupInfo.createTime,
          memberCount: 3,
          ex: '{}',
          status: 0,
          creatorUserID: 'alice',
          groupType: 2,
          needVerification: 1,
          lookMemberInfo: 1,
          applyMemberFriend: 1,
          notificationUpdateTime: 5,
          notificationUserID: 'alice',
        });
        assert.deepEqual(rolesIn(world, 'first_1'), { alice: 100, bob: 60, carol: 20 });
        assert.partialDeepStrictEqual(readGroup(world, 'first_1').members.get('carol'), {
          joinSource: 2,
          operator: 'alice',
          inviter: 'alice',
          mutedUntil: 0,
        });
      },
    },
  },
  {
    name: '10.2: one step of the member log, and one of the list of each member',
    body: { groupInfo: { groupID: 'steps', groupType: 2 }, ownerUserID: 'alice', memberUserIDs: ['bob', 'carol'] },
    expect: {
      errCode: 0,
      data: (_data: unknown, world: World) => {
        assert.deepEqual(logOf(world, 'group_members', 'steps'), [
          ['alice', 1, 2],
          ['bob', 1, 2],
          ['carol', 1, 2],
        ]);
        for (const userID of ['alice', 'bob', 'carol']) {
          assert.deepEqual(logOf(world, 'joined_groups', userID).at(-1)?.slice(0, 2), ['steps', 1]);
        }
      },
    },
  },
  {
    name: "defect of OpenIM: who made it and its status are not the client's to say",
    token: 'user',
    body: { groupInfo: { groupType: 2, status: 2, creatorUserID: 'bob' }, ownerUserID: 'alice' },
    expect: { errCode: 0, data: shows({ status: 0, creatorUserID: 'alice' }) },
  },
  {
    name: 'an admin says who made it',
    body: { groupInfo: { groupType: 2, creatorUserID: 'bob', status: 3 }, ownerUserID: 'alice' },
    expect: { errCode: 0, data: shows({ status: 0, creatorUserID: 'bob', ownerUserID: 'alice' }) },
  },
  {
    name: 'defect of OpenIM: an admin who is not in it is not counted',
    body: { groupInfo: { groupType: 2 }, ownerUserID: 'alice', memberUserIDs: ['bob'] },
    expect: { errCode: 0, data: shows({ memberCount: 2, creatorUserID: 'imAdmin' }) },
  },
  {
    name: 'without an ID it gets a 32-bit number',
    token: 'user',
    body: { groupInfo: { groupType: 2 }, ownerUserID: 'alice' },
    expect: {
      errCode: 0,
      data: ({ groupInfo }: { groupInfo: { groupID: string } }) => {
        assert.match(groupInfo.groupID, /^\d+$/);
        assert.ok(Number(groupInfo.groupID) < 2 ** 32);
      },
    },
  },
  refused('an ID in use', 1202, { groupInfo: { groupType: 2, groupID: 'first_1' } }),
  ...['a:b', 'a b', 'a\tb', 'a\u0000b', 'a\u200Bb', ' '].map((groupID) =>
    refused(`the ID ${JSON.stringify(groupID)}`, 1001, { groupInfo: { groupType: 2, groupID } }),
  ),
  refused('no groupInfo', 1001, { groupInfo: null }),
  refused('group type 0', 1001, { groupInfo: { groupType: 0 } }),
  refused('group type 3', 1001, { groupInfo: { groupType: 3 } }),
  refused("somebody else's group", 1002, { ownerUserID: 'bob' }),
  refused('the owner as member', 1001, { memberUserIDs: ['alice'] }),
  refused('a member twice', 1001, { memberUserIDs: ['bob', 'bob'] }),
  refused('admin and member at once', 1001, { memberUserIDs: ['bob'], adminUserIDs: ['bob'] }),
  refused('an unknown member', 1101, { memberUserIDs: ['bob', 'nobody'] }),
  refused('an unknown owner', 1101, { ownerUserID: 'nobody' }, { token: 'admin' }),
  refused('1001 members', 1001, { memberUserIDs: Array.from({ length: 1001 }, (_, index) => `m${index}`) }),
]);

function shows(expected: object) {
  return ({ groupInfo }: { groupInfo: object }) => assert.partialDeepStrictEqual(groupInfo, expected);
}

test('1501 and 1519 reach all members, in the notification conversation and in the chat', async () => {
  await using world = await World.open();
  await using bob = await Listener.open(world, 'bob');
  const { groupInfo } = await world.call('/group/create_group', {
    groupInfo: { groupID: 'team', groupType: 2, groupName: 'Team', notification: 'hello' },
    ownerUserID: 'alice',
    memberUserIDs: ['bob'],
  });
  const { message, tips, conversationID } = await bob.hear(1501);
  assert.equal(conversationID, 'n_team');
  assert.partialDeepStrictEqual(message, {
    sendID: 'imAdmin',
    recvID: 'team',
    groupID: 'team',
    sessionType: 3,
    seq: 0,
  });
  const member = {
    groupID: 'team',
    userID: 'alice',
    roleLevel: 100,
    joinTime: groupInfo.createTime,
    nickname: 'alice',
    faceURL: '',
    appMangerLevel: 0,
    joinSource: 2,
    operatorUserID: 'imAdmin',
    ex: '',
    muteEndTime: 0,
    inviterUserID: 'imAdmin',
  };
  const versionID = tips.groupMemberVersionID;
  assert.match(versionID, /^[0-9a-f]{24}$/);
  assert.deepEqual(tips, {
    group: groupInfo,
    opUser: {
      groupID: 'team',
      userID: 'imAdmin',
      roleLevel: 60,
      joinTime: 0,
      nickname: 'imAdmin',
      faceURL: '',
      appMangerLevel: 2,
      joinSource: 0,
      operatorUserID: '',
      ex: '',
      muteEndTime: 0,
      inviterUserID: '',
    },
    memberList: [member, { ...member, userID: 'bob', roleLevel: 20, nickname: 'bob' }],
    operationTime: groupInfo.createTime,
    groupOwnerUser: member,
    groupMemberVersion: 2,
    groupMemberVersionID: versionID,
  });
  const announced = await bob.hear(1519);
  assert.deepEqual(Object.keys(announced.tips), ['opUser', 'group', 'groupMemberVersion', 'groupMemberVersionID']);
  assert.equal(announced.message.senderNickname, 'imAdmin');
  for (const [index, contentType] of [1501, 1519].entries()) {
    const shown = await bob.hear(contentType, { inChat: true });
    assert.deepEqual([shown.conversationID, shown.message.seq], ['sg_team', index + 1]);
  }
  assert.deepEqual(windowOf(world, 'bob', 'team'), { minSeq: 0, maxSeq: 0 });
});

test('sendMessage decides whether 1501 is shown in the chat; the conversation is there all the same', async () => {
  await using world = await World.open();
  await using bob = await Listener.open(world, 'bob');
  const group = { groupInfo: { groupID: 'quiet', groupType: 2 }, ownerUserID: 'alice', memberUserIDs: ['bob'] };
  await world.call('/group/create_group', { ...group, sendMessage: false });
  assert.equal((await bob.hear(1501)).message.options.get('isSendMsg'), false);
  const sent = { sendID: 'alice', groupID: 'quiet', contentType: 101, sessionType: 3, content: { content: 'hi' } };
  await world.call('/msg/send_msg', sent);
  assert.equal((await bob.hear(101, { inChat: true })).message.seq, 1);
});

test('a notice of a large group names its owner and 49 others, and every member has its conversation', async () => {
  await using world = await World.open();
  const memberUserIDs = Array.from({ length: 1000 }, (_, index) => `m${index}`);
  await world.register(...memberUserIDs);
  await using last = await Listener.open(world, 'm999');
  const group = { groupInfo: { groupID: 'large', groupType: 2 }, ownerUserID: 'alice', memberUserIDs };
  const { groupInfo } = await world.call('/group/create_group', group);
  assert.equal(groupInfo.memberCount, 1001);
  const { tips } = await last.hear(1501);
  assert.equal(tips.memberList.length, 50);
  assert.equal(tips.memberList[0].userID, 'alice');
  assert.deepEqual(windowOf(world, 'm999', 'large'), { minSeq: 0, maxSeq: 0 });
});
