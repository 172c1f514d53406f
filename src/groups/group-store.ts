/** What the groups domain needs from a durable store. Suite: test/contract/group-store.suite.ts. */
import type { Transaction } from '../kernel/unit-of-work.ts';
import type { Group, GroupChanges } from './group.ts';

export interface GroupStore {
  /** @returns false if there is a group of this ID already */
  add(tx: Transaction, group: Group): Promise<boolean>;
  /**
   * The group as it is now, which nobody else changes, nor its members, until the transaction ends. Every change of a
   * group or of its members begins with it.
   */
  lock(tx: Transaction, groupID: string): Promise<Group | undefined>;
  /** {@link lock} of several at once. @returns those that exist, in no order */
  lockMany(tx: Transaction, groupIDs: readonly string[]): Promise<readonly Group[]>;
  find(groupID: string): Promise<Group | undefined>;
  /** Those that exist, each once, in no order. */
  findMany(groupIDs: readonly string[]): Promise<readonly Group[]>;
  update(tx: Transaction, groupID: string, changes: GroupChanges): Promise<void>;
  /** Groups that are not dismissed and whose name holds `namePart`, newest first. */
  search(namePart: string, offset: number, limit: number): Promise<readonly Group[]>;
  /** How many of these there are. */
  countFound(namePart: string): Promise<number>;
  /** How many groups there are, dismissed ones included. @param before only those made before, Unix ms */
  count(before?: number): Promise<number>;
  /** How many were made on each day of UTC, by its number since 1970; from `from` on and before `until`, Unix ms. */
  creations(from: number, until: number): Promise<ReadonlyMap<number, number>>;
  /** IDs of the groups that the user is in, by name (bytes) and then by age; none that is dismissed. */
  idsJoinedBy(userID: string): Promise<readonly string[]>;
}
