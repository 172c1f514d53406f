/** Which messages were taken back, in a durable store; message stores tell it with the messages. */
import type { Transaction } from '../kernel/unit-of-work.ts';
import type { MessageRef, Revocation } from './message-store.ts';

export interface RevocationStore {
  /** @returns false if it was revoked before, which stays as it is */
  revoke(tx: Transaction, ref: MessageRef, revocation: Revocation): Promise<boolean>;
  /** Of messages that are erased. */
  forget(tx: Transaction, logID: string, seqs: readonly number[]): Promise<void>;
}
