/**
 * What deliveries to the world outside need from a durable store: rows that are written in the transaction of what causes
 * them, and claimed by key, so that several processes may work them off in order. Suite:
 * test/contract/delivery-store.test.ts.
 */
import type { Transaction } from '../kernel/unit-of-work.ts';

/** Who works a row off. */
export type DeliveryTopic = 'webhooks' | 'expiries' | 'push';

/** One thing that the world outside is to hear. */
export interface DeliveryEntry {
  readonly topic: DeliveryTopic;
  /** Rows of one key are delivered one after another, in order: those of a conversation, say. */
  readonly key: string;
  /** The same however often it is sent: receivers know a repeat by it. */
  readonly deliveryID: string;
  /** Whatever the topic's handler made of it. */
  readonly payload: string;
  /**
   * When it is to be delivered, Unix ms, unless its key waits for something else; at once unless given. The same for all
   * of a key that are added together.
   */
  readonly dueAt?: number;
}

export interface Delivery extends DeliveryEntry {
  /** Rises in the order of writing within a key. */
  readonly id: number;
  /** Unix ms. */
  readonly createdAt: number;
  /** How often it has failed since it was written, or was replayed. */
  readonly attempts: number;
  /** It was parked before, and is delivered after younger ones. */
  readonly isReplayed: boolean;
}

/** One that has failed so often that its key goes on without it, until somebody replays or drops it. */
export interface ParkedDelivery extends Delivery {
  /** Unix ms. */
  readonly parkedAt: number;
  readonly failure: string;
}

/** That this process, and no other, works off a key until then. */
export interface DeliveryClaim {
  readonly topic: DeliveryTopic;
  readonly key: string;
  /** Random for every claim: what somebody does whose claim was taken over is refused by it. */
  readonly fence: string;
}

/** What has become of a claimed key's rows. Those that are not named stay as they are. */
export interface Settlement {
  readonly delivered: readonly number[];
  readonly failed?: {
    readonly id: number;
    readonly attempts: number;
    readonly failure: string;
    /** Unix ms; undefined if it is tried again. */
    readonly parkedAt: number | undefined;
    /** What is left of it; all of it unless given. */
    readonly payload?: string;
  };
  /** What comes of the delivered ones: written at that time (Unix ms), under keys other than this one. */
  readonly following?: { readonly entries: readonly DeliveryEntry[]; readonly at: number };
  /** When what is left of the key is to be claimed again, Unix ms. */
  readonly dueAt: number;
}

export interface DeliveryCounts {
  readonly waiting: number;
  readonly parked: number;
  /** Of the oldest one that waits, Unix ms. */
  readonly oldestAt: number | undefined;
}

export interface DeliveryStore {
  /** Writes rows in a transaction, in order. Until it ends nobody else writes rows of their keys: call it late. @param at Unix ms */
  add(tx: Transaction, entries: readonly DeliveryEntry[], at: number): Promise<void>;
  /** Forgets all rows of these keys, which are not to be delivered any more. */
  cancel(tx: Transaction, topic: DeliveryTopic, keys: readonly string[]): Promise<void>;
  /** Claims keys that have open rows, are due at `at` and held by nobody, the longest due first. Times are Unix ms. */
  claim(topic: DeliveryTopic, at: number, until: number, limit: number): Promise<readonly DeliveryClaim[]>;
  /** The oldest rows of a key that are not parked, in order. */
  open(claim: DeliveryClaim, limit: number): Promise<readonly Delivery[]>;
  /** Ends a claim. @returns false, with nothing written, if somebody else has claimed the key since */
  settle(claim: DeliveryClaim, settlement: Settlement): Promise<boolean>;
  counts(topic: DeliveryTopic): Promise<DeliveryCounts>;
  /** Parked rows with a higher ID than `after`, ascending. */
  parked(topic: DeliveryTopic, after: number, limit: number): Promise<readonly ParkedDelivery[]>;
  /** Parked rows are open again. @returns how many of them there were */
  replay(topic: DeliveryTopic, ids: readonly number[], at: number): Promise<number>;
  /** Forgets parked rows. @returns how many of them there were */
  drop(topic: DeliveryTopic, ids: readonly number[]): Promise<number>;
}
