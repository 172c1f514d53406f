/** Who may write to whom: what refuses a message, and whatever else is seen like one (conversations-messages chapter, 6). */
import { errors } from '../protocol/errors.ts';
import { groupRoles, groupStatuses } from '../protocol/numbers/groups.ts';
import type { GroupChatFacts, SingleChatFacts } from './sending-facts.ts';

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
