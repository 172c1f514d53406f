/** Notifications about users' own data (notifications-sync chapter, 2.1: 1303, 1305 to 1307). */
import { notificationTypes } from '../../protocol/numbers/notices.ts';
import { type Notice, noticeKind } from '../notice.ts';

const userInfoUpdated = noticeKind<{ readonly userID: string }>({
  type: notificationTypes.userInfoUpdated,
  name: 'userInfoUpdated',
  isStored: false,
});

interface UserCommandTips {
  readonly fromUserID: string;
  readonly toUserID: string;
}

const userCommand = {
  added: noticeKind<UserCommandTips>({ type: notificationTypes.userCommandAdded, isStored: false }),
  deleted: noticeKind<UserCommandTips>({ type: notificationTypes.userCommandDeleted, isStored: false }),
  updated: noticeKind<UserCommandTips>({ type: notificationTypes.userCommandUpdated, isStored: false }),
};

/** 1303 to the user whose profile somebody changed, oneself or an admin. */
export function userInfoNotice(changedByID: string, changedUserID: string): Notice<{ readonly userID: string }> {
  return { kind: userInfoUpdated, sendID: changedByID, recvID: changedUserID, tips: { userID: changedUserID } };
}

/** 1305 to 1307 to the user's own devices. */
export function userCommandNotice(userID: string, change: keyof typeof userCommand): Notice<UserCommandTips> {
  return {
    kind: userCommand[change],
    sendID: userID,
    recvID: userID,
    tips: { fromUserID: userID, toUserID: userID },
  };
}
