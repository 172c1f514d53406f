/**
 * The bus of several nodes. What is committed here goes to the sockets that are here and, over the channel between nodes,
 * to the nodes that it concerns; what they send comes to the sockets here in the order of seqs. A publication may be lost:
 * that is seen by number, by silence or by a gap, and what it had is read from the database, within 5 s whatever happens.
 * See docs/adr/0014.
 */
import type { Delivery, DeliveryBus, DeliveryListener } from '../log/delivery.ts';
import type { MessageRef } from '../log/message-store.ts';
import type { OutgoingStore, OutgoingWord } from '../log/outgoing-store.ts';
import { companionLogID } from '../protocol/log-id.ts';
import { ArrivalOrder } from './arrival-order.ts';
import { decodeDeliveryFrame, type Word } from './delivery-frame.ts';
import type { NodeChannel } from './node-channel.ts';
import { HeardNumbers, SentNumbers } from './pair-numbers.ts';
import { deliveryKind, Publisher } from './publisher.ts';
import { Repair } from './repair.ts';
import { SeqSet } from './seq-set.ts';
import type { Whereabouts } from './whereabouts.ts';

export interface NodeBusOptions {
  readonly channel: NodeChannel;
  readonly whereabouts: Whereabouts;
  readonly store: Omit<OutgoingStore, 'add'>;
  /** Unix ms. */
  readonly now: () => number;
  /** Milliseconds that only ever go forward. */
  readonly monotonicMs: () => number;
  readonly observer: NodeBusObserver;
  readonly limits?: Partial<NodeBusLimits>;
}

export interface NodeBusObserver {
  published(publications: number): void;
  /** @param lagMs from the commit on another node to the arrival here, as far as `now` of both agree */
  arrived(lagMs: number): void;
  /** Messages that did not arrive and were read from the database. */
  repaired(messages: number): void;
  /** Of a version that is not known here. */
  unreadable(): void;
  failed(error: unknown): void;
}

export interface NodeBusLimits {
  /** How often every node tells every other that it is there, and the number of its last publication. */
  readonly pulseMs: number;
  /** Of a node that has been silent for so long the rows are read at every pulse. */
  readonly silentAfterMs: number;
  /** How long a publication may come after one that was sent later. */
  readonly reorderMs: number;
  /** How long it takes at most until the others find everybody here again, after Redis was away or has forgotten. */
  readonly settleMs: number;
  /** How long what a chat shows waits for the notices of its change, and what comes of a log for its being read. */
  readonly holdMs: number;
}

const defaultLimits: NodeBusLimits = {
  pulseMs: 1000,
  silentAfterMs: 2200,
  reorderMs: 200,
  settleMs: 6000,
  holdMs: 1000,
};

/** Pulses between readings of the rows of nodes of which nothing is known here, such as one that Redis has lost. */
const readStrangersEvery = 3;
const trimEvery = 5;
/** Logs; whoever joins a group hears of it in far less than the time in which so many others are spoken in. */
const maxPassedOver = 20_000;
/** Pulses late by so many have stood still, and publications may have been thrown away meanwhile. */
const stoodStillPulses = 4;

const pulseKind = 'pulse';

/** Of a log, in which what is read comes before what comes meanwhile. */
interface Reading {
  /** Never rejects. */
  readonly isOver: Promise<void>;
  /** It is over, or has taken too long for others to wait. */
  readonly isPast: Promise<void>;
  /** What waits, by seq. */
  readonly come: Map<number, Delivery>;
}

