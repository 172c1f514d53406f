/** Reactions to messages in a durable store. Suite: test/contract/reaction-store.suite.ts. */
import type { Transaction } from '../kernel/unit-of-work.ts';
import type { MessageRef } from '../log/message-store.ts';

/** One of a user to a message. */
export interface Reaction {
  readonly userID: string;
  readonly reaction: string;
  /** Unix ms. */
  readonly reactedAt: number;
}

/** How many users have put the same to a message. */
export interface ReactionCount {
  readonly seq: number;
  readonly reaction: string;
  readonly count: number;
  /** The asker is one of them. */
  readonly isOwn: boolean;
}

export interface ReactionStore {
  /** @returns false if it was there already */
  add(tx: Transaction, ref: MessageRef, reaction: Reaction): Promise<boolean>;
  /** @returns false if it was not there */
  remove(tx: Transaction, ref: MessageRef, reaction: Pick<Reaction, 'userID' | 'reaction'>): Promise<boolean>;
  /** Of a message: those of the user, and of all; as of the transaction. */
  usage(tx: Transaction, ref: MessageRef, userID: string): Promise<{ readonly own: number; readonly all: number }>;
  /** By seq, then by when the first of each kind came. */
  counts(logID: string, seqs: readonly number[], userID: string): Promise<readonly ReactionCount[]>;
  /** Of messages that are erased. */
  forget(tx: Transaction, logID: string, seqs: readonly number[]): Promise<void>;
  /** In order of time. */
  list(ref: MessageRef): Promise<readonly Reaction[]>;
}
