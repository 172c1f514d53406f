/** Friends, requests and the blocked, which several endpoints have in common (relations-groups chapter, 3.2 to 3.4). */
import type { BlackWithProfile } from '../../friends/black-list.ts';
import type { Black, Friend } from '../../friends/friend.ts';
import type { FriendWithProfile } from '../../friends/friend-queries.ts';
import { wirePagination } from '../../protocol/pagination.ts';
import { Wire, type WireResponse } from '../../protocol/wire/wire-schema.ts';
import { toPublicUserInfo } from '../../users/user.ts';
import { publicUserInfo, userInfo } from './user.ts';

export const friendInfo = Wire.object(
  {
    ownerUserID: Wire.id(),
    remark: Wire.string({ description: 'what the owner calls the friend' }),
    createTime: Wire.int64({ description: 'Unix seconds; milliseconds in get_specified_friends_info' }),
    friendUser: Wire.nullable(userInfo, { description: 'the profile as it is now' }),
    addSource: Wire.int32({ description: '1 imported, 2 by request' }),
    operatorUserID: Wire.id({ description: 'who has asked or imported' }),
    ex: Wire.string({ description: "the application's own text about the relation" }),
    isPinned: Wire.bool(),
  },
  { title: 'Friend' },
);

export const blackInfo = Wire.object(
  {
    ownerUserID: Wire.id(),
    createTime: Wire.int64({
      description: 'Unix seconds; milliseconds in get_specified_blacks and get_specified_friends_info',
    }),
    blackUserInfo: Wire.nullable(publicUserInfo, { description: 'the profile as it is now' }),
    addSource: Wire.int32({ description: '0' }),
    operatorUserID: Wire.id(),
    ex: Wire.string(),
  },
  { title: 'Black' },
);

export const friendRequest = Wire.object(
  {
    fromUserID: Wire.id(),
    fromNickname: Wire.string(),
    fromFaceURL: Wire.string(),
    toUserID: Wire.id(),
    toNickname: Wire.string(),
    toFaceURL: Wire.string(),
    handleResult: Wire.int32({ description: '0 pending, 1 agreed, -1 refused' }),
    reqMsg: Wire.string(),
    createTime: Wire.int64({ description: 'when it was made the last time, Unix ms' }),
    handlerUserID: Wire.id({ description: 'who agreed' }),
    handleMsg: Wire.string(),
    handleTime: Wire.int64({ description: 'Unix ms; 0 until it is handled for the first time' }),
    ex: Wire.string(),
  },
  { title: 'FriendRequest' },
);

export const requestsPage = Wire.object({
  userID: Wire.id(),
  pagination: wirePagination,
  handleResults: Wire.list(Wire.int32(), { description: 'only of these states; of all without any' }),
});

/** In lists: seconds, and the profile, of which clients see no more than everybody does. */
export function toFriendInfo(friend: FriendWithProfile): WireResponse<typeof friendInfo> {
  const profile = toPublicUserInfo(friend.friendUserID, friend.profile);
  return {
    ...toBareFriendInfo(friend),
    createTime: toSeconds(friend.createdAt),
    friendUser: { ...profile, createTime: 0, appMangerLevel: 0, globalRecvMsgOpt: 0 },
  };
}

/** Beside a profile: milliseconds. */
export function toBareFriendInfo(friend: Friend): WireResponse<typeof friendInfo> {
  const { ownerUserID, remark, createdAt, addSource, operatorUserID, ex, isPinned } = friend;
  return { ownerUserID, remark, createTime: createdAt, friendUser: null, addSource, operatorUserID, ex, isPinned };
}

/** In lists: seconds, and the profile. */
export function toBlackInfo(black: BlackWithProfile): WireResponse<typeof blackInfo> {
  return { ...toBareBlackInfo(black), createTime: toSeconds(black.createdAt), blackUserInfo: black.profile };
}

/** Beside a profile: milliseconds. */
export function toBareBlackInfo(black: Black): WireResponse<typeof blackInfo> {
  const { ownerUserID, createdAt, operatorUserID, ex } = black;
  return { ownerUserID, createTime: createdAt, blackUserInfo: null, addSource: 0, operatorUserID, ex };
}

function toSeconds(ms: number): number {
  return Math.floor(ms / 1000);
}
