/**
 * The outbox: what a change causes (notices; later pushes and webhooks) is written in the change's own transaction and
 * worked off once that has committed, so that a crash in between loses neither (design, section 2). Rows are worked off
 * at least once: after a crash some may be a second time. Handlers must not mind, or take their row in the transaction of
 * what it causes.
 */
import { TimeSlices } from '../kernel/time-slices.ts';
import type { Transaction } from '../kernel/unit-of-work.ts';
import type { OutboxEntry, OutboxRow, OutboxStore, OutboxTopic } from './outbox-store.ts';

export interface OutboxOptions {
  readonly store: OutboxStore;
  /** Resolve when the row has taken effect, or never will; a rejection means to try again later. */
  readonly handlers: Readonly<Record<OutboxTopic, (row: OutboxRow) => Promise<void>>>;
  /** Unix ms. */
  readonly now: () => number;
  readonly observer: OutboxObserver;
  /** For tests; see {@link defaultLimits}. */
  readonly limits?: Partial<OutboxLimits>;
}

export interface OutboxObserver {
  /** How many rows this process holds that are still to be worked off; of a node, how many keys. */
  waiting(rows: number): void;
  /** A row could not be worked off, or rows could not be read or removed; it is tried again. */
  failed(error: unknown): void;
}

export interface OutboxLimits {
  /** Rows held in memory; what exceeds them stays in the store until there is room. */
  readonly maxHeld: number;
  /** Keys that are worked off at once. */
  readonly maxKeys: number;
  /** The wait after a first failure, which doubles with each more. */
  readonly firstRetryMs: number;
  readonly longestRetryMs: number;
}

const defaultLimits: OutboxLimits = { maxHeld: 10_000, maxKeys: 64, firstRetryMs: 100, longestRetryMs: 30_000 };

export class Outbox {
  readonly #options: OutboxOptions;
  readonly #limits: OutboxLimits;
  /** Rows by key in their order, the one that is worked off in front. */
  readonly #lanes = new Map<string, OutboxRow[]>();
  /** Keys that wait for one of `maxKeys` places. */
  readonly #ready: string[] = [];
  /** Every row that is in a lane, or worked off and not yet removed. */
  readonly #known = new Set<number>();
  readonly #done: number[] = [];
  #working = 0;
  #removing: Promise<void> | undefined;
  #reading: Promise<void> | undefined;
  /** Committed rows that found no room since the store was last looked at. */
  #leftInStore = 0;
  #isClosed = false;
  #onIdle: PromiseWithResolvers<void> | undefined;

  constructor(options: OutboxOptions) {
    this.#options = options;
    this.#limits = { ...defaultLimits, ...options.limits };
  }

