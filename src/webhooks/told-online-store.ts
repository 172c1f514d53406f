/**
 * Who is online as far as the operator's receiver was told, in a durable store. Suite:
 * test/contract/told-online-store.test.ts.
 */
import type { Transaction } from '../kernel/unit-of-work.ts';

export interface ToldOnline {
  readonly userID: string;
  readonly platformID: number;
  /** Of the connection by which the user came online. */
  readonly connID: string;
}

export interface ToldOnlineStore {
  /** Of these users, in no order. */
  of(userIDs: readonly string[]): Promise<readonly ToldOnline[]>;
  /** @returns those of whom it was not told, and now is */
  add(tx: Transaction, rows: readonly ToldOnline[]): Promise<readonly ToldOnline[]>;
  /** @returns those of whom it was told, and is not any more */
  remove(tx: Transaction, rows: readonly ToldOnline[]): Promise<readonly ToldOnline[]>;
  /** Users who were told to be online, by ID after this one. */
  userIDs(after: string, limit: number): Promise<readonly string[]>;
}
