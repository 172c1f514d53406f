/** A registered user, and the user object that clients see (rest-core chapter, 7.1). */
import type { UserInfo } from '../protocol/gen/openim.ts';
import type { PublicUserInfo } from '../protocol/relation-objects.ts';

export interface User {
  readonly userID: string;
  readonly nickname: string;
  readonly faceURL: string;
  /** The application's own text. */
  readonly ex: string;
  /** Unix ms. */
  readonly createdAt: number;
  /** 0 and 1 ordinary users, 2 app admin, 3 notification account, 4 robot. Gives no right to call the API. */
  readonly appManagerLevel: number;
  /** Of all conversations: 0 receive, 1 do not receive, 2 receive without notification. */
  readonly globalRecvMsgOpt: number;
}

/** What registration takes: everything but the time. */
export type NewUser = Omit<User, 'createdAt'>;

/** What users may change of themselves; null leaves a value as it is. */
export interface UserChanges {
  readonly nickname: string | null;
  readonly faceURL: string | null;
  readonly ex: string | null;
  readonly globalRecvMsgOpt: number | null;
}

/** The user in the protocol's words, which misspell the level. */
export function toUserInfo(user: User): UserInfo {
  return {
    userID: user.userID,
    nickname: user.nickname,
    faceURL: user.faceURL,
    ex: user.ex,
    createTime: user.createdAt,
    appMangerLevel: user.appManagerLevel,
    globalRecvMsgOpt: user.globalRecvMsgOpt,
  };
}

/** What everybody may see of a user; empty texts for one who is not registered any more. */
export function toPublicUserInfo(userID: string, user: User | undefined): PublicUserInfo {
  return { userID, nickname: user?.nickname ?? '', faceURL: user?.faceURL ?? '', ex: user?.ex ?? '' };
}
