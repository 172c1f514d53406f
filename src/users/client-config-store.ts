/** What the client configuration needs from a durable store. Suite: test/contract/client-config-store.suite.ts. */
import type { Transaction } from '../kernel/unit-of-work.ts';

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
  /** Ordered by key, then userID, both by bytes. `total` counts all that match. */
  page(
    filter: ClientConfigFilter,
    offset: number,
    limit: number,
  ): Promise<{ readonly total: number; readonly entries: readonly ClientConfigEntry[] }>;
}
