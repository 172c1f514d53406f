/** What the users domain needs from a durable store. Suite: test/contract/user-store.suite.ts. */
import type { Transaction } from '../kernel/unit-of-work.ts';
import type { User, UserChanges } from './user.ts';

export interface UserStore {
  /**
   * Adds those users whose ID is free, leaving the others as they are; their IDs are distinct. A concurrent addition of
   * the same ID is waited for.
   * @returns the IDs that were added
   */
  add(tx: Transaction, users: readonly User[]): Promise<ReadonlySet<string>>;

  /** The registered ones among `userIDs`, each once, in no order. */
  find(userIDs: readonly string[]): Promise<readonly User[]>;

  /** @returns false if there is no such user */
  update(tx: Transaction, userID: string, changes: UserChanges): Promise<boolean>;
}
