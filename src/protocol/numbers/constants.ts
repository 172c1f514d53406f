/**
 * The protocol's numbers and names: platforms, frame identifiers, session and content types, message status,
 * option keys. Protocol: websocket.md 4, 7.1; rest-core.md 5.1; conversations-messages.md 2-5.
 */

/** Every platform a client can log in from, by the name that OpenIM uses in keys and texts. */
export const platforms = {
  IOS: 1,
  Android: 2,
  Windows: 3,
  OSX: 4,
  Web: 5,
  MiniWeb: 6,
  Linux: 7,
  APad: 8,
  IPad: 9,
  Admin: 10,
  HarmonyOS: 11,
  /** In the newest protocol only. */
  Bot: 12,
} as const;

export type PlatformName = keyof typeof platforms;
export type PlatformID = (typeof platforms)[PlatformName];

/** Platforms of one class compete with each other under login policies 4 and 5. */
export type PlatformClass = 'Mobile' | 'PC' | 'Pad' | 'Web' | 'MiniWeb' | 'Admin' | 'HarmonyOS' | 'Bot';

const platformTable: Readonly<Record<PlatformID, { name: PlatformName; class: PlatformClass }>> = {
  1: { name: 'IOS', class: 'Mobile' },
  2: { name: 'Android', class: 'Mobile' },
  3: { name: 'Windows', class: 'PC' },
  4: { name: 'OSX', class: 'PC' },
  5: { name: 'Web', class: 'Web' },
  6: { name: 'MiniWeb', class: 'MiniWeb' },
  7: { name: 'Linux', class: 'PC' },
  8: { name: 'APad', class: 'Pad' },
  9: { name: 'IPad', class: 'Pad' },
  10: { name: 'Admin', class: 'Admin' },
  11: { name: 'HarmonyOS', class: 'HarmonyOS' },
  12: { name: 'Bot', class: 'Bot' },
};

/** All platform IDs in ascending order. */
export const platformIDs: readonly PlatformID[] = Object.values(platforms);

/** For texts that say which are known. */
export const platformRange = `1 to ${platformIDs.length}`;

/** The classes, in the order of their first platforms. */
export const platformClasses: readonly PlatformClass[] = [...new Set(platformIDs.map((id) => platformTable[id].class))];

export function isKnownPlatform(id: number): id is PlatformID {
  return Object.hasOwn(platformTable, id);
}

/** The platform's name as it appears in OpenIM's keys and log texts; '' for an unknown ID. */
export function platformName(id: PlatformID): PlatformName;
export function platformName(id: number): PlatformName | '';
export function platformName(id: number): PlatformName | '' {
  return isKnownPlatform(id) ? platformTable[id].name : '';
}

/** The platform that a text means, by its name, case ignored, or by its number. */
export function findPlatform(text: string): PlatformID | undefined {
  return platformIDs.find((id) => platformName(id).toLowerCase() === text.toLowerCase() || String(id) === text);
}

/** The platform's class for login policies 4 and 5; '' for an unknown ID. */
export function platformClass(id: PlatformID): PlatformClass;
export function platformClass(id: number): PlatformClass | '';
export function platformClass(id: number): PlatformClass | '' {
  return isKnownPlatform(id) ? platformTable[id].class : '';
}

/**
 * No token lives longer, whoever issued it: ten years. OpenIM's setting is in whole days and without a limit; nobody sets
 * more. Cutoffs and traces of tokens are kept for that long.
 */
export const longestTokenLifeMs = 3650 * 86_400_000;

/** What a socket frame asks for or tells. 2001 and 2002 only ever go from server to client. */
export const reqIdentifiers = {
  getMaxSeq: 1001,
  pullMessagesBySeqRanges: 1002,
  sendMessage: 1003,
  /** Reserved and without function: answered with an error. */
  sendSignalMessage: 1004,
  pullMessagesBySeqList: 1005,
  getReadAndMaxSeqs: 1006,
  getLastMessages: 1007,
  pushMessage: 2001,
  kickOnline: 2002,
  logout: 2003,
  setBackgroundStatus: 2004,
  subscribeOnlineStatus: 2005,
} as const;

