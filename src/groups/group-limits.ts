/** How much may be stored of groups, and how many may be in one; settings of src/config/limits.ts. */

/** Bytes are of UTF-8. */
export interface GroupLimits {
  /** Of a group's name, and of a member's in it. */
  readonly maxNicknameBytes: number;
  readonly maxFaceUrlBytes: number;
  readonly maxExBytes: number;
  /** Of an announcement, and of an introduction. */
  readonly maxGroupTextBytes: number;
  /** Of what is said with a request to join, and in answer to it. */
  readonly maxRequestMsgBytes: number;
  readonly maxGroupMembers: number;
  /** Groups that one user is in. */
  readonly maxJoinedGroups: number;
  /** Of stored texts in one answer. */
  readonly maxAnswerBytes: number;
}
