/**
 * The words in which notifications are declared, one constant each in catalogue/<area>.ts: what the notifier needs to
 * know of a kind, and the type of its tips. Protocol: notifications-sync.md 1 and 2.
 */
import type { NotificationType } from '../protocol/numbers/notices.ts';

/** One row of the catalogue. */
export interface NoticeKind<Tips extends object> {
  readonly type: NotificationType;
  /** Stored with a seq in the notification conversation (reliability level 2), or pushed to those who are online. */
  readonly isStored: boolean;
  /** Only for the type checker, and never set. */
  readonly '~tips'?: Tips;
}

/** Declares a kind of notification. Its tips become JSON: 64-bit integers are numbers, lists may be null. */
export function noticeKind<Tips extends object>(kind: Omit<NoticeKind<Tips>, '~tips'>): NoticeKind<Tips> {
  return kind;
}

/** One notification between two users, or from one to itself. */
export interface Notice<Tips extends object> {
  readonly kind: NoticeKind<Tips>;
  /** Whose doing it shows; not always the caller's. */
  readonly sendID: string;
  readonly recvID: string;
  readonly tips: Tips;
}
