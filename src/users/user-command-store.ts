/** What user commands need from a durable store. Suite: test/contract/user-command-store.suite.ts. */
import type { Transaction } from '../kernel/unit-of-work.ts';
import type { UserCommand, UserCommandChanges, UserCommandKey } from './user-command.ts';

export interface UserCommandStore {
  /** Adds the record; if there is one with this key, only its value and ex are replaced. */
  put(tx: Transaction, command: UserCommand): Promise<void>;
  /** @returns false if there is no such record */
  update(tx: Transaction, key: UserCommandKey, changes: UserCommandChanges): Promise<boolean>;
  /** @returns false if there is no such record */
  remove(tx: Transaction, key: UserCommandKey): Promise<boolean>;
  /** A user's records, of one type if it is given; by type, then uuid, both ascending. */
  list(userID: string, type?: number): Promise<readonly UserCommand[]>;
}
