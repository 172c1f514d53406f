/**
 * Finds in the database what did not arrive: rows that other nodes have written beside what they stored, of which
 * whatever concerns somebody here is delivered as if it had come. Rows are known by node and ID, never by a position in a
 * sequence: transactions do not commit in the order of their IDs.
 */
import { type Delivery, type DeliveryListener, turnOf } from '../log/delivery.ts';
import type { MessageRef } from '../log/message-store.ts';
import type {
  Committed,
  NodeFilter,
  OutgoingMessage,
  OutgoingRef,
  OutgoingRow,
  OutgoingStore,
  OutgoingWord,
} from '../log/outgoing-store.ts';
import { companionNotificationID, conversationIDOf } from '../protocol/conversation-id.ts';
import { MsgData } from '../protocol/gen/openim.ts';
import { companionLogID } from '../protocol/log-id.ts';

export interface RepairOptions {
  readonly store: Pick<
    OutgoingStore,
    'refs' | 'rows' | 'about' | 'holding' | 'bodies' | 'noticesUnderWay' | 'committed'
  >;
  /** This one. */
  readonly nodeID: string;
  /** Who is here. */
  readonly concerns: DeliveryListener['concerns'];
  /** It has come, and was for nobody here then. */
  readonly wasPassedOver: (logID: string, seq: number) => boolean;
  /** It has arrived already. */
  readonly isKnown: (logID: string, seq: number) => boolean;
  readonly deliver: (delivery: Delivery) => void;
  readonly hear: (word: OutgoingWord) => void;
}

/** Read at once: hundreds of messages each on a busy node. */
const rowsAtOnce = 50;
/** Whether something is still under way: for a second in all. */
const askAgainMs = 25;
const maxAsked = 40;

export class Repair {
  readonly #options: RepairOptions;
  /** Rows that were read, by node. */
  readonly #read = new Map<string, Set<number>>();
  /** Seqs that the next reading looks for. */
  readonly #wanted: MessageRef[] = [];
  #reading: Promise<unknown> = Promise.resolve();
  /** Resolves with what this node has stored itself and is about to deliver. */
  #nextReading: Promise<readonly OutgoingMessage[]> | undefined;
  /** What had committed before anybody connected here. */
  #before: Committed | undefined;

  constructor(options: RepairOptions) {
    this.#options = options;
  }

  /** From now on somebody may connect. What has committed by now is for nobody who does. */
  async begin(): Promise<void> {
    this.#before = await this.#options.store.committed();
  }

  /** Reads what was not read before of other nodes' rows. */
  async readRows(filter: NodeFilter): Promise<void> {
    const { store, hear } = this.#options;
    const refs = await store.refs(filter);
    const unread = refs.filter(({ node, id }) => !this.#read.get(node)?.has(id));
    this.#forget(filter, refs);
    for (let start = 0; start < unread.length; start += rowsAtOnce) {
      const rows = await store.rows(unread.slice(start, start + rowsAtOnce));
      for (const { words } of rows) for (const word of words) hear(word);
      await this.#deliver(messagesOf(rows));
      for (const row of rows) this.#note(row);
    }
  }

  /**
   * Of these seqs of a log those that concern somebody here. What is asked while a reading is under way is read by the next
   * one: where publications are late, many logs lack something at once. Resolves once they are delivered.
   */
  async readSeqs(logID: string, seqs: readonly number[]): Promise<void> {
    for (const seq of seqs) this.#wanted.push({ logID, seq });
    this.#nextReading ??= this.#reading.then(() => this.#readWanted());
    const underWay = await this.#nextReading;
    await this.#await(underWay.filter((message) => message.logID === logID && seqs.includes(message.seq)));
  }

  async #readWanted(): Promise<readonly OutgoingMessage[]> {
    // All that this turn still brings.
    await new Promise(setImmediate);
    const wanted = this.#wanted.splice(0);
    const reading = this.#readMessages(wanted);
    this.#nextReading = undefined;
    this.#reading = reading.catch(() => {});
    return await reading;
  }

