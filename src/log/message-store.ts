/** What the log needs from a durable store. Seqs are given out here and nowhere else (promise M2). */
import type { DeliveryEntry } from '../deliveries/delivery-store.ts';
import type { Transaction } from '../kernel/unit-of-work.ts';
import type { Delivery, GroupVersion } from './delivery.ts';

/** A message ready to be stored, lacking only its seq. */
export interface NewMessage {
  /** Of the conversation: see protocol/log-id.ts. */
  readonly logID: string;
  readonly sendID: string;
  readonly clientMsgID: string;
  readonly serverMsgID: string;
  /** What readers are to see as its time, Unix ms: raised to that of the message before it, unless it was chosen. */
  readonly sentAt: number;
  /** A back end chose `sentAt`, which is kept; times of later messages do not depend on it. */
  readonly hasChosenTime: boolean;
  /** The server's clock, Unix ms: when the conversation was last active. */
  readonly acceptedAt: number;
  readonly sessionType: number;
  readonly contentType: number;
  /** Encoded MsgData with `sentAt` as its sendTime and without the seq field. */
  readonly bodyWithoutSeq: Uint8Array;
  /** Sending a chat message marks the conversation as read by its sender up to it. */
  readonly raisesSenderReadSeq: boolean;
  /** Stored only where this holds at the moment of the append: since it was authorised, others may have changed it. */
  readonly condition?: GroupCondition | undefined;
  /** Who gets it: kept beside it by a node, so that others can deliver it if that one cannot. */
  readonly outgoing?: Pick<Delivery, 'audience' | 'operationID' | 'followsNotices'>;
  /** What the world outside is to hear of it if it is stored now, written in the same commit. */
  readonly deliveries?: MessageDeliveries | undefined;
}

/** Rows of what is told of a message, made once its place is known. */
export type MessageDeliveries = (stored: Pick<Appended, 'seq' | 'sentAt'>) => readonly DeliveryEntry[];

/** The group is not dismissed; and the sender is in it. */
export interface GroupCondition {
  readonly groupID: string;
  readonly isForMembersOnly: boolean;
}

/** What became of one message of a batch. */
export interface Appended {
  readonly seq: number;
  /** Of the stored message: for a repeated clientMsgID those of the first one (promise M3). */
  readonly serverMsgID: string;
  readonly sentAt: number;
  readonly isDuplicate: boolean;
  /** Its condition did not hold: nothing was stored. */
  readonly isRefused: boolean;
  /** Encoded MsgData with its seq and send time; empty for a duplicate and for what was refused. */
  readonly body: Buffer;
  /** See {@link Delivery}. */
  readonly asOf?: GroupVersion | undefined;
  readonly followsMs?: number | undefined;
}

export interface StoredMessage {
  readonly seq: number;
  readonly sendID: string;
  readonly sentAt: number;
  readonly sessionType: number;
  readonly contentType: number;
  readonly isRead: boolean;
  /** If it was taken back; what was said is for nobody's eyes then. */
  readonly revocation: Revocation | undefined;
  /** Who reads it has deleted it. */
  readonly isDeleted: boolean;
  /** Encoded MsgData with its seq, as it was sent or edited. */
  readonly body: Buffer;
}

/** That a message was taken back, and by whom. */
export interface Revocation {
  readonly revokerID: string;
  /** As of then. */
  readonly revokerNickname: string;
  /** In a group the role there, otherwise the level of the account; 0 for an admin of the server. */
  readonly revokerRole: number;
  /** Unix ms. */
  readonly revokedAt: number;
}

export interface MessageTime {
  readonly seq: number;
  /** Unix ms. */
  readonly sentAt: number;
}

/** Names a stored message. */
export interface MessageRef {
  readonly logID: string;
  readonly seq: number;
}

export interface OldMessage extends MessageRef {
  /** Reactions, deletions, edits and a revocation, which go with it. */
  readonly rowsBeside: number;
}

/** What is shown instead of a message that was taken back needs more of it than its body; see presentation.ts. */
export interface RevokedMessage extends MessageRef {
  readonly revocation: Revocation;
  /** Encoded MsgData as it was sent. */
  readonly body: Buffer;
}

