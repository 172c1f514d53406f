/** How much users keep of each other, and read of it at once; settings of src/config/limits.ts. */

/** Bytes are of UTF-8. */
export interface FriendLimits {
  /** Of one user. */
  readonly maxFriends: number;
  /** Whom one user blocks. */
  readonly maxBlacks: number;
  /** Of what is said with a request, and in answer to it. */
  readonly maxRequestMsgBytes: number;
  /** Of a remark, which takes a nickname's place. */
  readonly maxNicknameBytes: number;
  readonly maxFaceUrlBytes: number;
  readonly maxExBytes: number;
  /** Of stored texts in one answer. */
  readonly maxAnswerBytes: number;
}
