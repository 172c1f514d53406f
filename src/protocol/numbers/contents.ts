/** Types of content. Protocol: conversations-messages.md 4. */

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
  /** Named in the wasm SDK only, and of users' content although its number is one of the servers'. */
  pinned: 2400,
} as const;

/** Content types that only servers may write: 1000 to 5000, both ends included, but for the pinned message. */
const notificationRange = { first: 1000, last: 5000 } as const;

export function isNotificationContentType(contentType: number): boolean {
  const { first, last } = notificationRange;
  return contentType >= first && contentType <= last && contentType !== contentTypes.pinned;
}
