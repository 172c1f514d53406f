/** Kinds of sessions. Protocol: conversations-messages.md 2. */

/** Also the conversationType of a conversation. */
export const sessionTypes = {
  single: 1,
  /** Named by the protocol, refused by every server. */
  writeGroup: 2,
  group: 3,
  /** Messages of a notification ("official") account. */
  notification: 4,
} as const;
