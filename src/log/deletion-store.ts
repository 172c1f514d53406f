/** Which messages users have deleted for themselves, in a durable store; message stores tell it with the messages. */
import type { Transaction } from '../kernel/unit-of-work.ts';

export interface DeletionStore {
  /** Those that are stored. @returns the seqs of those that the user had not deleted before, in no order */
  delete(tx: Transaction, userID: string, logID: string, seqs: readonly number[]): Promise<readonly number[]>;
  /** Those among `seqs` that the user has deleted; as of the transaction. */
  deletedAmong(tx: Transaction, userID: string, logID: string, seqs: readonly number[]): Promise<ReadonlySet<number>>;
  /** Of messages that are erased. */
  forget(tx: Transaction, logID: string, seqs: readonly number[]): Promise<void>;
}
