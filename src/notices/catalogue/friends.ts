/** Notifications about friends and black lists (notifications-sync chapter, 2.3: 1201 to 1210). */
import { notificationTypes } from '../../protocol/numbers/notices.ts';
import type { FriendRequestInfo } from '../../protocol/relation-objects.ts';
import { type Notice, noticeKind } from '../notice.ts';

/** The version log of the list that has changed, after the change. */
export interface FriendsHead {
  readonly versionID: string;
  readonly version: number;
}

interface Sides {
  readonly fromUserID: string;
  readonly toUserID: string;
}

interface RequestTips {
  readonly fromToUserID: Sides;
  readonly request: FriendRequestInfo;
}

interface RejectedTips extends RequestTips {
  readonly handleMsg: string;
}

interface VersionTips {
  readonly friendVersion: number;
  readonly friendVersionID: string;
}

interface ApprovedTips extends VersionTips {
  readonly fromToUserID: Sides;
  readonly handleMsg: string;
  /** Null where nobody has asked: an import. */
  readonly request: FriendRequestInfo | null;
}

interface FriendTips extends VersionTips {
  readonly fromToUserID: Sides;
}

interface RemarkTips extends FriendTips {
  readonly friendSortVersion: number;
}

interface FriendsTips extends FriendTips {
  readonly friendIDs: readonly string[];
}

interface BlackTips {
  readonly fromToUserID: Sides;
}

const types = notificationTypes;
const isStored = false;

const approved = noticeKind<ApprovedTips>({
  type: types.friendApplicationApproved,
  name: 'friendApplicationApproved',
  isStored,
});
const rejected = noticeKind<RejectedTips>({
  type: types.friendApplicationRejected,
  name: 'friendApplicationRejected',
  isStored,
});
const asked = noticeKind<RequestTips>({ type: types.friendApplication, name: 'friendApplicationAdded', isStored });
const deleted = noticeKind<FriendTips>({ type: types.friendDeleted, name: 'friendDeleted', isStored });
const remarkSet = noticeKind<RemarkTips>({ type: types.friendRemarkSet, name: 'friendRemarkSet', isStored });
const blackAdded = noticeKind<BlackTips>({ type: types.blackAdded, name: 'blackAdded', isStored });
const blackDeleted = noticeKind<BlackTips>({ type: types.blackDeleted, name: 'blackDeleted', isStored });
/** Whoever changed has 1303 for it: one of these for each friend would only make the own devices read again. */
const profileChanged = noticeKind<{ readonly userID: string }>({
  type: types.friendInfoUpdated,
  name: 'friendInfoUpdated',
  isStored,
  isForReceiverOnly: true,
});
const friendsChanged = noticeKind<FriendsTips>({ type: types.friendsInfoUpdated, name: 'friendInfoUpdated', isStored });

/** 1203 to both sides. */
export function requestNotice(request: FriendRequestInfo): Notice<RequestTips> {
  const { fromUserID, toUserID } = request;
  return {
    kind: asked,
    sendID: fromUserID,
    recvID: toUserID,
    tips: { fromToUserID: { fromUserID, toUserID }, request },
  };
}

/** 1202 to both sides. */
export function refusedNotice(request: FriendRequestInfo): Notice<RejectedTips> {
  const { fromUserID, toUserID, handleMsg } = request;
  return {
    kind: rejected,
    sendID: toUserID,
    recvID: fromUserID,
    tips: { fromToUserID: { fromUserID, toUserID }, handleMsg, request },
  };
}

/** 1201 to both sides, also shown in their chat: two have become friends. @param head of the one who asked */
export function agreedNotice(request: FriendRequestInfo, head: FriendsHead): Notice<ApprovedTips> {
  const { fromUserID, toUserID, handleMsg } = request;
  return {
    kind: approved,
    sendID: toUserID,
    recvID: fromUserID,
    tips: { fromToUserID: { fromUserID, toUserID }, handleMsg, ...versionTips(head), request },
  };
}

/** {@link agreedNotice} where an admin has made them friends. @param head of the owner */
export function importedNotice(ownerUserID: string, friendUserID: string, head: FriendsHead): Notice<ApprovedTips> {
  return {
    kind: approved,
    sendID: friendUserID,
    recvID: ownerUserID,
    tips: { fromToUserID: sides(ownerUserID, friendUserID), handleMsg: '', ...versionTips(head), request: null },
  };
}

/** 1205 to the owner: the other learns nothing. */
export function deletedNotice(ownerUserID: string, friendUserID: string, head: FriendsHead): Notice<FriendTips> {
  return toOwner(deleted, ownerUserID, { fromToUserID: sides(ownerUserID, friendUserID), ...versionTips(head) });
}

/** 1206 to the owner. */
export function remarkNotice(ownerUserID: string, friendUserID: string, head: FriendsHead): Notice<RemarkTips> {
  const fromToUserID = sides(ownerUserID, friendUserID);
  return toOwner(remarkSet, ownerUserID, { fromToUserID, ...versionTips(head), friendSortVersion: 0 });
}

/** 1207 to the owner. */
export function blockedNotice(ownerUserID: string, blockedUserID: string): Notice<BlackTips> {
  return toOwner(blackAdded, ownerUserID, { fromToUserID: sides(ownerUserID, blockedUserID) });
}

/** 1208 to the owner. */
export function unblockedNotice(ownerUserID: string, blockedUserID: string): Notice<BlackTips> {
  return toOwner(blackDeleted, ownerUserID, { fromToUserID: sides(ownerUserID, blockedUserID) });
}

/** 1209 to somebody who has the changed user as a friend. @param changedByID the user itself, or an admin */
export function friendProfileNotice(
  changedByID: string,
  changedUserID: string,
  ownerUserID: string,
): Notice<{ readonly userID: string }> {
  return { kind: profileChanged, sendID: changedByID, recvID: ownerUserID, tips: { userID: changedUserID } };
}

/** 1210 to the owner. Of many friends in pieces: a frame holds 1 MiB. */
export function friendsNotices(
  ownerUserID: string,
  friendIDs: readonly string[],
  head: FriendsHead,
): readonly Notice<FriendsTips>[] {
  const pieces = Array.from({ length: Math.ceil(friendIDs.length / maxIDsPerNotice) }, (_, index) =>
    friendIDs.slice(index * maxIDsPerNotice, (index + 1) * maxIDsPerNotice),
  );
  const fromToUserID = sides('', ownerUserID);
  return pieces.map((piece) =>
    toOwner(friendsChanged, ownerUserID, { fromToUserID, friendIDs: piece, ...versionTips(head) }),
  );
}

/** An ID has up to 256 bytes. */
const maxIDsPerNotice = 500;

function toOwner<Tips extends object>(kind: Notice<Tips>['kind'], ownerUserID: string, tips: Tips): Notice<Tips> {
  return { kind, sendID: ownerUserID, recvID: ownerUserID, tips };
}

function sides(fromUserID: string, toUserID: string): Sides {
  return { fromUserID, toUserID };
}

function versionTips({ version, versionID }: FriendsHead): VersionTips {
  return { friendVersion: version, friendVersionID: versionID };
}
