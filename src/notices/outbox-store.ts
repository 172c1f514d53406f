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

export interface OutboxStore {
  /** Writes rows in a transaction, in order. @param at Unix ms */
  add(tx: Transaction, entries: readonly OutboxEntry[], at: number): Promise<readonly OutboxRow[]>;
  /** The oldest committed rows. */
  oldest(limit: number): Promise<readonly OutboxRow[]>;
  /** Forgets rows that have been worked off; those that are gone already do not matter. */
  remove(ids: readonly number[]): Promise<void>;
}
