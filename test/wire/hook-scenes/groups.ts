/** Hooks of groups (objects-push-webhooks chapter, 3.8). */
import type { Scene } from '../hook-world.ts';
import { groupChat } from './conversations.ts';

const group = (fields: object) => ({
  ...{ groupID: 'team', groupName: 'The team', notification: '', introduction: '', faceURL: '', ownerUserID: 'alice' },
  ...{ createTime: '*', memberCount: 0, ex: 'x', status: 0, creatorUserID: 'imAdmin', groupType: 2 },
  ...{
    needVerification: 0,
    lookMemberInfo: 0,
    applyMemberFriend: 0,
    notificationUpdateTime: 0,
    notificationUserID: '',
  },
  initMemberList: [
    { userID: 'alice', roleLevel: 100 },
    { userID: 'carol', roleLevel: 60 },
    { userID: 'bob', roleLevel: 20 },
  ],
  ...fields,
});

const inTeam = (...userIDs: readonly string[]) => ({
  groupID: 'team',
  memberList: userIDs.map((userID) => ({ userID, ex: '' })),
  groupEx: 'x',
});

const toSet = (fields: object) => ({
  ...{ operationID: '', groupID: 'team', groupName: '', notification: '', introduction: '', faceURL: '' },
  ...fields,
});
const unset = { groupName: null, notification: null, introduction: null, faceURL: null };
const nulls = { ex: null, needVerification: null, lookMemberInfo: null, applyMemberFriend: null };
const asking = { groupID: 'team', joinSource: 3, inviterUserID: 'emil', reqMessage: 'me too', ex: 'e' };
const applying = { groupID: 'team', groupType: '2', applyID: 'emil', reqMessage: 'me too', ex: 'e' };
const ofBob = { groupID: 'team', userID: 'bob', nickName: 'B', faceURL: null, roleLevel: 60, ex: null };
const ofCarol = { groupID: 'team', userID: 'carol', nickName: null, faceURL: 'f', roleLevel: null, ex: 'c' };

