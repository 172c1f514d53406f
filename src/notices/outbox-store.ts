/**
 * What the outbox needs from a durable store. Suite: test/contract/outbox-store.suite.ts.
 */
import type { Transaction } from '../kernel/unit-of-work.ts';

/** Who works a row off. */
export type OutboxTopic = 'notices' | 'friend-profiles' | 'group-profiles';

/** One thing that a change causes outside its own transaction. */
export interface OutboxEntry {
  readonly topic: OutboxTopic;
  /** Rows of one key are worked off one after another, in order: a conversation ID, say. */
  readonly key: string;
  /** Whatever the topic's handler made of it. */
  readonly payload: string;
}

export interface OutboxRow extends OutboxEntry {
  /** Rises in the order of writing. */
  readonly id: number;
}

/** What several nodes need besides, so that one of them at a time works off the rows of a key. */
export interface SharedOutboxStore {
  /** See {@link OutboxStore.add}. */
  add(tx: Transaction, entries: readonly OutboxEntry[], at: number): Promise<readonly OutboxRow[]>;
  /**
   * Claims those of the keys that nobody holds.
   * @param fence names the claim: a new one each time
   * @returns each with its oldest open rows, in order
   */
  claim(
    keys: readonly string[],
    fence: string,
    holdMs: number,
    limit: number,
  ): Promise<ReadonlyMap<string, readonly OutboxRow[]>>;
  /** The claim lasts so much longer, unless it has ended. */
  hold(fence: string, holdMs: number): Promise<void>;
  /**
   * Removes rows that have been worked off and gives up the key, if it is still held.
   * @returns false if it is not
   */
  release(key: string, fence: string, done: readonly number[]): Promise<boolean>;
  /** See {@link OutboxStore.take}. */
  take(tx: Transaction, row: Pick<OutboxRow, 'id'>): Promise<boolean>;
  /** Keys of rows that have been there for so long. */
  left(forMs: number, limit: number): Promise<readonly string[]>;
}

export interface OutboxStore {
  /** Writes rows in a transaction, in order. @param at Unix ms */
  add(tx: Transaction, entries: readonly OutboxEntry[], at: number): Promise<readonly OutboxRow[]>;
  /**
   * Removes a row in the transaction of what it causes in the database, which so happens once, whoever else works it off.
   * @returns false if it has been removed: then that has happened
   */
  take(tx: Transaction, row: Pick<OutboxRow, 'id'>): Promise<boolean>;
  /** The oldest committed rows. */
  oldest(limit: number): Promise<readonly OutboxRow[]>;
  /** Forgets rows that have been worked off; those that are gone already do not matter. */
  remove(ids: readonly number[]): Promise<void>;
}
