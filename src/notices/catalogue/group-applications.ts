/**
 * Notifications about requests to join groups (relations-groups chapter, 9.3: 1503, 1505, 1506): one to each of those whom
 * it concerns. All of one event have its uuid, by which clients know what they have heard already.
 */
import type { GroupInfo } from '../../protocol/gen/openim.ts';
import { notificationTypes } from '../../protocol/numbers/notices.ts';
import type { GroupMemberInfo, GroupRequestInfo, PublicUserInfo } from '../../protocol/relation-objects.ts';
import { noticeKind, type UserNotice } from '../notice.ts';
import type { GroupEvent } from './group-event.ts';

interface ApplicationTips {
  readonly group: GroupInfo;
  readonly applicant: PublicUserInfo;
  readonly reqMsg: string;
  readonly uuid: string;
  readonly request: GroupRequestInfo;
}

const application = noticeKind<ApplicationTips>({
  type: notificationTypes.joinGroupApplication,
  name: 'joinGroupApplication',
  isStored: false,
});

interface HandledTips {
  readonly group: GroupInfo;
  readonly opUser: GroupMemberInfo;
  readonly handleMsg: string;
  /** 0 the applicant, 1 owner or admin. */
  readonly receiverAs: number;
  readonly uuid: string;
  readonly request: GroupRequestInfo;
}

const handled = {
  accepted: noticeKind<HandledTips>({
    type: notificationTypes.groupApplicationAccepted,
    name: 'groupApplicationAccepted',
    isStored: false,
  }),
  rejected: noticeKind<HandledTips>({
    type: notificationTypes.groupApplicationRejected,
    name: 'groupApplicationRejected',
    isStored: false,
  }),
};

/** 1503. The applicant is who would join, also if a member proposes it: the pure-JS SDK looks its request up. */
export function applicationNotices(
  { group, opUser }: GroupEvent,
  request: GroupRequestInfo,
  uuid: string,
  receiverIDs: readonly string[],
): readonly UserNotice<ApplicationTips>[] {
  const tips = { group, applicant: request.userInfo, reqMsg: request.reqMsg, uuid, request };
  return receiverIDs.map((recvID) => ({ kind: application, sendID: opUser.userID, recvID, tips }));
}

/** 1505 or 1506, to the applicant as such and to the others as owner or admin. */
export function handledNotices(
  { group, opUser }: GroupEvent,
  verdict: keyof typeof handled,
  request: GroupRequestInfo,
  uuid: string,
  receiverIDs: readonly string[],
): readonly UserNotice<HandledTips>[] {
  return receiverIDs.map((recvID) => {
    const receiverAs = recvID === request.userInfo.userID ? 0 : 1;
    const tips = { group, opUser, handleMsg: request.handleMsg, receiverAs, uuid, request };
    return { kind: handled[verdict], sendID: opUser.userID, recvID, tips };
  });
}
