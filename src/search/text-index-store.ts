/** What the index of texts needs from a durable store. */
import type { Transaction } from '../kernel/unit-of-work.ts';
import type { ScannedMessage } from './message-scan-store.ts';

/** How far a log has been indexed. */
export interface LogCursor {
  readonly logID: string;
  /** By which the index knows the log. */
  readonly logNo: number;
  /** The newest seq that has been looked at; 0: none. */
  readonly indexedSeq: number;
}

export interface StoredBody {
  readonly logNo: number;
  readonly seq: number;
  /** Encoded MsgData. */
  readonly body: Uint8Array;
}

export interface IndexedText {
  readonly logNo: number;
  readonly seq: number;
  /** See words.ts. */
  readonly words: readonly string[];
}

/** Part of a log in which words are looked for; both ends included, and in one block: see {@link blockOf}. */
export interface LogPiece {
  readonly logNo: number;
  readonly lower: number;
  readonly upper: number;
}

export interface TextIndexStore {
  /** Locks the logs' cursors, made if they are not there, until the transaction ends. In the order given, which is sorted. */
  cursors(tx: Transaction, logIDs: readonly string[]): Promise<LogCursor[]>;
  /** The messages behind the cursors, by cursor and seq; at most `limit` in all. */
  behind(tx: Transaction, cursors: readonly LogCursor[], limit: number): Promise<StoredBody[]>;
  /** Writes texts, which take the place of what is there of their messages, and moves the cursors. */
  write(tx: Transaction, texts: readonly IndexedText[], cursors: readonly LogCursor[]): Promise<void>;
  /** Takes the texts of messages out. They must be gone already, or whoever indexes them puts them back. */
  forget(tx: Transaction, logID: string, seqs: readonly number[]): Promise<void>;
  /** Chats behind `afterLogID` in order of their IDs, at most `limit`, and whether they have messages behind their cursor. */
  chats(afterLogID: string, limit: number): Promise<{ readonly logID: string; readonly isBehind: boolean }[]>;
  /** By log ID, of those that have been indexed. */
  logNumbers(logIDs: readonly string[]): Promise<Map<string, number>>;
  /** For each piece the seqs of the messages that hold the words in a row, descending. */
  find(words: readonly string[], pieces: readonly LogPiece[]): Promise<number[][]>;
  /** Messages of any log that hold the words in a row, by log number and seq, behind `after`; at most `limit`. */
  findAnywhere(words: readonly string[], after: TextPlace | undefined, limit: number): Promise<ScannedText[]>;
}

/** In the order of the index. */
export interface TextPlace {
  readonly logNo: number;
  readonly seq: number;
}

/** A message that was found, with its place. */
export interface ScannedText extends ScannedMessage, TextPlace {}

/** Messages of a log by blocks, so that a search in one of them has a bound. */
export const messagesPerBlock = 4096;

export function blockOf(seq: number): number {
  return Math.floor(seq / messagesPerBlock);
}
