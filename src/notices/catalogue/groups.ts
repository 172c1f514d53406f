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
  /** Unix ms, or 0: clients do not read it then. */
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

const announcementSet = noticeKind<GroupTips & Versioned>({
  type: notificationTypes.groupAnnouncementSet,
  name: 'groupInfoSetAnnouncement',
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
