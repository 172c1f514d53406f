/** Who may write to whom: what refuses a message, and whatever else is seen like one (conversations-messages chapter, 6). */
import type { ConversationView } from '../conversations/view-store.ts';
import { errors } from '../protocol/errors.ts';
import { groupRoles, groupStatuses } from '../protocol/numbers/groups.ts';
import { sessionTypes } from '../protocol/numbers/sessions.ts';
import type { GroupChatFacts, SendingFacts, SingleChatFacts } from './sending-facts.ts';

export interface WritingOptions {
  readonly facts: SendingFacts;
  /** Only friends of the other may write (1303). */
  readonly needsFriendship: boolean;
  /** Unix ms. */
  readonly now: () => number;
}

/** Whether a user may write in an own chat now. @throws 1001 nobody writes there, 1203, 1204, 1302, 1303, 1402, 1403 */
export async function requireMayWrite(
  { facts, needsFriendship, now }: WritingOptions,
  { conversationType, groupID, peerUserID, conversationID }: ConversationView,
  userID: string,
): Promise<void> {
  if (conversationType === sessionTypes.group) {
    const found = await facts.groupChat(userID, groupID);
    requireOpenGroup(found);
    requireSpeaker(found, now());
    return;
  }
  if (conversationType !== sessionTypes.single) throw errors.args('not a chat of users');
  if (peerUserID === userID) return;
  requireWelcome(await facts.singleChat(userID, peerUserID, conversationID), needsFriendship);
}

/** @throws 1004 no such group, 1204 dismissed */
export function requireOpenGroup({ groupStatus }: GroupChatFacts): void {
  if (groupStatus === undefined) throw errors.recordNotFound('group not found');
  if (groupStatus === groupStatuses.dismissed) throw errors.dismissedAlready('the group is dismissed');
}

/** @param now Unix ms. @throws 1203 not in the group, 1402 muted in it, 1403 all but owner and admins are */
export function requireSpeaker({ groupStatus: status, role, mutedUntil }: GroupChatFacts, now: number): void {
  if (role === undefined) throw errors.notInGroupYet('not in the group');
  if (role === groupRoles.owner) return;
  if (mutedUntil >= now) throw errors.mutedInGroup('muted in the group');
  if (status === groupStatuses.muted && role !== groupRoles.admin) throw errors.mutedGroup('the group is muted');
}

/** Of an ordinary user. @throws 1302 blocked, 1303 no friend */
export function requireWelcome({ isBlocked, isFriend }: SingleChatFacts, needsFriendship: boolean): void {
  if (isBlocked) throw errors.blockedByPeer('blocked by the receiver');
  if (needsFriendship && !isFriend) throw errors.notPeersFriend('not a friend of the receiver');
}
