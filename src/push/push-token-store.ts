/** What offline push needs of a durable store to know devices. Suite: test/contract/push-token-store.suite.ts. */
import type { Transaction } from '../kernel/unit-of-work.ts';
import type { LoginFollower } from '../tokens/login-follower.ts';
import type { LoggedOutDevice, PushToken } from './push-token.ts';

/**
 * A device follows the login by whose token it was registered. A cutoff takes those of earlier logins and, where that is
 * not known, those that were registered earlier. One of everybody only notes that they are not to be woken any more:
 * there may be any number of them.
 */
export interface PushTokenStore extends LoginFollower {
  /** In the place of the one that the user had on the platform; whoever else had the same token has it no longer. */
  put(tx: Transaction, token: PushToken): Promise<void>;
  /** All or, on rejection, none. */
  remove(devices: readonly LoggedOutDevice[]): Promise<void>;
  /** Those which the service no longer knows, unless they were registered anew since. */
  removeDead(tokens: readonly PushToken[]): Promise<void>;
  /**
   * Deletes some of the devices that cutoffs of everybody have taken, in a transaction of its own. Any number of processes
   * may do so at once.
   * @returns false if there is nothing left to do, or another process is at it
   */
  deleteCutOff(): Promise<boolean>;
  /** Those of these users that have not expired, ordered by user and platform. @param now Unix ms */
  of(userIDs: readonly string[], now: number): Promise<readonly PushToken[]>;
}

/** The number that an application last showed on its icon. Suite: test/contract/push-token-store.suite.ts. */
export interface BadgeStore {
  set(userID: string, count: number): Promise<void>;
  /** By userID; users who never set one are not in it. */
  of(userIDs: readonly string[]): Promise<ReadonlyMap<string, number>>;
}
