/** What the client configuration needs from a durable store. Suite: test/contract/client-config-store.suite.ts. */
import type { Transaction } from '../kernel/unit-of-work.ts';
import type { Usage } from './user-limits.ts';

/** One text for the clients of a user, or with the userID '' for everybody's. */
export interface ClientConfigEntry {
  readonly key: string;
  readonly userID: string;
  readonly value: string;
}

/** Which entries are meant; undefined is any. */
export interface ClientConfigFilter {
  readonly userID: string | undefined;
  readonly key: string | undefined;
}

export interface ClientConfigStore {
  /** All entries of these scopes, each a userID or ''. */
  read(userIDs: readonly string[]): Promise<readonly ClientConfigEntry[]>;
  /** Adds the entries or replaces their values. */
  put(tx: Transaction, entries: readonly ClientConfigEntry[]): Promise<void>;
  /** Entries that do not exist are left out. */
  remove(tx: Transaction, userID: string, keys: readonly string[]): Promise<void>;
  /**
   * What the entries of one scope take, as the transaction sees them: their number, the bytes of their values.
   * Whoever else asks for the same waits until this transaction has ended.
   */
  usage(tx: Transaction, userID: string): Promise<Usage>;
  /**
   * Ordered by key, then userID, both by bytes; the first of the page whose values together take no more than
   * `maxBytes`. `total` counts all that match.
   */
  page(
    filter: ClientConfigFilter,
    offset: number,
    limit: number,
    maxBytes: number,
  ): Promise<{ readonly total: number; readonly entries: readonly ClientConfigEntry[] }>;
}
