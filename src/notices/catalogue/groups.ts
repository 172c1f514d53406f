/** Notifications about groups (relations-groups chapter, 9.3; notifications-sync chapter, 2.5: 1501, 1502, 1507, 1511, 1514, 1515, 1519, 1520). */
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

type CreatedTips = GroupTips &
  Versioned &
  Timed & { readonly memberList: readonly GroupMemberInfo[]; readonly groupOwnerUser: GroupMemberInfo };

const created = noticeKind<CreatedTips>({
  type: notificationTypes.groupCreated,
  name: 'groupCreated',
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

const nameSet = noticeKind<GroupTips & Versioned>({
  type: notificationTypes.groupNameSet,
  name: 'groupInfoSetName',
  isStored: false,
});

/**
 * 1501.
 * @param members the owner, and as many others as a notice holds
 * @param userIDs all of them, whose nodes may not know yet that they are in the group
 */
export function groupCreatedNotice(
  event: GroupEvent,
  head: MemberVersion,
  members: readonly [GroupMemberInfo, ...GroupMemberInfo[]],
  userIDs: readonly string[],
  isSendMsg: boolean | null,
): GroupNotice<CreatedTips> {
  const { group } = event;
  const [owner] = members;
  const tips = { ...event, memberList: members, operationTime: group.createTime, groupOwnerUser: owner };
  return toGroup(created, event, { ...tips, ...versioned(head) }, { isSendMsg, plus: userIDs });
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

/** 1514 if the group is muted now, otherwise 1515. */
export function groupMutedNotice(event: GroupEvent, head: MemberVersion, isMuted: boolean) {
  return toGroup(isMuted ? muted : muteCancelled, event, { ...event, operationTime: 0, ...versioned(head) });
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
