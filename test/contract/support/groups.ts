/** Groups, members and requests for the suites of their stores. */
import type { Group, GroupRequest, NewGroupMember } from '../../../src/groups/group.ts';

export function groupNamed(groupID: string, fields: Partial<Group> = {}): Group {
  return {
    groupID,
    name: `group ${groupID}`,
    notification: '',
    introduction: '',
    faceURL: '',
    ex: '',
    createdAt: 1700000000000,
    status: 0,
    creatorUserID: '',
    groupType: 2,
    needVerification: 0,
    lookMemberInfo: 0,
    applyMemberFriend: 0,
    notificationUpdatedAt: 0,
    notificationUserID: '',
    ownerUserID: '',
    memberCount: 0,
    ...fields,
  };
}

export function memberNamed(groupID: string, userID: string, fields: Partial<NewGroupMember> = {}): NewGroupMember {
  return {
    groupID,
    userID,
    role: 20,
    nickname: '',
    faceURL: '',
    ex: '',
    joinedAt: 1700000000000,
    joinSource: 2,
    operatorUserID: 'op',
    inviterUserID: 'inviter',
    mutedUntil: 0,
    ...fields,
  };
}

export function requestOf(groupID: string, userID: string, fields: Partial<GroupRequest> = {}): GroupRequest {
  return {
    groupID,
    userID,
    result: 0,
    reqMsg: '',
    ex: '',
    joinSource: 3,
    inviterUserID: '',
    requestedAt: 1700000000000,
    handlerUserID: '',
    handleMsg: '',
    handledAt: 0,
    ...fields,
  };
}