/** Counters of a conversation; all 0 where nothing was ever stored. */
export interface SeqBounds {
  readonly maxSeq: number;
  /** Messages below are gone for everyone. */
  readonly minSeq: number;
  /** When `maxSeq` was given out, Unix ms. */
  readonly maxSeqAt: number;
}

/** Which seqs of a log are meant; both ends included. */
export interface LogWindow {
  readonly logID: string;
  readonly lower: number;
  readonly upper: number;
}

/** Messages, or what gives them: asked as late as the store can, so that what comes until then shares the commit. */
export type Batch = readonly NewMessage[] | (() => readonly NewMessage[]);

export function messagesOf(batch: Batch): readonly NewMessage[] {
  return typeof batch === 'function' ? batch() : batch;
}

export interface MessageStore {
  /**
   * Stores a batch in one commit, in order: assigns dense seqs, and send times that never fall within a conversation,
   * recognises repeats by (sender, clientMsgID, log), leaves out what its condition refuses, raises senders' read
   * positions. Resolves once the batch is on disk; on rejection nothing was stored.
   */
  append(batch: Batch): Promise<Appended[]>;
  /**
   * Stores messages as part of a transaction, with the same promises; their seqs and their readers' bounds can so be
   * written together. Their logs stay locked until the transaction ends: to be called late in it, with all that it has.
   */
  appendWithin(tx: Transaction, batch: readonly NewMessage[]): Promise<Appended[]>;
  /** The stored messages with begin <= seq <= end, ascending; at most `limit`, the newest. */
  range(readerID: string, logID: string, begin: number, end: number, limit: number): Promise<StoredMessage[]>;
  /** The stored ones among `seqs`, ascending. */
  bySeqs(readerID: string, logID: string, seqs: readonly number[]): Promise<StoredMessage[]>;
  /**
   * By log ID, of each the newest stored message between `lower` and `upper`, both included, that the reader has not
   * deleted, if there is one.
   */
  newest(readerID: string, windows: readonly LogWindow[]): Promise<Map<string, StoredMessage>>;
  /** Seqs of what somebody has sent in a log, in no order. */
  seqsSent(logID: string, sendID: string, clientMsgIDs: readonly string[]): Promise<readonly number[]>;
  /** Seqs and times of all stored messages, revoked and deleted ones too: the next ones after a seq, ascending. */
  times(logID: string, afterSeq: number, limit: number): Promise<readonly MessageTime[]>;
  /** Messages of any log that were sent before then (Unix ms), the oldest first; at most `limit`. */
  oldest(before: number, limit: number): Promise<readonly OldMessage[]>;
  /** An edited message takes the place of what is stored. @param body encoded MsgData with its seq */
  rewrite(tx: Transaction, ref: MessageRef, body: Buffer): Promise<void>;
  /** Takes messages out for everybody, for good. @returns the seqs of those that were there */
  erase(tx: Transaction, logID: string, seqs: readonly number[]): Promise<readonly number[]>;
  /** Messages below are gone for everybody from now on; what is lower than it was is ignored. */
  raiseMinSeq(tx: Transaction, logID: string, minSeq: number): Promise<void>;
  /** The same up to the first message that is left. */
  raiseMinSeqToFirst(tx: Transaction, logID: string): Promise<void>;
  /** Those of the messages that were taken back. */
  revoked(refs: readonly MessageRef[]): Promise<readonly RevokedMessage[]>;
  /** The message as of the transaction, until the end of which it stays as it is. */
  lockMessage(tx: Transaction, ref: MessageRef): Promise<StoredMessage | undefined>;
  /** By log ID; only logs that have messages appear in the answer. */
  bounds(logIDs: readonly string[]): Promise<Map<string, SeqBounds>>;
  /**
   * Until the transaction ends nobody else stores in the log; the conditions of what waits for that are looked at
   * afterwards. To be called late in it, like {@link MessageStore.appendWithin}.
   * @returns the newest seq; 0 if nothing was ever stored
   */
  lockLog(tx: Transaction, logID: string): Promise<number>;
  /**
   * Marks messages that `readerID` did not send as read: those in begin..end and those in `seqs`.
   * @returns ascending the seqs of those in the range that were not marked before, and of all those in `seqs`
   */
  markRead(
    tx: Transaction,
    logID: string,
    readerID: string,
    range: { readonly begin: number; readonly end: number },
    seqs: readonly number[],
  ): Promise<number[]>;
}
