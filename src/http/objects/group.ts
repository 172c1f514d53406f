/** Groups, members and requests to join, which several endpoints have in common (relations-groups chapter, 3.5 to 3.7). */

import type { GroupSettingChanges } from '../../groups/group-settings.ts';
import type { NewGroup } from '../../groups/groups.ts';
import { wirePagination } from '../../protocol/pagination.ts';
import { Wire, type WireRequest } from '../../protocol/wire/wire-schema.ts';
import { keptIfNull } from './kept-if-null.ts';
import { publicUserInfo } from './user.ts';

export const groupInfo = Wire.object(
  {
    groupID: Wire.id(),
    groupName: Wire.string(),
    notification: Wire.string({ description: 'the announcement' }),
    introduction: Wire.string(),
    faceURL: Wire.string(),
    ownerUserID: Wire.id({ description: 'empty once the group is dismissed' }),
    createTime: Wire.int64({ description: 'Unix ms' }),
    memberCount: Wire.uint32(),
    ex: Wire.string(),
    status: Wire.int32({ description: '0 normal, 1 banned, 2 dismissed, 3 muted' }),
    creatorUserID: Wire.id(),
    groupType: Wire.int32({ description: '2' }),
    needVerification: Wire.int32({
      description:
        '0 invitations join directly, 1 only those of owner, admins and IM admins, 2 everybody joins directly',
    }),
    lookMemberInfo: Wire.int32({ description: '0 members may look at profiles, 1 not: for clients to respect' }),
    applyMemberFriend: Wire.int32({ description: '0 members may ask to be friends, 1 not: for clients to respect' }),
    notificationUpdateTime: Wire.int64({ description: 'Unix ms' }),
    notificationUserID: Wire.id({ description: 'who set the announcement' }),
  },
  { title: 'Group' },
);

/** What a client asks for. */
export function toNewGroup(info: WireRequest<typeof groupInfo>): NewGroup {
  return {
    groupID: info.groupID,
    name: info.groupName,
    notification: info.notification,
    introduction: info.introduction,
    faceURL: info.faceURL,
    ex: info.ex,
    creatorUserID: info.creatorUserID,
    groupType: info.groupType,
    needVerification: info.needVerification,
    lookMemberInfo: info.lookMemberInfo,
    applyMemberFriend: info.applyMemberFriend,
    notificationUpdatedAt: info.notificationUpdateTime,
    notificationUserID: info.notificationUserID,
  };
}

/** What can be set of a group. */
export const groupSettings = {
  groupName: Wire.stringValue(keptIfNull),
  notification: Wire.stringValue({ description: 'the announcement; null or absent: left as it is' }),
  introduction: Wire.stringValue(keptIfNull),
  faceURL: Wire.stringValue(keptIfNull),
  ex: Wire.stringValue(keptIfNull),
  needVerification: Wire.int32Value(keptIfNull),
  lookMemberInfo: Wire.int32Value(keptIfNull),
  applyMemberFriend: Wire.int32Value(keptIfNull),
};

type AskedSettings = { readonly [Name in keyof typeof groupSettings]?: WireRequest<(typeof groupSettings)[Name]> };

/** What a client asks for; what is absent stays. */
export function toSettingChanges(asked: AskedSettings): GroupSettingChanges {
  return {
    name: asked.groupName ?? null,
    notification: asked.notification ?? null,
    introduction: asked.introduction ?? null,
    faceURL: asked.faceURL ?? null,
    ex: asked.ex ?? null,
    needVerification: asked.needVerification ?? null,
    lookMemberInfo: asked.lookMemberInfo ?? null,
    applyMemberFriend: asked.applyMemberFriend ?? null,
  };
}

/** In requests whose notification may be shown in the chat. */
export const sendMessage = Wire.boolValue({
  description: 'whether the notification is also a message in the chat; null or absent: as the server is set',
});

export const groupMember = Wire.object(
  {
    groupID: Wire.id(),
    userID: Wire.id(),
    roleLevel: Wire.int32({ description: '100 owner, 60 admin, 20 member' }),
    joinTime: Wire.int64({ description: 'Unix ms' }),
    nickname: Wire.string({ description: 'in the group, or else that of the profile' }),
    faceURL: Wire.string({ description: 'in the group, or else that of the profile' }),
    appMangerLevel: Wire.int32(),
    joinSource: Wire.int32({ description: '1 by an admin, 2 invitation, 3 search, 4 QR code' }),
    operatorUserID: Wire.id(),
    ex: Wire.string(),
    muteEndTime: Wire.int64({ description: 'may not speak up to then, Unix ms' }),
    inviterUserID: Wire.id(),
  },
  { title: 'GroupMember' },
);

const groupRequest = Wire.object(
  {
    userInfo: Wire.nullable(publicUserInfo),
    groupInfo: Wire.nullable(groupInfo),
    handleResult: Wire.int32({ description: '0 pending, 1 agreed, -1 refused' }),
    reqMsg: Wire.string(),
    handleMsg: Wire.string(),
    reqTime: Wire.int64({ description: 'Unix ms' }),
    handleUserID: Wire.id(),
    handleTime: Wire.int64({ description: 'Unix ms' }),
    ex: Wire.string(),
    joinSource: Wire.int32(),
    inviterUserID: Wire.id({ description: 'empty if the user asks' }),
  },
  { title: 'GroupRequest' },
);

/** Of lists of requests. */
export const groupRequestsPage = {
  userID: Wire.id(),
  pagination: wirePagination,
  groupIDs: Wire.list(Wire.id(), { description: 'only for these groups; for all without any' }),
  handleResults: Wire.list(Wire.int32(), { description: 'only of these states; of all without any' }),
};

export const groupRequestList = { groupRequests: Wire.list(groupRequest) };
