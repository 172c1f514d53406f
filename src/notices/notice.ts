/**
 * The words in which notifications are declared, one constant each in catalogue/<area>.ts: what the notifier needs to
 * know of a kind, and the type of its tips. Protocol: notifications-sync.md 1 and 2.
 */
import type { NotificationType } from '../protocol/numbers/notices.ts';
import type { NoticeName } from './notice-settings.ts';

/** One row of the catalogue. */
export interface NoticeKind<Tips extends object> {
  readonly type: NotificationType;
  /** Under which operators set whether it is shown in the chat and pushed to those who are offline. */
  readonly name?: NoticeName;
  /** Stored with a seq in the notification conversation (reliability level 2), or pushed to those who are online. */
  readonly isStored: boolean;
  /** The sender's own devices do not get it. */
  readonly isForReceiverOnly?: true;
  /** Only for the type checker, and never set. */
  readonly '~tips'?: Tips;
}

/** Declares a kind of notification. Its tips become JSON: 64-bit integers are numbers, lists may be null. */
export function noticeKind<Tips extends object>(kind: Omit<NoticeKind<Tips>, '~tips'>): NoticeKind<Tips> {
  return kind;
}

interface CommonNotice<Tips extends object> {
  readonly kind: NoticeKind<Tips>;
  /** Whose doing it shows; not always the caller's. */
  readonly sendID: string;
  readonly tips: Tips;
  /** Also a message in the chat, whatever the settings say. */
  readonly isSendMsg?: boolean | null;
  /** What clients show of the sender, where the protocol tells it (1502, 1519). */
  readonly sender?: { readonly nickname: string; readonly faceURL: string };
}

/** One notification between two users, or from one to itself. */
export interface UserNotice<Tips extends object> extends CommonNotice<Tips> {
  readonly recvID: string;
}

/** One notification to a group: to who is in it when it is delivered. */
export interface GroupNotice<Tips extends object> extends CommonNotice<Tips> {
  readonly groupID: string;
  /** Users who have just left, or joined, and are told as well. */
  readonly plus?: readonly string[];
  /** The group is no more: see GroupAudience. */
  readonly isLast?: true;
}

export type Notice<Tips extends object> = UserNotice<Tips> | GroupNotice<Tips>;
