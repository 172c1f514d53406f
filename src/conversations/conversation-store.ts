/** What the conversations domain needs from a durable store. Suite: test/contract/conversation-store.suite.ts. */
import type { Transaction } from '../kernel/unit-of-work.ts';
import type { LogWindow } from '../log/message-store.ts';
import type { Conversation, ConversationChanges, NewConversation } from './conversation.ts';

/** Names a conversation as its owner has it. */
export type ConversationKey = Pick<NewConversation, 'ownerUserID' | 'conversationID'>;

/**
 * A row that its owner has deleted is there for nobody who reads, until its log has a message that its owner may read and
 * that is newer than the deletion.
 */
export interface ConversationStore {
  find(ownerUserID: string, conversationID: string): Promise<Conversation | undefined>;

  /** The owner's rows among `conversationIDs`, each once, in no order. */
  findMany(ownerUserID: string, conversationIDs: readonly string[]): Promise<readonly Conversation[]>;

  /**
   * With whom each owner talks under this ID, in the order asked: the peer, empty for a group; undefined without a row. One
   * that was deleted is told, too: what its owner may read is kept there.
   */
  peersOf(tx: Transaction, keys: readonly ConversationKey[]): Promise<readonly (string | undefined)[]>;

  /** The owner's rows from `offset` on, at most `limit`, in order of creation. */
  listByOwner(ownerUserID: string, offset: number, limit: number): Promise<readonly Conversation[]>;

  /** How many conversations the owner has. */
  count(ownerUserID: string): Promise<number>;

  /** All of the owner's conversation IDs, in order of creation. */
  ids(ownerUserID: string): Promise<readonly string[]>;

  /** Of the conversations that the owner receives without notification. */
  notNotifyIDs(ownerUserID: string): Promise<readonly string[]>;

  pinnedIDs(ownerUserID: string): Promise<readonly string[]>;

  /**
   * Creates the rows that are missing, and brings back those that were deleted; existing ones keep their settings. A concurrent creation of the same row is
   * waited for.
   * @param createdAt Unix ms
   * @returns those of `rows` that were created, each once
   */
  createMissing(
    tx: Transaction,
    rows: readonly NewConversation[],
    createdAt: number,
  ): Promise<readonly NewConversation[]>;

  /**
   * Sets the given ends of the window of seqs that owners may read; 0 is no limit. Who gets `maxSeq` 0 is in the group from
   * now on, and is not called by what was before.
   * @returns the owners whose row is there, not deleted, and has changed
   */
  setWindow(
    tx: Transaction,
    conversationID: string,
    ownerUserIDs: readonly string[],
    window: { readonly minSeq?: number; readonly maxSeq?: number },
  ): Promise<readonly string[]>;

  /**
   * Moves the lower end of the owner's windows up, never down.
   * @returns the conversations whose row is there, not deleted, and has changed
   */
  raiseMinSeqs(tx: Transaction, ownerUserID: string, minSeqs: ReadonlyMap<string, number>): Promise<readonly string[]>;

  /** The owner has deleted the message of this seq, which may be its newest. */
  noteHidden(tx: Transaction, ownerUserID: string, conversationID: string, seq: number): Promise<void>;

  /**
   * Takes the owner's rows among `conversationIDs` off its list, with their settings; their windows stay.
   * @returns of those that were there the IDs
   */
  delete(tx: Transaction, ownerUserID: string, conversationIDs: readonly string[]): Promise<readonly string[]>;

  /** Whether there is anything for {@link restoreReborn}. */
  hasReborn(ownerUserID: string): Promise<boolean>;

  /** Ends the deletion of rows whose logs have gone on. @returns their IDs */
  restoreReborn(tx: Transaction, ownerUserID: string): Promise<readonly string[]>;

  /** Others than the user who have a conversation with it, in order of their IDs; the next `limit` of them. */
  ownersWith(peerUserID: string, afterOwnerUserID: string, limit: number): Promise<readonly string[]>;

  /** Sets the text of the owners' conversations with a user. @returns those that had another one */
  setExWith(
    tx: Transaction,
    peerUserID: string,
    ownerUserIDs: readonly string[],
    ex: string,
  ): Promise<readonly ConversationKey[]>;

  /**
   * Marks rows of users whom a message names (groupAtType 1, or 3), of those who are in the group.
   * @returns the owners whose row was not marked yet
   */
  markMentioned(tx: Transaction, conversationID: string, userIDs: readonly string[]): Promise<readonly string[]>;

  /** The owner's rows in whose groups everybody was called, unseen by the owner. */
  withUnseenCalls(ownerUserID: string): Promise<readonly Conversation[]>;

  /** Sets what is given; with groupAtType, all calls of the group so far are seen. @returns the owners whose row is there, not deleted, and has changed */
  update(
    tx: Transaction,
    conversationID: string,
    ownerUserIDs: readonly string[],
    changes: ConversationChanges,
  ): Promise<readonly string[]>;
}

/** Of conversations whose owners let messages end by time. */
export interface DestructionStore {
  /** Those that are due at `now` (Unix ms), the longest due first; at most `limit`. */
  dueForDestruction(now: number, limit: number): Promise<readonly DueConversation[]>;
  /**
   * Moves the lower end of the owner's window up, never down, and says when it is next due; does nothing if the owner has
   * changed its setting meanwhile.
   * @returns whether the window has changed
   */
  destruct(
    tx: Transaction,
    due: DueConversation,
    to: { readonly minSeq: number; readonly at: number; readonly dueAt: number },
  ): Promise<boolean>;
}

export interface DueConversation extends ConversationKey, LogWindow {
  readonly msgDestructSeconds: number;
}