/** The first one makes the group of the others. */
export const groupScenes: readonly Scene[] = [
  {
    name: 'a group is made: asked of it and of its members, each of whom is told of once',
    act: (on) =>
      on.done('/group/create_group', {
        ...{ groupInfo: { groupID: 'team', groupName: 'The team', groupType: 2, ex: 'x' } },
        ...{ ownerUserID: 'alice', adminUserIDs: ['carol'], memberUserIDs: ['bob'] },
      }),
    heard: [
      ['BeforeCreateGroup', { operationID: '*', ...group({}) }],
      ['BeforeMembersJoinGroup', inTeam('alice', 'carol', 'bob')],
      ['BeforeCreateGroupChatConversations', groupChat('team')],
      ['AfterCreateGroupChatConversations', groupChat('team')],
      ['AfterCreateGroup', group({ memberCount: 3 })],
    ],
  },
  {
    name: 'users are invited: asked of the invitation and of those who are new',
    act: (on) =>
      on.done('/group/invite_user_to_group', {
        ...{ groupID: 'team', invitedUserIDs: ['bob', 'dora'], reason: 'why not' },
      }),
    heard: [
      [
        'BeforeInviteJoinGroup',
        { operationID: '*', groupID: 'team', reason: 'why not', invitedUserIDs: ['bob', 'dora'] },
      ],
      ['BeforeMembersJoinGroup', inTeam('dora')],
      ['BeforeCreateGroupChatConversations', groupChat('team')],
      ['AfterCreateGroupChatConversations', groupChat('team')],
    ],
  },
  {
    name: 'somebody asks to join, and is let in',
    act: async (on) => {
      await on.done('/group/join_group', asking);
      await on.done('/group/group_application_response', { groupID: 'team', fromUserID: 'emil', handleResult: 1 });
    },
    heard: [
      ['BeforeJoinGroup', applying],
      ['BeforeMembersJoinGroup', inTeam('emil')],
      ['BeforeCreateGroupChatConversations', groupChat('team')],
      ['AfterCreateGroupChatConversations', groupChat('team')],
    ],
  },
  {
    name: 'a member leaves',
    act: (on) => on.done('/group/quit_group', { groupID: 'team', userID: 'emil' }),
    heard: [['AfterQuitGroup', { groupID: 'team', userID: 'emil' }]],
  },
  {
    name: 'set_group_info says by empty values what stays as it is, and afterwards some of it by null',
    act: (on) =>
      on.done('/group/set_group_info', {
        groupInfoForSet: { groupID: 'team', groupName: 'Our team', needVerification: 2 },
      }),
    heard: [
      [
        'BeforeSetGroupInfo',
        toSet({ groupName: 'Our team', ex: '', needVerification: 2, lookMemberInfo: 0, applyMemberFriend: 0 }),
      ],
      ['AfterSetGroupInfo', toSet({ ...nulls, groupName: 'Our team', needVerification: 2 })],
    ],
  },
  {
    name: 'set_group_info_ex says it by null',
    act: (on) => on.done('/group/set_group_info_ex', { groupID: 'team', notification: 'news', ex: '' }),
    heard: [
      ['BeforeSetGroupInfoEx', toSet({ ...unset, ...nulls, notification: 'news', ex: '' })],
      ['AfterSetGroupInfoEx', toSet({ ...unset, ...nulls, notification: 'news', ex: '' })],
    ],
  },
  {
    name: 'who joins without being let in by anybody is asked and told of',
    act: (on) => on.done('/group/join_group', asking),
    heard: [
      ['BeforeJoinGroup', applying],
      ['BeforeMembersJoinGroup', { ...inTeam('emil'), groupEx: '' }],
      ['BeforeCreateGroupChatConversations', groupChat('team')],
      ['AfterCreateGroupChatConversations', groupChat('team')],
      [
        'AfterJoinGroup',
        { operationID: '*', groupID: 'team', reqMessage: 'me too', joinSource: 3, inviterUserID: 'emil' },
      ],
    ],
  },
  {
    name: 'members are set: asked and told of each',
    act: (on) =>
      on.done('/group/set_group_member_info', {
        members: [
          { groupID: 'team', userID: 'bob', nickname: 'B', roleLevel: 60 },
          { groupID: 'team', userID: 'carol', faceURL: 'f', ex: 'c' },
        ],
      }),
    heard: [
      ['BeforeSetGroupMemberInfo', ofBob],
      ['BeforeSetGroupMemberInfo', ofCarol],
      ['AfterSetGroupMemberInfo', ofBob],
      ['AfterSetGroupMemberInfo', ofCarol],
    ],
  },
  {
    name: 'members are put out',
    act: (on) => on.done('/group/kick_group', { groupID: 'team', kickedUserIDs: ['dora', 'emil'], reason: 'noise' }),
    heard: [['AfterKickGroup', { groupID: 'team', kickedUserIDs: ['dora', 'emil'], reason: 'noise' }]],
  },
];

/** At the end of the group. */
export const groupEndScenes: readonly Scene[] = [
  {
    name: 'a group gets another owner',
    act: (on) => on.done('/group/transfer_group', { groupID: 'team', oldOwnerUserID: 'alice', newOwnerUserID: 'bob' }),
    heard: [['AfterTransferGroupOwner', { groupID: 'team', oldOwnerUserID: 'alice', newOwnerUserID: 'bob' }]],
  },
  {
    name: 'a group is dismissed: told once, with all who were in it',
    act: (on) => on.done('/group/dismiss_group', { groupID: 'team' }),
    heard: [
      ['AfterDisMissGroup', { groupID: 'team', ownerID: 'bob', groupType: '2', membersID: ['alice', 'bob', 'carol'] }],
    ],
  },
];
