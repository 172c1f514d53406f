/** A group, its members and the requests to join it, and how clients see them (relations-groups chapter, 3.5 to 3.7). */
import type { Caller } from '../kernel/caller.ts';
import type { GroupInfo } from '../protocol/gen/openim.ts';
import { groupRoles, groupStatuses } from '../protocol/numbers/groups.ts';
import type { GroupMemberInfo, GroupRequestInfo, PublicUserInfo } from '../protocol/relation-objects.ts';

export interface Group extends GroupInfoTexts {
  readonly groupID: string;
  /** Unix ms. */
  readonly createdAt: number;
  /** See groupStatuses. */
  readonly status: number;
  readonly creatorUserID: string;
  readonly groupType: number;
  /** See groupVerification. */
  readonly needVerification: number;
  /** 0 members may look at each other's profiles, 1 not; clients go by it. */
  readonly lookMemberInfo: number;
  /** 0 members may ask each other to be friends, 1 not; clients go by it. */
  readonly applyMemberFriend: number;
  /** When the announcement was last set, and by whom. */
  readonly notificationUpdatedAt: number;
  readonly notificationUserID: string;
  /** Empty once the group is dismissed. */
  readonly ownerUserID: string;
  readonly memberCount: number;
}

interface GroupInfoTexts {
  readonly name: string;
  /** The announcement. */
  readonly notification: string;
  readonly introduction: string;
  readonly faceURL: string;
  readonly ex: string;
}

/** What of a group changes; what is absent stays. */
export type GroupChanges = Partial<Omit<Group, 'groupID' | 'createdAt' | 'creatorUserID' | 'groupType'>>;

/** Membership as it is stored. */
export interface NewGroupMember {
  readonly groupID: string;
  readonly userID: string;
  /** See groupRoles. */
  readonly role: number;
  /** In this group; empty: that of the user's profile. */
  readonly nickname: string;
  readonly faceURL: string;
  readonly ex: string;
  /** Unix ms. */
  readonly joinedAt: number;
  /** See joinSources. */
  readonly joinSource: number;
  readonly operatorUserID: string;
  readonly inviterUserID: string;
  /** May not speak up to then, Unix ms; 0 never muted. */
  readonly mutedUntil: number;
}

/** With what shows through where the member has no name or face of its own. */
export interface GroupMember extends NewGroupMember {
  readonly profile: Profile;
}

export interface Profile {
  readonly nickname: string;
  readonly faceURL: string;
}

export type GroupMemberChanges = Partial<Pick<NewGroupMember, 'role' | 'nickname' | 'faceURL' | 'ex' | 'mutedUntil'>>;

/** Somebody wants to join, or a member wants somebody to. */
export interface GroupRequest {
  readonly groupID: string;
  /** Who would join. */
  readonly userID: string;
  /** See handleResults. */
  readonly result: number;
  readonly reqMsg: string;
  readonly ex: string;
  readonly joinSource: number;
  /** Empty if the user asks. */
  readonly inviterUserID: string;
  readonly requestedAt: number;
  readonly handlerUserID: string;
  readonly handleMsg: string;
  /** 0 while it is pending. */
  readonly handledAt: number;
}

export function isDismissed({ status }: Pick<Group, 'status'>): boolean {
  return status === groupStatuses.dismissed;
}

/** Owner or admin. */
export function isManager(member: Pick<NewGroupMember, 'role'> | undefined): boolean {
  return member !== undefined && member.role >= groupRoles.admin;
}

/** The group in the protocol's words. */
export function toGroupInfo(group: Group): GroupInfo {
  return {
    groupID: group.groupID,
    groupName: group.name,
    notification: group.notification,
    introduction: group.introduction,
    faceURL: group.faceURL,
    ownerUserID: group.ownerUserID,
    createTime: group.createdAt,
    memberCount: group.memberCount,
    ex: group.ex,
    status: group.status,
    creatorUserID: group.creatorUserID,
    groupType: group.groupType,
    needVerification: group.needVerification,
    lookMemberInfo: group.lookMemberInfo,
    applyMemberFriend: group.applyMemberFriend,
    notificationUpdateTime: group.notificationUpdatedAt,
    notificationUserID: group.notificationUserID,
  };
}

/** The member in the protocol's words. */
export function toMemberInfo(member: GroupMember): GroupMemberInfo {
  return {
    groupID: member.groupID,
    userID: member.userID,
    roleLevel: member.role,
    joinTime: member.joinedAt,
    nickname: member.nickname || member.profile.nickname,
    faceURL: member.faceURL || member.profile.faceURL,
    appMangerLevel: 0,
    joinSource: member.joinSource,
    operatorUserID: member.operatorUserID,
    ex: member.ex,
    muteEndTime: member.mutedUntil,
    inviterUserID: member.inviterUserID,
  };
}

/** Somebody who is no member, where notices show one. @param profile undefined if it is not known */
export function toStrangerInfo(groupID: string, userID: string, profile: Profile | undefined): GroupMemberInfo {
  return {
    groupID,
    userID,
    roleLevel: 0,
    joinTime: 0,
    nickname: profile?.nickname ?? '',
    faceURL: profile?.faceURL ?? '',
    appMangerLevel: 0,
    joinSource: 0,
    operatorUserID: userID,
    ex: '',
    muteEndTime: 0,
    inviterUserID: '',
  };
}

/**
 * Whose doing something was, as notices show it (relations-groups chapter, 9.3): an IM admin as such, in the group or not.
 * @param member the caller's own membership
 */
export function opUserOf(
  { userID, isAdmin }: Pick<Caller, 'userID' | 'isAdmin'>,
  groupID: string,
  member: GroupMember | undefined,
  profile: Profile | undefined,
): GroupMemberInfo {
  if (member !== undefined && !isAdmin) return toMemberInfo(member);
  const stranger = toStrangerInfo(groupID, userID, profile);
  return isAdmin
    ? { ...stranger, roleLevel: groupRoles.admin, appMangerLevel: appAdminLevel, operatorUserID: '' }
    : stranger;
}

const appAdminLevel = 2;

/** The request in the protocol's words. @param group null in notifications, which have it beside the request */
export function toRequestInfo(request: GroupRequest, user: PublicUserInfo, group: GroupInfo | null): GroupRequestInfo {
  return {
    userInfo: user,
    groupInfo: group,
    handleResult: request.result,
    reqMsg: request.reqMsg,
    handleMsg: request.handleMsg,
    reqTime: request.requestedAt,
    handleUserID: request.handlerUserID,
    handleTime: request.handledAt,
    ex: request.ex,
    joinSource: request.joinSource,
    inviterUserID: request.inviterUserID,
  };
}
