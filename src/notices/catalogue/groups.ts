/**
 * Notifications about groups (relations-groups chapter, 9.3; notifications-sync chapter, 2.5: 1501 to 1520): those to the
 * group, and what they carry. Of applications: group-applications.ts.
 */
import type { GroupInfo } from '../../protocol/gen/openim.ts';
import { notificationTypes } from '../../protocol/numbers/notices.ts';
import type { GroupMemberInfo } from '../../protocol/relation-objects.ts';
import { type GroupNotice, type NoticeKind, noticeKind } from '../notice.ts';

/** What every notice of a group tells: whose doing it was, and the group as it is afterwards. */
export interface GroupEvent {
  readonly group: GroupInfo;
  readonly opUser: GroupMemberInfo;
}

/** The head of the group's version log after the step that the notice tells of; clients apply the next one at once. */
export interface MemberVersion {
  readonly versionID: string;
  readonly version: number;
}

interface GroupTips {
  readonly group: GroupInfo;
  readonly opUser: GroupMemberInfo;
}

interface Versioned {
  readonly groupMemberVersion: number;
  readonly groupMemberVersionID: string;
}

interface Timed {
  /** Unix ms; 0 where clients do not read it. */
  readonly operationTime: number;
}

type CreatedTips = GroupTips &
  Versioned &
  Timed & { readonly memberList: readonly GroupMemberInfo[]; readonly groupOwnerUser: GroupMemberInfo };

const created = noticeKind<CreatedTips>({
  type: notificationTypes.groupCreated,
  name: 'groupCreated',
  isStored: false,
});

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

const announcementSet = noticeKind<GroupTips & Versioned>({
  type: notificationTypes.groupAnnouncementSet,
  name: 'groupInfoSetAnnouncement',
  isStored: false,
});

const infoSet = noticeKind<GroupTips & Versioned & { readonly muteTime: number }>({
  type: notificationTypes.groupInfoSet,
  name: 'groupInfoSet',
  isStored: false,
});

type TransferredTips = GroupTips &
  Versioned &
  Timed & {
    readonly newGroupOwner: GroupMemberInfo;
    readonly oldGroupOwner: string;
    readonly oldGroupOwnerInfo: GroupMemberInfo;
  };

const ownerTransferred = noticeKind<TransferredTips>({
  type: notificationTypes.groupOwnerTransferred,
  name: 'groupOwnerTransferred',
  isStored: false,
});

const dismissed = noticeKind<GroupTips & Timed>({
  type: notificationTypes.groupDismissed,
  name: 'groupDismissed',
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

const muted = noticeKind<GroupTips & Versioned & Timed>({
  type: notificationTypes.groupMuted,
  name: 'groupMuted',
  isStored: false,
});

const muteCancelled = noticeKind<GroupTips & Versioned & Timed>({
  type: notificationTypes.groupMuteCancelled,
  name: 'groupCancelMuted',
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

const nameSet = noticeKind<GroupTips & Versioned>({
  type: notificationTypes.groupNameSet,
  name: 'groupInfoSetName',
  isStored: false,
});

/** 1501. @param members the owner, and as many others as a notice holds */
export function groupCreatedNotice(
  event: GroupEvent,
  head: MemberVersion,
  members: readonly [GroupMemberInfo, ...GroupMemberInfo[]],
  isSendMsg: boolean | null,
): GroupNotice<CreatedTips> {
  const { group } = event;
  const [owner] = members;
  const tips = { ...event, memberList: members, operationTime: group.createTime, groupOwnerUser: owner };
  return toGroup(created, event, { ...tips, ...versioned(head) }, { isSendMsg });
}

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

/** 1509: members whom somebody has invited. @param isSendMsg null: as the settings say */
export function memberInvitedNotice(
  event: GroupEvent,
  head: MemberVersion,
  members: readonly GroupMemberInfo[],
  inviterUser: GroupMemberInfo,
  isSendMsg: boolean | null,
): GroupNotice<InvitedTips> {
  const tips = { ...event, invitedUserList: members, operationTime: 0, inviterUser, ...versioned(head) };
  return toGroup(memberInvited, event, tips, { isSendMsg });
}

/** 1510: a member who came without an invitation. */
export function memberEnterNotice(
  event: GroupEvent,
  head: MemberVersion,
  entrantUser: GroupMemberInfo,
): GroupNotice<EnterTips> {
  const { group } = event;
  const tips = { group, entrantUser, operationTime: entrantUser.joinTime, ...versioned(head) };
  return toGroup(memberEnter, event, tips);
}

/** 1502: anything but the name and the announcement. */
export function groupInfoNotice(event: GroupEvent, head: MemberVersion) {
  const { group, opUser } = event;
  return toGroup(infoSet, event, { opUser, muteTime: 0, group, ...versioned(head) }, { sender: opUser });
}

/** 1507. Owners as they are afterwards. */
export function ownerTransferredNotice(
  event: GroupEvent,
  head: MemberVersion,
  newOwner: GroupMemberInfo,
  oldOwner: GroupMemberInfo,
): GroupNotice<TransferredTips> {
  const tips = { newGroupOwner: newOwner, oldGroupOwner: '', operationTime: 0, oldGroupOwnerInfo: oldOwner };
  return toGroup(ownerTransferred, event, { ...event, ...tips, ...versioned(head) });
}

/** 1511, the last that members hear. @param isSendMsg null: as the settings say */
export function groupDismissedNotice(event: GroupEvent, isSendMsg: boolean | null): GroupNotice<GroupTips & Timed> {
  return toGroup(dismissed, event, { ...event, operationTime: 0 }, { isSendMsg, isLast: true });
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

/** 1514 if the group is muted now, otherwise 1515. */
export function groupMutedNotice(event: GroupEvent, head: MemberVersion, isMuted: boolean) {
  return toGroup(isMuted ? muted : muteCancelled, event, { ...event, operationTime: 0, ...versioned(head) });
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

/** 1519: shown in the chat unless it is empty, whatever the settings say. */
export function announcementNotice(event: GroupEvent, head: MemberVersion): GroupNotice<GroupTips & Versioned> {
  const { group, opUser } = event;
  return toGroup(
    announcementSet,
    event,
    { opUser, group, ...versioned(head) },
    { isSendMsg: group.notification !== '', sender: opUser },
  );
}

/** 1520 */
export function groupNameNotice(event: GroupEvent, head: MemberVersion): GroupNotice<GroupTips & Versioned> {
  const { group, opUser } = event;
  return toGroup(nameSet, event, { opUser, group, ...versioned(head) });
}

function versioned({ versionID, version }: MemberVersion): Versioned {
  return { groupMemberVersion: version, groupMemberVersionID: versionID };
}

function toGroup<Tips extends object>(
  kind: NoticeKind<Tips>,
  { group, opUser }: GroupEvent,
  tips: Tips,
  rest: Pick<GroupNotice<Tips>, 'isSendMsg' | 'sender' | 'plus' | 'isLast'> = {},
): GroupNotice<Tips> {
  return { kind, sendID: opUser.userID, groupID: group.groupID, tips, ...rest };
}
