/**
 * What clients see of relations and groups, in the protocol's words: in answers, and as parts of notifications. Every
 * field is always there. Protocol: relations-groups.md 3.
 */
import type { GroupInfo } from './gen/openim.ts';

export interface PublicUserInfo {
  readonly userID: string;
  readonly nickname: string;
  readonly faceURL: string;
  readonly ex: string;
}

/** 3.4 */
export interface FriendRequestInfo {
  readonly fromUserID: string;
  readonly fromNickname: string;
  readonly fromFaceURL: string;
  readonly toUserID: string;
  readonly toNickname: string;
  readonly toFaceURL: string;
  /** 0 pending, 1 agreed, -1 refused. */
  readonly handleResult: number;
  readonly reqMsg: string;
  /** Unix ms. */
  readonly createTime: number;
  readonly handlerUserID: string;
  readonly handleMsg: string;
  /** Unix ms; 0 while it is pending for the first time. */
  readonly handleTime: number;
  readonly ex: string;
}

/** 3.6: the protocol misspells the level. */
export interface GroupMemberInfo {
  readonly groupID: string;
  readonly userID: string;
  readonly roleLevel: number;
  /** Unix ms. */
  readonly joinTime: number;
  readonly nickname: string;
  readonly faceURL: string;
  readonly appMangerLevel: number;
  readonly joinSource: number;
  readonly operatorUserID: string;
  readonly ex: string;
  /** Unix ms. */
  readonly muteEndTime: number;
  readonly inviterUserID: string;
}

/** 3.7. In notifications the group is beside it, and null here. */
export interface GroupRequestInfo {
  readonly userInfo: PublicUserInfo;
  readonly groupInfo: GroupInfo | null;
  /** 0 pending, 1 agreed, -1 refused. */
  readonly handleResult: number;
  readonly reqMsg: string;
  readonly handleMsg: string;
  /** Unix ms. */
  readonly reqTime: number;
  readonly handleUserID: string;
  readonly handleTime: number;
  readonly ex: string;
  readonly joinSource: number;
  readonly inviterUserID: string;
}