  /** Writes rows that are worked off as soon as the transaction has committed, and only then. */
  async add(tx: Transaction, entries: readonly OutboxEntry[]): Promise<void> {
    if (entries.length === 0) return;
    const rows = await this.#options.store.add(tx, entries, this.#options.now());
    tx.afterCommit(() => this.#take(rows));
  }

  /** See {@link OutboxStore.take}. */
  take(tx: Transaction, row: OutboxRow): Promise<boolean> {
    return this.#options.store.take(tx, row);
  }

  /** Works off what an earlier process has left. To be called once, before anything is added. */
  async resume(): Promise<void> {
    await this.#read();
  }

  /**
   * Resolves when every row that this process holds has been worked off and removed. A row that goes on failing stays in
   * the store for the next start.
   * @param limitMs after which nothing more is waited for
   */
  async close(limitMs: number): Promise<void> {
    this.#onIdle = Promise.withResolvers();
    const timer = setTimeout(this.#onIdle.resolve, limitMs);
    this.#settle();
    await this.#onIdle.promise;
    clearTimeout(timer);
    this.#isClosed = true;
    await this.#remove();
  }

  #take(rows: readonly OutboxRow[]): void {
    // Once some had no room, all that follow are read back from the store, so that the order holds.
    if (this.#leftInStore > 0 || this.#reading !== undefined || this.#known.size >= this.#limits.maxHeld) {
      this.#leftInStore += rows.length;
      this.#readWhenRoom();
      return;
    }
    this.#hold(rows);
  }

  #hold(rows: readonly OutboxRow[]): void {
    for (const row of rows) {
      // One that was read from the store before its own transaction got round to handing it over.
      if (this.#known.has(row.id)) continue;
      this.#known.add(row.id);
      const lane = this.#lanes.get(row.key);
      if (lane !== undefined) {
        lane.push(row);
        continue;
      }
      this.#lanes.set(row.key, [row]);
      this.#ready.push(row.key);
    }
    this.#report();
    this.#startLanes();
  }

  #startLanes(): void {
    while (this.#working < this.#limits.maxKeys) {
      const key = this.#ready.shift();
      if (key === undefined) return;
      this.#working++;
      void this.#workOff(key).finally(() => {
        this.#working--;
        this.#startLanes();
        this.#settle();
      });
    }
  }

  async #workOff(key: string): Promise<void> {
    const lane = this.#lanes.get(key) ?? [];
    const slices = new TimeSlices();
    for (let row = lane[0]; row !== undefined && !this.#isClosed; row = lane[0]) {
      await this.#workOffRow(row);
      if (this.#isClosed) return;
      lane.shift();
      this.#done.push(row.id);
      this.#report();
      this.#removing ??= this.#removeSoon();
      // A handler may be done without ever giving way.
      if (slices.isOver) await slices.next();
    }
    this.#lanes.delete(key);
  }

  async #workOffRow(row: OutboxRow): Promise<void> {
    const { handlers, observer } = this.#options;
    for (let failures = 0; !this.#isClosed; failures++) {
      try {
        return await handlers[row.topic](row);
      } catch (error) {
        observer.failed(error);
        await this.#pause(failures);
      }
    }
  }

  async #pause(failures: number): Promise<void> {
    const { firstRetryMs, longestRetryMs } = this.#limits;
    const waitMs = Math.min(firstRetryMs * 2 ** failures, longestRetryMs);
    // Nobody waits for a retry when the process stops.
    await new Promise<void>((resolve) => setTimeout(resolve, waitMs).unref());
  }

  /** What this turn of the event loop still finishes shares one commit. */
  async #removeSoon(): Promise<void> {
    await new Promise<void>((resolve) => setImmediate(resolve));
    for (let failures = 0; this.#done.length > 0 && !this.#isClosed; ) {
      try {
        await this.#remove();
        failures = 0;
      } catch (error) {
        this.#options.observer.failed(error);
        await this.#pause(failures++);
      }
    }
    this.#removing = undefined;
    this.#readWhenRoom();
    this.#settle();
  }

  async #remove(): Promise<void> {
    const ids = this.#done.splice(0);
    try {
      if (ids.length > 0) await this.#options.store.remove(ids);
    } catch (error) {
      this.#done.unshift(...ids);
      throw error;
    }
    for (const id of ids) this.#known.delete(id);
  }

  #readWhenRoom(): void {
    if (this.#leftInStore === 0 || this.#reading !== undefined || this.#isClosed) return;
    if (this.#known.size > this.#limits.maxHeld / 2) return;
    this.#reading = this.#readAgain();
  }

  async #readAgain(): Promise<void> {
    for (let failures = 0; !this.#isClosed; failures++) {
      try {
        await this.#read();
        break;
      } catch (error) {
        this.#options.observer.failed(error);
        await this.#pause(failures);
      }
    }
    this.#reading = undefined;
    this.#readWhenRoom();
    this.#settle();
  }

  /** Reads until the store holds nothing new, or memory is full. */
  async #read(): Promise<void> {
    const { maxHeld } = this.#limits;
    while (this.#known.size < maxHeld) {
      this.#leftInStore = 0;
      const limit = this.#known.size + Math.min(pageSize, maxHeld);
      const rows = await this.#options.store.oldest(limit);
      const unknown = rows.filter(({ id }) => !this.#known.has(id));
      const room = maxHeld - this.#known.size;
      this.#hold(unknown.slice(0, room));
      // Fewer than asked for, all held, and none committed meanwhile: that was all.
      if (rows.length < limit && unknown.length <= room && this.#leftInStore === 0) return;
    }
    this.#leftInStore = Math.max(1, this.#leftInStore);
  }

  #report(): void {
    this.#options.observer.waiting(this.#known.size - this.#done.length);
  }

  #settle(): void {
    const isIdle = this.#lanes.size === 0 && this.#removing === undefined && this.#reading === undefined;
    if (isIdle && this.#leftInStore === 0) this.#onIdle?.resolve();
  }
}

const pageSize = 500;
