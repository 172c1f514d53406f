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
   * Takes a lease that nobody holds, or that the holder has already, for so long.
   * @param now Unix ms, of a store that has no clock of its own
   * @returns undefined if somebody else has it
   */
  take(tx: Transaction, name: string, holder: string, now: number, holdMs: number): Promise<Lease | undefined>;
  /** Holds it so long from now on, and lets nobody else take it before the transaction ends. @returns false if it was taken over */
  extend(tx: Transaction, lease: Lease, now: number, holdMs: number): Promise<boolean>;
  /** For the next one to take it at once. */
  release(tx: Transaction, lease: Lease): Promise<void>;
}
