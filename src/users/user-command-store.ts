/** What user commands need from a durable store. Suite: test/contract/user-command-store.suite.ts. */
import type { Transaction } from '../kernel/unit-of-work.ts';
import type { UserCommand, UserCommandChanges, UserCommandKey } from './user-command.ts';
import type { Usage } from './user-limits.ts';

export interface UserCommandStore {
  /** Adds the record; if there is one with this key, only its value and ex are replaced. */
  put(tx: Transaction, command: UserCommand): Promise<void>;
  /** @returns false if there is no such record */
  update(tx: Transaction, key: UserCommandKey, changes: UserCommandChanges): Promise<boolean>;
  /** @returns false if there is no such record */
  remove(tx: Transaction, key: UserCommandKey): Promise<boolean>;
  /**
   * What the user's records take, as the transaction sees them: their number, the bytes of values and ex.
   * Whoever else asks for the same waits until this transaction has ended.
   */
  usage(tx: Transaction, userID: string): Promise<Usage>;
  /**
   * A user's records, of one type unless it is undefined; by type, then uuid, both ascending. The first of them that
   * together take no more than `maxBytes`, so that nobody's data is more than the server can hold.
   */
  list(userID: string, type: number | undefined, maxBytes: number): Promise<readonly UserCommand[]>;
}
