/** Who may do what runs by the clock: one process at a time, in a durable store that all of them share. */
import type { Transaction } from '../kernel/unit-of-work.ts';

export interface Lease {
  readonly name: string;
  readonly holder: string;
  /** Rises with every new holder: what one of before still does is refused by it. */
  readonly fence: number;
}

export interface LeaseStore {
  /**
   * Takes a lease that nobody holds at `now`, or that the holder has already. Times are Unix ms.
   * @returns undefined if somebody else has it
   */
  take(tx: Transaction, name: string, holder: string, now: number, until: number): Promise<Lease | undefined>;
  /** Holds it until then, and lets nobody else take it before the transaction ends. @returns false if it was taken over */
  extend(tx: Transaction, lease: Lease, until: number): Promise<boolean>;
  /** For the next one to take it at once. */
  release(tx: Transaction, lease: Lease): Promise<void>;
}
