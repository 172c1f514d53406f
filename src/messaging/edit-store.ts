/** The history of edited messages in a durable store. Suite: test/contract/edit-store.test.ts. */
import type { Transaction } from '../kernel/unit-of-work.ts';
import type { MessageRef } from '../log/message-store.ts';

export interface Edit {
  /** 1 is the first edit of its message. */
  readonly version: number;
  /** What it has replaced. */
  readonly earlierText: string;
  /** Unix ms. */
  readonly editedAt: number;
}

export interface EditStore {
  /** Of the newest edit; 0 if there was none; as of the transaction. */
  version(tx: Transaction, ref: MessageRef): Promise<number>;
  add(tx: Transaction, ref: MessageRef, edit: Edit): Promise<void>;
  /** In order. */
  list(ref: MessageRef): Promise<readonly Edit[]>;
  /** Of messages that are erased. */
  forget(tx: Transaction, logID: string, seqs: readonly number[]): Promise<void>;
}