  async #readMessages(refs: readonly MessageRef[]): Promise<readonly OutgoingMessage[]> {
    const { store, nodeID, wasPassedOver } = this.#options;
    const wanted = new Set(refs.map(refKey));
    const rows = await store.holding(refs);
    const found = messagesOf(rows).filter((message) => wanted.has(refKey(message)));
    const own = new Set(messagesOf(rows.filter(({ node }) => node === nodeID)).map(refKey));
    const isUnderWay = (message: OutgoingMessage) =>
      own.has(refKey(message)) && this.#isLacking(message) && !wasPassedOver(message.logID, message.seq);
    const [underWay, others] = [found.filter(isUnderWay), found.filter((message) => !isUnderWay(message))];
    await this.#deliver(others);
    return underWay;
  }

  /** What another node has heard of before PostgreSQL's answer has come here; from the database if that stays away. */
  async #await(own: readonly OutgoingMessage[]): Promise<void> {
    for (let asked = 0; asked < maxAsked && own.some((message) => this.#isLacking(message)); asked += 1) {
      await passed(askAgainMs);
    }
    await this.#deliver(own);
  }

  /** All that was stored lately in these logs, but what this node has stored and is about to deliver. */
  async readLogs(logIDs: readonly string[]): Promise<void> {
    const { store, nodeID, wasPassedOver } = this.#options;
    const logs = new Set(logIDs);
    const rows = Map.groupBy(await store.about(logIDs), ({ node }) => node === nodeID);
    const own = messagesOf(rows.get(true) ?? []).filter(({ logID, seq }) => wasPassedOver(logID, seq));
    const due = [...own, ...messagesOf(rows.get(false) ?? [])];
    await this.#deliver(due.filter(({ logID }) => logs.has(logID)));
  }

  /**
   * Delivers the notices of a chat of which something was found: whoever has stored that, or another node, may be about to
   * send or store them.
   * @param lateMs how long a publication may be under way
   */
  async readNotices({ logID, conversationID }: Pick<Delivery, 'logID' | 'conversationID'>, lateMs: number) {
    const { store } = this.#options;
    const keys = [companionNotificationID(conversationID)];
    let awaited = new Set(await store.noticesUnderWay(keys));
    for (let asked = 0; awaited.size > 0 && asked < maxAsked; asked += 1) {
      await passed(askAgainMs);
      awaited = awaited.intersection(new Set(await store.noticesUnderWay(keys)));
    }
    await passed(lateMs);
    await this.readLogs([companionLogID(logID)]);
  }

  /** @returns a stored message as it was to be delivered; undefined if it is older than rows are kept */
  async find({ logID, seq }: MessageRef): Promise<Delivery | undefined> {
    const rows = await this.#options.store.about([logID]);
    const message = messagesOf(rows).find((found) => found.logID === logID && found.seq === seq);
    return message === undefined ? undefined : (await this.#withBodies([message]))[0];
  }

  async #deliver(messages: readonly OutgoingMessage[]): Promise<void> {
    const lacking = await this.#withBodies(messages.filter((message) => this.#isLacking(message)));
    for (const delivery of lacking.sort((a, b) => turnOf(a) - turnOf(b))) this.#options.deliver(delivery);
  }

  #isLacking({ logID, seq, audience, storedBy = 0 }: OutgoingMessage): boolean {
    const { concerns, isKnown } = this.#options;
    return !isKnown(logID, seq) && !this.#before?.has(storedBy) && concerns(audience);
  }

  /** In order of seqs, without those that are gone or were taken back. */
  async #withBodies(messages: readonly OutgoingMessage[]): Promise<Delivery[]> {
    if (messages.length === 0) return [];
    const bodies = await this.#options.store.bodies(messages);
    const byRef = new Map(bodies.map((stored) => [refKey(stored), stored.body]));
    return messages
      .toSorted((a, b) => a.seq - b.seq)
      .flatMap((message): Delivery[] => {
        const body = byRef.get(refKey(message));
        return body === undefined ? [] : [{ ...message, conversationID: conversationIDOf(MsgData.decode(body)), body }];
      });
  }

  #note({ node, id }: OutgoingRef): void {
    const read = this.#read.get(node) ?? new Set();
    this.#read.set(node, read.add(id));
  }

  /** Rows that are not there any more need not be known. */
  #forget(filter: NodeFilter, refs: readonly OutgoingRef[]): void {
    const left = new Map<string, Set<number>>();
    for (const { node, id } of refs) left.set(node, (left.get(node) ?? new Set()).add(id));
    const wasAsked = (node: string) => ('only' in filter ? filter.only.includes(node) : !filter.except.includes(node));
    for (const [node, read] of this.#read) {
      if (!wasAsked(node)) continue;
      const kept = read.intersection(left.get(node) ?? new Set());
      if (kept.size === 0) this.#read.delete(node);
      else this.#read.set(node, kept);
    }
  }
}

function messagesOf(rows: readonly OutgoingRow[]): readonly OutgoingMessage[] {
  return rows.flatMap(({ messages, transaction }) =>
    messages.map((message) => ({ ...message, storedBy: transaction })),
  );
}

function passed(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms).unref());
}

function refKey({ logID, seq }: MessageRef): string {
  return `${seq} ${logID}`;
}
