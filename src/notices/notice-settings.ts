/**
 * What operators decide of notifications, by OpenIM's names and with its defaults (notifications-sync chapter, 1.5;
 * objects-push-webhooks chapter, 6.3).
 */

export interface NoticeSetting {
  /** Also a message in the chat, which is stored and counts as unread. */
  readonly isSendMsg: boolean;
  readonly offlinePush: OfflinePushSetting;
}

interface OfflinePushSetting {
  readonly enable: boolean;
  readonly title: string;
  readonly desc: string;
  readonly ext: string;
}

export type NoticeSettings = Readonly<Record<NoticeName, NoticeSetting>>;

export type NoticeName = keyof typeof defaults;

const quiet = {};
const shown = { isSendMsg: true };
const pushed = { isPushed: true };

const defaults = {
  groupCreated: shown,
  groupInfoSet: quiet,
  joinGroupApplication: pushed,
  memberQuit: shown,
  groupApplicationAccepted: pushed,
  groupApplicationRejected: pushed,
  groupOwnerTransferred: shown,
  memberKicked: shown,
  memberInvited: shown,
  memberEnter: shown,
  groupDismissed: shown,
  groupMuted: shown,
  groupCancelMuted: shown,
  groupMemberMuted: shown,
  groupMemberCancelMuted: shown,
  groupMemberInfoSet: quiet,
  groupMemberSetToAdmin: quiet,
  groupMemberSetToOrdinaryUser: quiet,
  groupInfoSetAnnouncement: shown,
  groupInfoSetName: shown,
  friendApplicationAdded: pushed,
  friendApplicationApproved: { isSendMsg: true, isPushed: true },
  friendApplicationRejected: pushed,
  friendAdded: quiet,
  friendDeleted: quiet,
  friendRemarkSet: quiet,
  blackAdded: quiet,
  blackDeleted: quiet,
  friendInfoUpdated: quiet,
  userInfoUpdated: quiet,
  userStatusChanged: quiet,
  conversationChanged: quiet,
  conversationSetPrivate: shown,
} satisfies Record<string, { readonly isSendMsg?: boolean; readonly isPushed?: boolean }>;

/** Without a file of the operator's. */
export const defaultNoticeSettings: NoticeSettings = Object.fromEntries(
  Object.entries<{ readonly isSendMsg?: boolean; readonly isPushed?: boolean }>(defaults).map(
    ([name, { isSendMsg = false, isPushed = false }]) => [
      name,
      { isSendMsg, offlinePush: { enable: isPushed, title: '', desc: '', ext: '' } },
    ],
  ),
) as NoticeSettings;
