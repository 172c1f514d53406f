/** What the friends domain needs from a durable store. Suite: test/contract/friend-store.suite.ts. */
import type { Transaction } from '../kernel/unit-of-work.ts';
import type { Friend, FriendChanges, PlacedFriend } from './friend.ts';

export interface FriendStore {
  /** Adds friends who are not there yet. */
  add(tx: Transaction, friends: readonly PlacedFriend[]): Promise<void>;
  /** @returns false if they are no friend of the owner's */
  remove(tx: Transaction, ownerUserID: string, friendUserID: string): Promise<boolean>;
  /** @returns the IDs among `friendUserIDs` who are friends, in no order */
  update(
    tx: Transaction,
    ownerUserID: string,
    friendUserIDs: readonly string[],
    changes: FriendChanges,
  ): Promise<readonly string[]>;
  /** Which of `friendUserIDs` are friends of the owner; as of the transaction, if there is one. */
  friendsAmong(ownerUserID: string, friendUserIDs: readonly string[], tx?: Transaction): Promise<ReadonlySet<string>>;
  /** Which of `ownerUserIDs` have the user as a friend; as of the transaction, if there is one. */
  ownersAmong(friendUserID: string, ownerUserIDs: readonly string[], tx?: Transaction): Promise<ReadonlySet<string>>;
  /** The next owners, by ID, who have the user as a friend. */
  ownersAfter(tx: Transaction, friendUserID: string, after: string, limit: number): Promise<readonly string[]>;
  /** Those of `friendUserIDs` who are friends, in no order. */
  find(ownerUserID: string, friendUserIDs: readonly string[]): Promise<readonly Friend[]>;
  /** In the owner's order: the pinned first, then as they came. */
  list(ownerUserID: string, offset: number, limit: number): Promise<readonly Friend[]>;
  /** All IDs, in that order. */
  ids(ownerUserID: string): Promise<readonly string[]>;
  count(ownerUserID: string): Promise<number>;
  /** Who of the owners has how many friends. */
  counts(tx: Transaction, ownerUserIDs: readonly string[]): Promise<ReadonlyMap<string, number>>;
}
