/** Status, origin and options of messages. Protocol: conversations-messages.md 3 and 5. */

/** Who a message speaks for. */
export const msgFrom = { user: 100, system: 200 } as const;

/** Clients show every message below `deleted`, and put a placeholder for `deleted`. */
export const msgStatus = { sending: 1, sent: 2, failed: 3, deleted: 4, filtered: 5 } as const;

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
