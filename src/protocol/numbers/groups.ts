/** Numbers of groups and of relations. Protocol: relations-groups.md 2. */

/** `banned` is set by nobody. */
export const groupStatuses = { normal: 0, banned: 1, dismissed: 2, muted: 3 } as const;

/** roleLevel of a member. */
export const groupRoles = { owner: 100, admin: 60, member: 20 } as const;

/** The only type of group that can be made. */
export const workingGroup = 2;

/** needVerification: who joins a group without being asked for approval. */
export const groupVerification = {
  /** Whom a member invites. */
  invited: 0,
  /** Whom the owner, an admin of the group or an IM admin invites. */
  invitedByManager: 1,
  /** Everybody. */
  nobodyAsked: 2,
} as const;

export const joinSources = { admin: 1, invitation: 2, search: 3, qrCode: 4 } as const;

/** addSource of a friend. */
export const friendSources = { imported: 1, application: 2 } as const;

/** What became of an application, of a friend or for a group. */
export const handleResults = { pending: 0, agreed: 1, refused: -1 } as const;
