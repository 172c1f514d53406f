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

/** Where nothing else is said. */
export const defaultNoticeSettings: NoticeSettings = Object.fromEntries(
  Object.entries<{ readonly isSendMsg?: boolean; readonly isPushed?: boolean }>(defaults).map(
    ([name, { isSendMsg = false, isPushed = false }]) => [
      name,
      { isSendMsg, offlinePush: { enable: isPushed, title: '', desc: '', ext: '' } },
    ],
  ),
) as NoticeSettings;

/**
 * The defaults, changed by what a file says in the form of OpenIM's notification.yml. Its `reliabilityLevel` and
 * `unreadCount` have no effect, there as here.
 * @param document as parsed
 * @param problem told of what makes no sense, which then changes nothing
 * @returns also names that belong to no notification of this server
 */
export function noticeSettings(
  document: unknown,
  problem: (text: string) => void,
): { readonly settings: NoticeSettings; readonly unknownNames: readonly string[] } {
  const entries = record(document ?? {}, 'the file', problem);
  const known = entries.filter(([name]) => Object.hasOwn(defaults, name)) as [NoticeName, unknown][];
  const changed = known.map(([name, value]) => [name, settingFrom(name, value, problem)]);
  return {
    settings: { ...defaultNoticeSettings, ...Object.fromEntries(changed) },
    unknownNames: entries.map(([name]) => name).filter((name) => !Object.hasOwn(defaults, name)),
  };
}

function settingFrom(name: NoticeName, value: unknown, problem: (text: string) => void): NoticeSetting {
  const byDefault = defaultNoticeSettings[name];
  const given = new Map(record(value ?? {}, name, problem));
  const push = new Map(record(given.get('offlinePush') ?? {}, `${name}.offlinePush`, problem));
  const take = <Value>(from: ReadonlyMap<string, unknown>, key: string, otherwise: Value, where: string): Value => {
    const found = from.get(key) ?? otherwise;
    if (typeof found === typeof otherwise) return found as Value;
    problem(`${where}.${key}: must be ${typeof otherwise === 'boolean' ? 'true or false' : 'a text'}`);
    return otherwise;
  };
  const pushText = (key: 'title' | 'desc' | 'ext') =>
    take(push, key, byDefault.offlinePush[key], `${name}.offlinePush`);
  return {
    isSendMsg: take(given, 'isSendMsg', byDefault.isSendMsg, name),
    offlinePush: {
      enable: take(push, 'enable', byDefault.offlinePush.enable, `${name}.offlinePush`),
      title: pushText('title'),
      desc: pushText('desc'),
      ext: pushText('ext'),
    },
  };
}

function record(value: unknown, where: string, problem: (text: string) => void): [string, unknown][] {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return Object.entries(value);
  problem(`${where}: must be names with values`);
  return [];
}