/** Also the conversationType of a conversation. */
export const sessionTypes = {
  single: 1,
  /** Named by the protocol, refused by every server. */
  writeGroup: 2,
  group: 3,
  /** Messages of a notification ("official") account. */
  notification: 4,
} as const;

/** Who a message speaks for. */
export const msgFrom = { user: 100, system: 200 } as const;

/** Clients show every message below `deleted`, and put a placeholder for `deleted`. */
export const msgStatus = { sending: 1, sent: 2, failed: 3, deleted: 4, filtered: 5 } as const;

/** What a message's content holds, for content that users send. */
export const contentTypes = {
  text: 101,
  picture: 102,
  sound: 103,
  video: 104,
  file: 105,
  atText: 106,
  merger: 107,
  card: 108,
  location: 109,
  custom: 110,
  legacyRevoke: 111,
  typing: 113,
  quote: 114,
  face: 115,
  advancedText: 117,
  markdown: 118,
  customNoTrigger: 119,
  customOnlineOnly: 120,
} as const;

/** What a notification tells; its content is `{"detail":"<JSON text>"}`. Notifications-sync.md has the payloads. */
export const notificationTypes = {
  friendApplicationApproved: 1201,
  friendApplicationRejected: 1202,
  friendApplication: 1203,
  friendAdded: 1204,
  friendDeleted: 1205,
  friendRemarkSet: 1206,
  blackAdded: 1207,
  blackDeleted: 1208,
  friendInfoUpdated: 1209,
  friendsInfoUpdated: 1210,
  conversationChanged: 1300,
  userInfoUpdated: 1303,
  userStatusChanged: 1304,
  userCommandAdded: 1305,
  userCommandDeleted: 1306,
  userCommandUpdated: 1307,
  /** Written by an operator for a notification account: the only one with sessionType 4. */
  officialAccount: 1400,
  groupCreated: 1501,
  groupInfoSet: 1502,
  joinGroupApplication: 1503,
  memberQuit: 1504,
  groupApplicationAccepted: 1505,
  groupApplicationRejected: 1506,
  groupOwnerTransferred: 1507,
  memberKicked: 1508,
  memberInvited: 1509,
  memberEnter: 1510,
  groupDismissed: 1511,
  memberMuted: 1512,
  memberMuteCancelled: 1513,
  groupMuted: 1514,
  groupMuteCancelled: 1515,
  memberInfoSet: 1516,
  memberSetToAdmin: 1517,
  memberSetToOrdinary: 1518,
  groupAnnouncementSet: 1519,
  groupNameSet: 1520,
  conversationPrivateChatSet: 1701,
  conversationUnread: 1702,
  conversationsCleared: 1703,
  conversationsDeleted: 1704,
  business: 2001,
  messageRevoked: 2101,
  messagesDeleted: 2102,
  hasRead: 2200,
} as const;

export type NotificationType = (typeof notificationTypes)[keyof typeof notificationTypes];

/** Content types that only servers may write: 1000 to 5000, both ends included. */
const notificationRange = { first: 1000, last: 5000 } as const;

export function isNotificationContentType(contentType: number): boolean {
  return contentType >= notificationRange.first && contentType <= notificationRange.last;
}

/** Keys of MsgData.options. A missing key means true: see `optionEnabled`. */
export const optionKeys = {
  history: 'history',
  persistent: 'persistent',
  offlinePush: 'offlinePush',
  unreadCount: 'unreadCount',
  conversationUpdate: 'conversationUpdate',
  senderSync: 'senderSync',
  notPrivate: 'notPrivate',
  senderConversationUpdate: 'senderConversationUpdate',
  senderNotificationPush: 'senderNotificationPush',
  reactionFromCache: 'reactionFromCache',
  isNotNotification: 'isNotNotification',
  isSendMsg: 'isSendMsg',
} as const;

export type OptionKey = keyof typeof optionKeys;
