/** What the conversations domain needs to know of conversations beside their rows: counters and read positions. */
import type { Transaction } from '../kernel/unit-of-work.ts';
import type { LogWindow, SeqBounds } from '../log/message-store.ts';

/** A user's own conversation with its counters. */
export interface ConversationView extends SeqBounds {
  readonly conversationID: string;
  readonly logID: string;
  readonly conversationType: number;
  /** The peer of a single chat, the account of a notification chat. */
  readonly peerUserID: string;
  /** Empty for other chats. */
  readonly groupID: string;
  /** The owner's window, as in Conversation. */
  readonly ownMinSeq: number;
  readonly ownMaxSeq: number;
  readonly readSeq: number;
  readonly isPinned: boolean;
  /** Of the row, Unix ms. */
  readonly createdAt: number;
}

/** How far a user has read a conversation. */
export interface ReadPosition {
  readonly readSeq: number;
  /** Up to where the peer of a single chat knows: the position is also raised by what sends no receipt. */
  readonly toldSeq: number;
}

/** Which seqs of a conversation are meant; both ends included. */
export interface ConversationWindow extends LogWindow {
  /** By which clients know it. */
  readonly conversationID: string;
}

export interface ConversationViewStore {
  /** All of the user's conversations, or those among `conversationIDs` that the user has. */
  views(userID: string, conversationIDs?: readonly string[]): Promise<ConversationView[]>;
}

export interface ReadPositionStore {
  /** Zeros where nothing was read. */
  readPosition(tx: Transaction, userID: string, logID: string): Promise<ReadPosition>;
  /** Raises either part, never lowers one. @returns the position after */
  raiseReadPosition(
    tx: Transaction,
    userID: string,
    logID: string,
    position: Partial<ReadPosition>,
  ): Promise<ReadPosition>;
}