export class NodeBus implements DeliveryBus, AsyncDisposable {
  readonly #options: NodeBusOptions;
  readonly #limits: NodeBusLimits;
  readonly #sent = new SentNumbers();
  readonly #heard = new HeardNumbers();
  readonly #publisher: Publisher;
  readonly #order: ArrivalOrder<Delivery>;
  readonly #repair: Repair;
  #listener: DeliveryListener | undefined;
  #wordListener: ((word: Word) => void) | undefined;
  #isHearing = true;
  /** Until then the others may not find everybody who is here. */
  #distrustsUntilMs = Number.NEGATIVE_INFINITY;
  /** What was for nobody here when it came, by log: somebody may turn out to have been of the audience. */
  readonly #passedOver = new Map<string, SeqSet>();
  /** By log, reading of it. */
  readonly #reading = new Map<string, Reading>();
  /** Publications of these were missed. */
  readonly #missing = new Set<string>();
  #pulses = 0;
  #lastPulseMs: number;
  #timer: NodeJS.Timeout | undefined;
  #mending: Promise<void> = Promise.resolve();
  #isRepairing = false;

  constructor(options: NodeBusOptions) {
    this.#options = options;
    this.#limits = { ...defaultLimits, ...options.limits };
    const { channel, whereabouts, store, now, monotonicMs, observer } = options;
    this.#lastPulseMs = monotonicMs();
    const onFailure = (error: unknown) => observer.failed(error);
    this.#publisher = new Publisher({
      channel,
      peers: () => this.#peers(),
      whereabouts,
      numbers: this.#sent,
      now,
      onPublished: (publications) => observer.published(publications),
      onFailure,
    });
    this.#order = new ArrivalOrder({
      deliver: (delivery) => this.#deliverInTurn(delivery),
      fetch: (logID, seqs) => this.#repair.readSeqs(logID, seqs),
      onFailure,
      monotonicMs,
    });
    this.#repair = new Repair({
      store,
      nodeID: channel.nodeID,
      concerns: (audience) => this.#listener?.concerns(audience) === true,
      wasPassedOver: (logID, seq) => this.#passedOver.get(logID)?.has(seq) === true,
      isKnown: (logID, seq) => this.#order.has(logID, seq),
      deliver: (delivery) => {
        const { logID, seq } = delivery;
        const come = this.#reading.get(logID)?.come.get(seq);
        if (come === undefined && !this.#order.has(logID, seq)) observer.repaired(1);
        this.#order.add(come ?? delivery);
      },
      hear: (word) => this.#wordListener?.(word),
    });
    channel.on(deliveryKind, (from, payload) => this.#onDelivery(from, payload));
    channel.on(pulseKind, (from, payload) => this.#onPulse(from, payload));
    channel.onGone((nodeID) => this.#onGone(nodeID));
    channel.onHearing((isHearing) => this.#onHearing(isHearing));
  }

  /** Begins to tell the others, and to look for what they have not told. To be awaited before anybody connects. */
  async start(): Promise<void> {
    await this.#repair.begin();
    this.#timer = setInterval(() => this.#pulse(), this.#limits.pulseMs).unref();
    this.#tellPulse();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    clearInterval(this.#timer);
    await this.#publisher.idle();
    await this.#mending;
    this.#order[Symbol.dispose]();
  }

  deliver(delivery: Delivery): void {
    this.#deliverHere(delivery);
    this.#publisher.publish({ delivery });
  }

  onDelivery(listener: DeliveryListener): void {
    this.#listener = listener;
  }

  /** Says something to the nodes of users other than this one, which has heard of it. It has been committed. */
  say(word: OutgoingWord): void {
    this.#publisher.publish({ word });
  }

  /** Hears what other nodes say. */
  onWord(listener: (word: Word) => void): void {
    this.#wordListener = listener;
  }

  /** Nothing if it was delivered here, or is older than rows are kept. */
  deliverAgain(ref: MessageRef): void {
    if (this.#order.has(ref.logID, ref.seq)) return;
    void this.#mend(async () => {
      const delivery = await this.#repair.find(ref);
      if (delivery !== undefined) this.deliver(delivery);
    });
  }

  /** Of a stored message which, as another node says, is for somebody here. Never rejects. */
  async lookFor({ logID, seq }: MessageRef): Promise<void> {
    if (this.#order.has(logID, seq) || this.#passedOver.get(logID)?.has(seq) === true) return;
    await this.#repair.readSeqs(logID, [seq]).catch((error: unknown) => this.#options.observer.failed(error));
  }

  doubt(): void {
    this.#publisher.missed();
  }

  /**
   * Delivers what was stored lately in these logs, of which nobody may have told us.
   * @param isFound when others find who is here, and what they store goes by the channel; rejects if that fails
   */
  async readLogs(logIDs: readonly string[], isFound: Promise<void>): Promise<void> {
    const read = isFound.then(() => this.#repair.readLogs(logIDs));
    const isOver = read.catch(() => {});
    const isPast = Promise.race([isOver, this.#heldLongEnough()]);
    for (const logID of logIDs) this.#reading.set(logID, { isOver, isPast, come: new Map() });
    try {
      await read;
    } finally {
      for (const logID of logIDs) if (this.#reading.get(logID)?.isOver === isOver) this.#reading.delete(logID);
    }
  }

  /** Delivers whatever the other nodes have stored lately and we do not know of. Never rejects. */
  async readAll(): Promise<void> {
    await this.#mend(() => this.#repair.readRows({ except: [] }));
  }

  /** Nodes that live and of which nothing comes here. */
  get silent(): readonly string[] {
    const { channel, monotonicMs } = this.#options;
    const heard = new Set(this.#heard.since(monotonicMs() - this.#limits.silentAfterMs));
    return channel.peers().flatMap(({ nodeID }) => (heard.has(nodeID) ? [] : [nodeID]));
  }

  /** The others may not find who is here, until it has been told them again. */
  distrust(): void {
    this.#heard.doubt();
    this.#distrustsUntilMs = this.#options.monotonicMs() + this.#limits.settleMs;
  }

  #deliverHere(delivery: Delivery): void {
    const { audience, logID, seq } = delivery;
    const reading = this.#reading.get(logID);
    // What is for nobody here would only leave gaps that nobody minds.
    if (!this.#listener?.concerns(audience)) this.#notePassedOver(delivery);
    else if (seq > 0 && reading !== undefined) void this.#addAfter(reading, delivery);
    else this.#order.add(delivery);
  }

  /** The order does not know what lacks of a log of which nothing was heard. */
  async #addAfter({ isPast, come }: Reading, delivery: Delivery): Promise<void> {
    come.set(delivery.seq, delivery);
    await isPast;
    come.delete(delivery.seq);
    this.#order.add(delivery);
  }

  /** What the chat shows waits for the notices of its change, unless they have come as it has. */
  #deliverInTurn(delivery: Delivery): void | Promise<void> {
    const { followsNotices, logID, storedBy } = delivery;
    const isNext = storedBy === undefined && !this.#reading.has(logID) && !this.#order.settled(companionLogID(logID));
    if (!followsNotices || isNext) return this.#listener?.deliver(delivery);
    const notices = this.#noticesBefore(delivery).catch((error) => this.#options.observer.failed(error));
    return Promise.race([notices, this.#heldLongEnough()]).then(() => this.#listener?.deliver(delivery));
  }

  #heldLongEnough(): Promise<void> {
    return new Promise((resolve) => setTimeout(resolve, this.#limits.holdMs).unref());
  }

  async #noticesBefore(delivery: Delivery): Promise<void> {
    const { logID, storedBy } = delivery;
    await this.#reading.get(logID)?.isOver;
    if (storedBy !== undefined) await this.#repair.readNotices(delivery, this.#limits.reorderMs);
    await this.#order.settled(companionLogID(logID));
  }

  #notePassedOver({ logID, seq }: MessageRef): void {
    if (seq === 0) return;
    const seqs = this.#passedOver.get(logID) ?? new SeqSet();
    seqs.add(seq);
    this.#passedOver.delete(logID);
    this.#passedOver.set(logID, seqs);
    const [oldest] = this.#passedOver.keys();
    if (this.#passedOver.size > maxPassedOver && oldest !== undefined) this.#passedOver.delete(oldest);
  }

  #onDelivery(from: string, payload: Buffer): void {
    const { observer, now } = this.#options;
    const frame = decodeDeliveryFrame(payload);
    if (frame === undefined) {
      observer.unreadable();
      return;
    }
    this.#note(from, frame.number, false);
    observer.arrived(Math.max(0, now() - frame.at));
    for (const item of frame.items) {
      if ('word' in item) this.#wordListener?.(item.word);
      else this.#deliverHere(item.delivery);
    }
  }

  #onPulse(from: string, payload: Buffer): void {
    // Whoever has just started is to hear of us at once.
    if (!this.#peers().includes(from)) this.#tellPulse([from]);
    this.#note(from, Number(payload.toString('latin1')), true);
  }

  #note(from: string, number: number, isPulse: boolean): void {
    if (this.#heard.note(from, number, isPulse, this.#options.monotonicMs())) this.#readMissing(from);
  }

  /** A moment later, since it may only be late. */
  #readMissing(nodeID: string): void {
    if (this.#missing.size === 0) {
      setTimeout(() => {
        const only = [...this.#missing];
        this.#missing.clear();
        void this.#mend(() => this.#repair.readRows({ only })).then((isDone) => {
          if (!isDone) for (const missing of only) this.#readMissing(missing);
        });
      }, this.#limits.reorderMs).unref();
    }
    this.#missing.add(nodeID);
  }

  #onGone(nodeID: string): void {
    this.#sent.forget(nodeID);
    this.#heard.forget(nodeID);
    this.#readMissing(nodeID);
  }

  #onHearing(isHearing: boolean): void {
    this.#isHearing = isHearing;
    this.distrust();
    if (!isHearing) void this.readAll();
  }

  #pulse(): void {
    const { monotonicMs, store } = this.#options;
    const { pulseMs, silentAfterMs } = this.#limits;
    const nowMs = monotonicMs();
    if (nowMs - this.#lastPulseMs > stoodStillPulses * pulseMs) this.distrust();
    this.#lastPulseMs = nowMs;
    this.#pulses += 1;
    this.#tellPulse();
    const isTrusting = this.#isHearing && nowMs > this.#distrustsUntilMs;
    const heard = isTrusting ? this.#heard.since(nowMs - silentAfterMs) : [];
    const isAnybodySilent = this.#peers().some((nodeID) => !heard.includes(nodeID));
    if (!isTrusting || isAnybodySilent || this.#pulses % readStrangersEvery === 0) {
      // One that takes longer than a pulse is not joined by another.
      if (!this.#isRepairing) {
        this.#isRepairing = true;
        void this.#mend(() => this.#repair.readRows({ except: heard })).finally(() => {
          this.#isRepairing = false;
        });
      }
    }
    if (this.#pulses % trimEvery === 0) void this.#mend(() => store.trim());
  }

  #tellPulse(nodeIDs = this.#peers()): void {
    for (const nodeID of nodeIDs) {
      this.#options.channel.send(nodeID, pulseKind, Buffer.from(String(this.#sent.last(nodeID)), 'latin1'));
    }
  }

  /** Those with leases, and those that have spoken before the next heartbeat says that they have. */
  #peers(): readonly string[] {
    const { channel, monotonicMs } = this.#options;
    const peers = new Set(channel.peers().map(({ nodeID }) => nodeID));
    for (const nodeID of this.#heard.since(monotonicMs() - this.#limits.silentAfterMs)) peers.add(nodeID);
    return [...peers];
  }

  /** One after another. @returns false if it failed */
  #mend(work: () => Promise<void>): Promise<boolean> {
    const done = this.#mending.then(work).then(
      () => true,
      (error: unknown) => {
        this.#options.observer.failed(error);
        return false;
      },
    );
    this.#mending = done.then(() => {});
    return done;
  }
}
