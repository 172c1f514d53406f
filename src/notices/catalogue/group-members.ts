/** Notifications about members of groups, to the group (relations-groups chapter, 9.3; notifications-sync chapter, 2.5: 1504, 1508 to 1510, 1512, 1513, 1516 to 1518). */
import { notificationTypes } from '../../protocol/numbers/notices.ts';
import type { GroupMemberInfo } from '../../protocol/relation-objects.ts';
import { type GroupNotice, noticeKind } from '../notice.ts';
import {
  type GroupEvent,
  type GroupTips,
  type MemberVersion,
  type Timed,
  toGroup,
  type Versioned,
  versioned,
} from './group-event.ts';

type QuitTips = Pick<GroupTips, 'group'> & Versioned & Timed & { readonly quitUser: GroupMemberInfo };

const memberQuit = noticeKind<QuitTips>({ type: notificationTypes.memberQuit, name: 'memberQuit', isStored: false });

type KickedTips = GroupTips & Versioned & Timed & { readonly kickedUserList: readonly GroupMemberInfo[] };

const memberKicked = noticeKind<KickedTips>({
  type: notificationTypes.memberKicked,
  name: 'memberKicked',
  isStored: false,
});

type InvitedTips = GroupTips &
  Versioned &
  Timed & { readonly invitedUserList: readonly GroupMemberInfo[]; readonly inviterUser: GroupMemberInfo };

const memberInvited = noticeKind<InvitedTips>({
  type: notificationTypes.memberInvited,
  name: 'memberInvited',
  isStored: false,
});

type EnterTips = Pick<GroupTips, 'group'> & Versioned & Timed & { readonly entrantUser: GroupMemberInfo };

const memberEnter = noticeKind<EnterTips>({
  type: notificationTypes.memberEnter,
  name: 'memberEnter',
  isStored: false,
});

type MemberMutedTips = GroupTips & Versioned & Timed & { readonly mutedUser: GroupMemberInfo };

const memberMuted = noticeKind<MemberMutedTips & { readonly mutedSeconds: number }>({
  type: notificationTypes.memberMuted,
  name: 'groupMemberMuted',
  isStored: false,
});

const memberMuteCancelled = noticeKind<MemberMutedTips>({
  type: notificationTypes.memberMuteCancelled,
  name: 'groupMemberCancelMuted',
  isStored: false,
});

type MemberSetTips = GroupTips &
  Versioned &
  Timed & { readonly changedUser: GroupMemberInfo; readonly groupSortVersion: number };

const memberSet = {
  info: noticeKind<MemberSetTips>({
    type: notificationTypes.memberInfoSet,
    name: 'groupMemberInfoSet',
    isStored: false,
  }),
  admin: noticeKind<MemberSetTips>({
    type: notificationTypes.memberSetToAdmin,
    name: 'groupMemberSetToAdmin',
    isStored: false,
  }),
  ordinary: noticeKind<MemberSetTips>({
    type: notificationTypes.memberSetToOrdinary,
    name: 'groupMemberSetToOrdinaryUser',
    isStored: false,
  }),
};

/** 1504 to the group, and to who has quit. */
export function memberQuitNotice(
  event: GroupEvent,
  head: MemberVersion,
  quitUser: GroupMemberInfo,
): GroupNotice<QuitTips> {
  const { group } = event;
  const tips = { group, quitUser, operationTime: 0, ...versioned(head) };
  return toGroup(memberQuit, event, tips, { plus: [quitUser.userID] });
}

/** 1508 to the group, and to those who were kicked. @param members as they were */
export function memberKickedNotice(
  event: GroupEvent,
  head: MemberVersion,
  members: readonly GroupMemberInfo[],
  isSendMsg: boolean | null,
): GroupNotice<KickedTips> {
  const tips = { ...event, kickedUserList: members, operationTime: 0, ...versioned(head) };
  return toGroup(memberKicked, event, tips, { isSendMsg, plus: members.map(({ userID }) => userID) });
}

/** 1509: members whom somebody has invited; their nodes may not know yet that they are in the group. @param isSendMsg null: as the settings say */
export function memberInvitedNotice(
  event: GroupEvent,
  head: MemberVersion,
  members: readonly GroupMemberInfo[],
  inviterUser: GroupMemberInfo,
  isSendMsg: boolean | null,
): GroupNotice<InvitedTips> {
  const tips = { ...event, invitedUserList: members, operationTime: 0, ...versioned(head), inviterUser };
  return toGroup(memberInvited, event, tips, { isSendMsg, plus: members.map(({ userID }) => userID) });
}

/** 1510: a member who came without an invitation, named as those of 1509. */
export function memberEnterNotice(
  event: GroupEvent,
  head: MemberVersion,
  entrantUser: GroupMemberInfo,
): GroupNotice<EnterTips> {
  const { group } = event;
  const tips = { group, entrantUser, operationTime: entrantUser.joinTime, ...versioned(head) };
  return toGroup(memberEnter, event, tips, { plus: [entrantUser.userID] });
}

/** 1512. @param mutedUser as it is afterwards */
export function memberMutedNotice(
  event: GroupEvent,
  head: MemberVersion,
  mutedUser: GroupMemberInfo,
  mutedSeconds: number,
) {
  const tips = { ...event, operationTime: 0, mutedUser, mutedSeconds, ...versioned(head) };
  return toGroup(memberMuted, event, tips);
}

/** 1513. @param mutedUser as it is afterwards */
export function memberMuteCancelledNotice(event: GroupEvent, head: MemberVersion, mutedUser: GroupMemberInfo) {
  return toGroup(memberMuteCancelled, event, { ...event, operationTime: 0, mutedUser, ...versioned(head) });
}

/**
 * 1516 to 1518: another name, face or ex of a member in the group; now admin; now an ordinary member.
 * @param head of the step that tells of it, and whether that moved the member in the list
 */
export function memberSetNotice(
  event: GroupEvent,
  what: keyof typeof memberSet,
  head: MemberVersion & { readonly isResorted: boolean },
  changedUser: GroupMemberInfo,
): GroupNotice<MemberSetTips> {
  const groupSortVersion = head.isResorted ? head.version : 0;
  const tips = { ...event, operationTime: 0, changedUser, ...versioned(head), groupSortVersion };
  return toGroup(memberSet[what], event, tips);
}
