/** What the list of clients' logs needs from a durable store. Suite: test/contract/client-log-store.suite.ts. */
import type { Transaction } from '../kernel/unit-of-work.ts';

/** Where a client has put one file of its log. The file itself is somewhere else. */
export interface ClientLog {
  /** Ten digits. */
  readonly logID: string;
  readonly userID: string;
  /** Unix ms. */
  readonly createdAt: number;
  /** Its name. */
  readonly platform: string;
  readonly url: string;
  readonly filename: string;
  readonly appFramework: string;
  readonly version: string;
  readonly ex: string;
}

export interface ClientLogFilter {
  /** A part of the user's ID; empty: of all. */
  readonly keyword: string;
  /** Unix ms, both included. */
  readonly start: number;
  readonly end: number;
}

export interface ClientLogStore {
  /** @returns those whose logID was free; the others were left out */
  add(tx: Transaction, logs: readonly ClientLog[]): Promise<readonly string[]>;
  /** Leaves a user the newest so many. Whoever else does the same for the user waits until the transaction has ended. */
  keepNewest(tx: Transaction, userID: string, count: number): Promise<void>;
  /** All of them or, if one is not there, none. @returns false then */
  remove(tx: Transaction, logIDs: readonly string[]): Promise<boolean>;
  /** Those from before `until` (Unix ms), at most so many, the oldest first. @returns how many went */
  forget(tx: Transaction, until: number, limit: number): Promise<number>;
  count(filter: ClientLogFilter): Promise<number>;
  /** The newest first. */
  list(filter: ClientLogFilter, offset: number, limit: number): Promise<readonly ClientLog[]>;
}
