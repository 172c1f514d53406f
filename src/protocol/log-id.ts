/**
 * The log in which a conversation's messages are kept. Clients join two user IDs with `_`, which user IDs may hold too:
 * `a` and `b_c` have the same conversation ID as `a_b` and `c`, and strangers can spell the `n_u_u` that is a user's own.
 * No user sees two of them, so that on the wire each keeps the ID that its clients compute; here each has a log of its
 * own, joined with `/`, which no user ID holds. Where nothing is ambiguous the two IDs are the same.
 */
import {
  type Addressed,
  conversationIDOf,
  groupNotificationID,
  isNotificationConversation,
  sortedPair,
} from './conversation-id.ts';
import { sessionTypes } from './numbers/sessions.ts';

/**
 * Of the conversation that a message belongs to.
 * @param conversationID of that conversation, for who knows it already
 * @throws 1001 for an unknown session type
 */
export function logIDOf(message: Addressed, conversationID = conversationIDOf(message)): string {
  const isNotification = isNotificationConversation(conversationID);
  const isToGroup = message.sessionType === sessionTypes.group || message.sessionType === sessionTypes.writeGroup;
  if (isToGroup) return isNotification ? groupNotificationLogID(message.groupID) : conversationID;
  return pairLogID(conversationID, message.sendID, message.recvID);
}

/** What names a chat: as its owner has it, who the partner is. */
export interface OwnedChat {
  readonly conversationID: string;
  readonly conversationType: number;
  readonly ownerUserID: string;
  /** The peer or the notification account; empty for groups. */
  readonly userID: string;
}

/** Of somebody's chat. */
export function chatLogID({ conversationID, conversationType, ownerUserID, userID }: OwnedChat): string {
  return pairTypes.has(conversationType) ? pairLogID(conversationID, ownerUserID, userID) : conversationID;
}

const pairTypes: ReadonlySet<number> = new Set([sessionTypes.single, sessionTypes.notification]);

/** Of the notifications that go with a chat's log. */
export function companionLogID(logID: string): string {
  if (isGroupChat(logID)) return groupNotificationLogID(logID.slice(logID.indexOf('_') + 1));
  return logID.replace(/^[a-z]+/, 'n');
}

/** All the logs that a conversation ID can mean, for who does not say whose conversation it is. */
export function possibleLogIDs(conversationID: string): readonly string[] {
  const rest = conversationID.slice(conversationID.indexOf('_') + 1);
  if (isGroupChat(conversationID)) return [conversationID];
  const splits = Array.from(rest.matchAll(/_/g), ({ index }) => [rest.slice(0, index), rest.slice(index + 1)] as const);
  const pairs = splits.filter(([a, b]) => a !== '' && b !== '').map(([a, b]) => pairLogID(conversationID, a, b));
  const groups = isNotificationConversation(conversationID) ? [groupNotificationLogID(rest)] : [];
  return [...new Set([...pairs, ...groups])];
}

function isGroupChat(conversationID: string): boolean {
  return /^s?g_/.test(conversationID);
}

function pairLogID(conversationID: string, userA: string, userB: string): string {
  if (userA === userB || !(userA.includes('_') || userB.includes('_'))) return conversationID;
  const prefix = conversationID.slice(0, conversationID.indexOf('_'));
  return [prefix, ...sortedPair(userA, userB)].join('/');
}

/** Two slashes: a pair has something between them. */
function groupNotificationLogID(groupID: string): string {
  return groupID.includes('_') ? `n//${groupID}` : groupNotificationID(groupID);
}
