/** Friends, requests to become friends, and who is blocked. Protocol: relations-groups.md 3.2 to 3.4. */
import type { friendSources, handleResults } from '../protocol/numbers/groups.ts';
import type { FriendRequestInfo } from '../protocol/relation-objects.ts';
import type { User } from '../users/user.ts';

/** One direction of a friendship: `friendUserID` is in the list of `ownerUserID`. */
export interface Friend {
  readonly ownerUserID: string;
  readonly friendUserID: string;
  /** What the owner calls the friend. */
  readonly remark: string;
  /** The application's own text about the relation. */
  readonly ex: string;
  readonly isPinned: boolean;
  readonly addSource: AddSource;
  readonly operatorUserID: string;
  /** Unix ms. */
  readonly createdAt: number;
}

/** A friend, and where in the owner's list: behind all of lower numbers. */
export interface PlacedFriend extends Friend {
  readonly position: number;
}

/** What an owner changes of friends; null leaves a value as it is. */
export interface FriendChanges {
  readonly remark: string | null;
  readonly ex: string | null;
  readonly isPinned: boolean | null;
}

export type AddSource = (typeof friendSources)[keyof typeof friendSources];

/** There is one for each ordered pair of users at most. */
export interface FriendRequest {
  readonly fromUserID: string;
  readonly toUserID: string;
  readonly result: RequestResult;
  readonly reqMsg: string;
  readonly ex: string;
  /** When it was made the last time, Unix ms. */
  readonly createdAt: number;
  /** Who agreed; '' before. */
  readonly handlerUserID: string;
  readonly handleMsg: string;
  /** Unix ms; 0 until it is handled for the first time. */
  readonly handledAt: number;
}

export type RequestResult = (typeof handleResults)[keyof typeof handleResults];

/** The owner does not want to hear from the blocked user. */
export interface Black {
  readonly ownerUserID: string;
  readonly blockedUserID: string;
  readonly operatorUserID: string;
  readonly ex: string;
  /** Unix ms. */
  readonly createdAt: number;
}

/** {@link Black}, and where in the owner's list. */
export interface PlacedBlack extends Black {
  readonly position: number;
}

/** The request as both sides see it. @param users the two, as far as they are registered */
export function toFriendRequestInfo(request: FriendRequest, users: ReadonlyMap<string, User>): FriendRequestInfo {
  const [from, to] = [users.get(request.fromUserID), users.get(request.toUserID)];
  return {
    fromUserID: request.fromUserID,
    fromNickname: from?.nickname ?? '',
    fromFaceURL: from?.faceURL ?? '',
    toUserID: request.toUserID,
    toNickname: to?.nickname ?? '',
    toFaceURL: to?.faceURL ?? '',
    handleResult: request.result,
    reqMsg: request.reqMsg,
    createTime: request.createdAt,
    handlerUserID: request.handlerUserID,
    handleMsg: request.handleMsg,
    handleTime: request.handledAt,
    ex: request.ex,
  };
}
