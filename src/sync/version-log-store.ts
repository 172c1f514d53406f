/**
 * What version logs need from a durable store (relations-groups chapter, section 10). Suite:
 * test/contract/version-log-store.suite.ts.
 */
import type { Transaction } from '../kernel/unit-of-work.ts';

/** What a log tells the changes of; an owner (a user, for `group_members` a group) has one log of each kind. */
export type VersionKind = 'conversations' | 'friends' | 'blacks' | 'joined_groups' | 'group_members';

export type ChangeState = 'insert' | 'update' | 'delete';

export interface Change {
  readonly itemID: string;
  readonly state: ChangeState;
}

/** All that one operation changed for one owner. */
export interface VersionStep {
  readonly ownerID: string;
  /** Of distinct items; may be none if one of the marks below is set. */
  readonly changes: readonly Change[];
  /** The order of the owner's list is another now: clients read their list of IDs again. */
  readonly isResorted?: true;
  /** Data of the owner's own changed: a group's name, say. */
  readonly isOwnerChanged?: true;
}

/** What a client keeps, to be told what has changed since. */
export interface VersionHead {
  /** 24 hexadecimal digits, fixed for a log's whole life and its own. */
  readonly versionID: string;
  /** 1 before the first change, then one more with every step. */
  readonly version: number;
}

/** What a log holds after some version. */
export interface LogTail {
  /** Each item once with its latest state, oldest change first; none if the tail was too long. */
  readonly changes: readonly Change[];
  /** At which the order last changed; 0 if it did not. */
  readonly sortVersion: number;
  readonly isOwnerChanged: boolean;
  /** The tail has more entries than asked for: nothing of it is told. */
  readonly isTooLong: boolean;
}

export interface VersionLogStore {
  /**
   * Adds a step to the log of each owner, who are distinct: the version grows by exactly 1, however many items changed,
   * and each item's entry is replaced by its latest state. Steps of concurrent transactions for one owner follow one
   * another.
   * @returns the heads that the transaction leaves, by owner
   */
  record(tx: Transaction, kind: VersionKind, steps: readonly VersionStep[]): Promise<ReadonlyMap<string, VersionHead>>;
  /**
   * Makes other transactions that change these logs wait until this one ends: so whoever decides by what a log is about
   * (is he a friend already?) decides by what stays true.
   * @returns the heads as they are, by owner
   */
  lock(tx: Transaction, kind: VersionKind, ownerIDs: readonly string[]): Promise<ReadonlyMap<string, VersionHead>>;
  /** Ends the logs of these owners: what they record later is a new log with a versionID of its own. */
  drop(tx: Transaction, kind: VersionKind, ownerIDs: readonly string[]): Promise<void>;
  /** Also of an owner to whom nothing ever happened: with the versionID that the log will have. */
  head(kind: VersionKind, ownerID: string): Promise<VersionHead>;
  /** {@link head} of each. */
  heads(kind: VersionKind, ownerIDs: readonly string[]): Promise<ReadonlyMap<string, VersionHead>>;
  /** What changed after `version`, if that is at most `limit` entries, the marks of order and owner counted. */
  tailAfter(kind: VersionKind, ownerID: string, version: number, limit: number): Promise<LogTail>;
  /** {@link tailAfter} of each. @param versions by owner. @returns one for each */
  tailsAfter(
    kind: VersionKind,
    versions: ReadonlyMap<string, number>,
    limit: number,
  ): Promise<ReadonlyMap<string, LogTail>>;
}
