/**
 * What a node writes beside what it stores, in the same transaction, so that the other nodes can find what it may not
 * have told them: to whom messages go, and what else users' nodes have to hear of. See docs/adr/0014. Suite:
 * test/contract/outgoing-store.test.ts.
 */
import type { Transaction } from '../kernel/unit-of-work.ts';
import type { Delivery } from './delivery.ts';
import type { MessageRef } from './message-store.ts';

/** To whom a stored message goes, and how. */
export type OutgoingMessage = Omit<Delivery, 'conversationID' | 'body'>;

/** Something that the nodes of these users have to hear, in the words of the domain that says it. */
export interface OutgoingWord {
  readonly topic: 'membership';
  readonly users: readonly string[];
  readonly payload: string;
}

/** Names a row: all that one transaction of a node had to tell. */
export interface OutgoingRef {
  readonly node: string;
  readonly id: number;
}

export interface OutgoingRow extends OutgoingRef {
  /** By which it was written. */
  readonly transaction: number;
  readonly messages: readonly OutgoingMessage[];
  readonly words: readonly OutgoingWord[];
}

export interface StoredBody extends MessageRef {
  /** Encoded MsgData with its seq. */
  readonly body: Buffer;
}

/** What had committed at some moment, of all transactions of the database. */
export interface Committed {
  has(transaction: number): boolean;
}

/** Of which nodes. */
export type NodeFilter = { readonly only: readonly string[] } | { readonly except: readonly string[] };

export interface OutgoingStore {
  /** Writes a row of this node's. */
  add(tx: Transaction, words: readonly OutgoingWord[]): Promise<void>;
  /** The rows of nodes other than this one. */
  refs(filter: NodeFilter): Promise<readonly OutgoingRef[]>;
  /** Those of them that are still there. */
  rows(refs: readonly OutgoingRef[]): Promise<readonly OutgoingRow[]>;
  /** The rows of any node that have a message of one of these logs. */
  about(logIDs: readonly string[]): Promise<readonly OutgoingRow[]>;
  /** The rows of any node that have one of these messages. */
  holding(refs: readonly MessageRef[]): Promise<readonly OutgoingRow[]>;
  /** Of messages as they are now, without those that were taken back. */
  bodies(refs: readonly MessageRef[]): Promise<readonly StoredBody[]>;
  /** Notices to these conversations that were to be sent a moment ago and are not stored yet, by IDs of their own. */
  noticesUnderWay(conversationIDs: readonly string[]): Promise<readonly number[]>;
  /** As of now. */
  committed(): Promise<Committed>;
  /** Removes rows of this node's that are older than a minute, and of others that are older than ten. */
  trim(): Promise<void>;
}
