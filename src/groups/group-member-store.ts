/** Members of groups in a durable store. Suite: test/contract/group-member-store.suite.ts. */
import type { Transaction } from '../kernel/unit-of-work.ts';
import type { GroupMember, GroupMemberChanges, NewGroupMember } from './group.ts';

/** Which members of a group are meant. */
export interface MemberFilter {
  /** Only members of these roles. */
  readonly roles?: readonly number[];
}

export interface GroupMemberStore {
  /** Adds those who are not in the group yet. @returns who was added, in the order given */
  add(tx: Transaction, members: readonly NewGroupMember[]): Promise<readonly NewGroupMember[]>;
  /** Whether one of the users is in more groups than that. */
  someIsInMoreThan(tx: Transaction, userIDs: readonly string[], groups: number): Promise<boolean>;
  /** @returns the IDs of those who were in the group, and are not any more */
  remove(tx: Transaction, groupID: string, userIDs: readonly string[]): Promise<readonly string[]>;
  /** @returns the IDs of those who were in the group, ascending: the first ones, at most `limit` */
  removeFirst(tx: Transaction, groupID: string, limit: number): Promise<readonly string[]>;
  /** @returns false if the user is not in the group */
  update(tx: Transaction, groupID: string, userID: string, changes: GroupMemberChanges): Promise<boolean>;
  /** Those among `userIDs` who are in the group, in no order; as of the transaction, if there is one. */
  find(groupID: string, userIDs: readonly string[], tx?: Transaction): Promise<readonly GroupMember[]>;
  /** The first of owner and admins, in the group's order; as of the transaction. */
  managerIDs(tx: Transaction, groupID: string, limit: number): Promise<readonly string[]>;
  /** All IDs, in the group's order: by role from above, then by age, then by ID. */
  ids(groupID: string): Promise<readonly string[]>;
  /** In the group's order. */
  list(groupID: string, filter: MemberFilter, offset: number, limit: number): Promise<readonly GroupMember[]>;
  count(groupID: string, filter: MemberFilter): Promise<number>;
  /** Which of `userIDs` are members whose name in the group holds `keyword`: their own, or that of their profile. */
  named(
    groupID: string,
    userIDs: readonly string[],
    filter: MemberFilter & { readonly keyword: string },
  ): Promise<ReadonlySet<string>>;
  /** {@link find} in several groups at once. @param userIDs by group */
  findInGroups(userIDs: ReadonlyMap<string, readonly string[]>): Promise<readonly GroupMember[]>;
  /** The next members by ID, whatever the group's order. */
  listByID(groupID: string, afterUserID: string, limit: number): Promise<readonly GroupMember[]>;
  /** The groups among `groupIDs` that the user is in, with the user's role. */
  rolesOf(userID: string, groupIDs: readonly string[]): Promise<ReadonlyMap<string, number>>;
  /** All groups that the user is in, in no order. */
  groupIDsOf(userID: string): Promise<readonly string[]>;
  /** Those of which the user is owner or admin, in no order. */
  groupIDsManagedBy(userID: string): Promise<readonly string[]>;
  /** The user's own membership in those of the groups that it is in, in no order; as of the transaction. */
  membershipsOf(tx: Transaction, userID: string, groupIDs: readonly string[]): Promise<readonly GroupMember[]>;
  /**
   * Those in which the user has no nickname or no face of its own: the profile shows through.
   * @returns at most `limit` whose ID comes after `after`, in order of their IDs
   */
  groupIDsShowingProfileOf(tx: Transaction, userID: string, after: string, limit: number): Promise<readonly string[]>;
}
