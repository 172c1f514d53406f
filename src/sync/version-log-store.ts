/**
 * What version logs need from a durable store (relations-groups chapter, section 10). Suite:
 * test/contract/version-log-store.suite.ts.
 */
import type { Transaction } from '../kernel/unit-of-work.ts';

/** What a log tells the changes of; an owner has one log of each kind. */
export type VersionKind = 'conversations' | 'friends' | 'joined_groups';

export type ChangeState = 'insert' | 'update' | 'delete';

export interface Change {
  readonly itemID: string;
  readonly state: ChangeState;
}

/** All that one operation changed for one owner. */
export interface VersionStep {
  readonly ownerID: string;
  /** Of distinct items. */
  readonly changes: readonly Change[];
}

/** What a client keeps, to be told what has changed since. */
export interface VersionHead {
  /** 24 hexadecimal digits, fixed for a log's whole life and its own. */
  readonly versionID: string;
  /** 1 before the first change, then one more with every step. */
  readonly version: number;
}

export interface VersionLogStore {
  /**
   * Adds a step to the log of each owner, who are distinct: the version grows by exactly 1, however many items changed,
   * and each item's entry is replaced by its latest state. Steps of concurrent transactions for one owner follow one
   * another.
   */
  record(tx: Transaction, kind: VersionKind, steps: readonly VersionStep[]): Promise<void>;

  /** Also of an owner to whom nothing ever happened: with the versionID that the log will have. */
  head(kind: VersionKind, ownerID: string): Promise<VersionHead>;

  /** The items that changed after `version`, each once with its latest state, oldest change first. */
  changesAfter(kind: VersionKind, ownerID: string, version: number, limit: number): Promise<readonly Change[]>;
}
