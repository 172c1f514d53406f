/**
 * Names of conversations, as every client computes them too. Protocol: conversations-messages.md 2.
 */

import { errors } from './errors.ts';
import { optionKeys } from './numbers/messages.ts';
import { sessionTypes } from './numbers/sessions.ts';

/** Chat between two users: the same for both, whoever asks. */
export function singleChatID(userA: string, userB: string): string {
  return `si_${joinSorted(userA, userB)}`;
}

/** Chat in a group. */
export function groupChatID(groupID: string): string {
  return `sg_${groupID}`;
}

/** Messages of a notification ("official") account to one user. */
export function officialChatID(accountID: string, userID: string): string {
  return `sn_${joinSorted(accountID, userID)}`;
}

/** Notifications between two users. */
export function notificationID(userA: string, userB: string): string {
  return `n_${joinSorted(userA, userB)}`;
}

/** Notifications to a group. */
export function groupNotificationID(groupID: string): string {
  return `n_${groupID}`;
}

/** Notifications of a user to itself: every user has this one. */
export function selfNotificationID(userID: string): string {
  return notificationID(userID, userID);
}

/** The notification conversation that goes with a chat: `si_a_b` → `n_a_b`; '' for a text without `_`. */
export function companionNotificationID(chatID: string): string {
  const separator = chatID.indexOf('_');
  return separator === -1 ? '' : `n${chatID.slice(separator)}`;
}

/** True for a conversation of notifications; clients split pushes and pulls by exactly this test. */
export function isNotificationConversation(conversationID: string): boolean {
  return conversationID.startsWith('n_');
}

/** What of a message decides where it belongs. */
export interface Addressed {
  readonly sessionType: number;
  readonly sendID: string;
  readonly recvID: string;
  readonly groupID: string;
  readonly options: ReadonlyMap<string, boolean>;
}

/** The conversation that a message belongs to. Throws errors.args for an unknown session type. */
export function conversationIDOf(msg: Addressed): string {
  const isNotification = msg.options.get(optionKeys.isNotNotification) === false;
  switch (msg.sessionType) {
    case sessionTypes.single:
      return isNotification ? notificationID(msg.sendID, msg.recvID) : singleChatID(msg.sendID, msg.recvID);
    case sessionTypes.writeGroup:
      return isNotification ? groupNotificationID(msg.groupID) : `g_${msg.groupID}`;
    case sessionTypes.group:
      return isNotification ? groupNotificationID(msg.groupID) : groupChatID(msg.groupID);
    case sessionTypes.notification:
      return isNotification ? notificationID(msg.sendID, msg.recvID) : officialChatID(msg.sendID, msg.recvID);
    default:
      throw errors.args('unknown sessionType');
  }
}

function joinSorted(a: string, b: string): string {
  const pair = sortedPair(a, b);
  return `${pair[0]}_${pair[1]}`;
}

const firstSurrogate = 0xd800;

/** By UTF-8 bytes, as the clients sort: UTF-16 order differs for characters outside the BMP. */
export function sortedPair(a: string, b: string): readonly [string, string] {
  // Up to the first unit in which they differ the bytes are the same, and below the surrogates both orders are.
  for (let at = 0; at < a.length && at < b.length; at += 1) {
    const unitA = a.charCodeAt(at);
    const unitB = b.charCodeAt(at);
    if (unitA === unitB) continue;
    if (unitA >= firstSurrogate || unitB >= firstSurrogate) break;
    return unitA < unitB ? [a, b] : [b, a];
  }
  return Buffer.compare(Buffer.from(a), Buffer.from(b)) <= 0 ? [a, b] : [b, a];
}
