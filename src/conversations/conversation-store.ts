/** What the conversations domain needs from a durable store. Suite: test/contract/conversation-store.suite.ts. */
import type { Transaction } from '../kernel/unit-of-work.ts';
import type { Conversation, ConversationChanges, NewConversation } from './conversation.ts';

/** Names a conversation as its owner has it. */
export type ConversationKey = Pick<NewConversation, 'ownerUserID' | 'conversationID'>;

export interface ConversationStore {
  find(ownerUserID: string, conversationID: string): Promise<Conversation | undefined>;

  /** The owner's rows among `conversationIDs`, each once, in no order. */
  findMany(ownerUserID: string, conversationIDs: readonly string[]): Promise<readonly Conversation[]>;

  /** With whom each owner talks under this ID, in the order asked: the peer, empty for a group; undefined without a row. */
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
   * Creates the rows that are missing; existing ones keep their settings. A concurrent creation of the same row is
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
   * Sets the given ends of the window of seqs that owners may read; 0 is no limit.
   * @returns the owners whose row is there and has changed
   */
  setWindow(
    tx: Transaction,
    conversationID: string,
    ownerUserIDs: readonly string[],
    window: { readonly minSeq?: number; readonly maxSeq?: number },
  ): Promise<readonly string[]>;

  /** Sets what is given. @returns the owners whose row is there and has changed */
  update(
    tx: Transaction,
    conversationID: string,
    ownerUserIDs: readonly string[],
    changes: ConversationChanges,
  ): Promise<readonly string[]>;
}
