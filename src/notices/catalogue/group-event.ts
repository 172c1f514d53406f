/** What notifications to groups have in common (relations-groups chapter, 9.1 and 9.3). */
import type { GroupInfo } from '../../protocol/gen/openim.ts';
import type { GroupMemberInfo } from '../../protocol/relation-objects.ts';
import type { GroupNotice, NoticeKind } from '../notice.ts';

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

/** Of most kinds. */
export interface GroupTips {
  readonly group: GroupInfo;
  readonly opUser: GroupMemberInfo;
}

export interface Versioned {
  readonly groupMemberVersion: number;
  readonly groupMemberVersionID: string;
}

export interface Timed {
  /** Unix ms; 0 where clients do not read it. */
  readonly operationTime: number;
}

export function versioned({ versionID, version }: MemberVersion): Versioned {
  return { groupMemberVersion: version, groupMemberVersionID: versionID };
}

export function toGroup<Tips extends object>(
  kind: NoticeKind<Tips>,
  { group, opUser }: GroupEvent,
  tips: Tips,
  rest: Pick<GroupNotice<Tips>, 'isSendMsg' | 'sender' | 'plus' | 'isLast'> = {},
): GroupNotice<Tips> {
  return { kind, sendID: opUser.userID, groupID: group.groupID, tips, ...rest };
}
