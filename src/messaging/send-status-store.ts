/** What the status of sending needs from a durable store. Suite: test/contract/send-status-store.suite.ts. */
import type { Transaction } from '../kernel/unit-of-work.ts';

export interface SendStatusStore {
  /** The call with this operationID has sent its message. @param sentAt Unix ms */
  put(tx: Transaction, operationID: string, sentAt: number): Promise<void>;

  /** When it did, Unix ms; undefined if it is not known. */
  sentAt(operationID: string): Promise<number | undefined>;

  /** Forgets what was sent before, Unix ms; the oldest, and at most `limit`. @returns how many */
  forget(tx: Transaction, before: number, limit: number): Promise<number>;
}
