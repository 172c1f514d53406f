/**
 * The outbox of several nodes on one database. A node claims a key before it works off its rows, which are then all of
 * that key, whoever has written them, in order; what a dead node has left is found by looking now and then. As in
 * {@link Outbox}, rows are worked off at least once: a node that has stood still longer than its claim holds removes
 * nothing.
 */
import { randomUUID } from 'node:crypto';
import type { Transaction } from '../kernel/unit-of-work.ts';
import type { OutboxObserver, OutboxOptions } from './outbox.ts';
import type { OutboxEntry, OutboxRow, SharedOutboxStore } from './outbox-store.ts';

export interface SharedOutboxOptions extends Omit<OutboxOptions, 'store' | 'limits' | 'observer'> {
  readonly store: SharedOutboxStore;
  readonly observer: SharedOutboxObserver;
  /** For tests. */
  readonly limits?: Partial<SharedOutboxLimits>;
}

export interface SharedOutboxObserver extends OutboxObserver {
  /** To work off rows of so many keys. */
  claimed(keys: number): void;
  /** A claim had ended before its work was done, which somebody else may have done once more. */
  lost(): void;
}

export interface SharedOutboxLimits {
  /** Keys that are worked off at once. */
  readonly maxKeys: number;
  /** Rows of one key that are read at once. */
  readonly maxRows: number;
  /** How long a claim lasts that is not renewed, which is done four times meanwhile. */
  readonly holdMs: number;
  /** How often it is looked for rows that nobody works off. */
  readonly lookMs: number;
  /** The wait after a failure, or before a key that another node holds is tried again; it doubles with each more. */
  readonly firstRetryMs: number;
  readonly longestRetryMs: number;
}

const defaultLimits: SharedOutboxLimits = {
  maxKeys: 64,
  maxRows: 100,
  holdMs: 12_000,
  lookMs: 3000,
  firstRetryMs: 50,
  longestRetryMs: 5000,
};

/** Looked for at once. */
const keysAtOnce = 500;

export class SharedOutbox {
  readonly #options: SharedOutboxOptions;
  readonly #limits: SharedOutboxLimits;
  /** Keys to be claimed. */
  readonly #noted = new Set<string>();
  /** Keys that are worked off, or being claimed; true for those of which more has come meanwhile. */
  readonly #busy = new Map<string, boolean>();
  /** Told once what is known of a key has been worked off. */
  readonly #waiting = new Map<string, (() => void)[]>();
  /** How often in a row a key could not be claimed. */
  readonly #refused = new Map<string, number>();
  #isClaiming = false;
  #isClosed = false;
  #looking: NodeJS.Timeout | undefined;
  #onIdle: PromiseWithResolvers<void> | undefined;

  constructor(options: SharedOutboxOptions) {
    this.#options = options;
    this.#limits = { ...defaultLimits, ...options.limits };
  }

  /** See {@link Outbox.add}. */
  async add(tx: Transaction, entries: readonly OutboxEntry[]): Promise<void> {
    if (entries.length === 0) return;
    await this.#options.store.add(tx, entries, this.#options.now());
    tx.afterCommit(() => this.#note(entries.map(({ key }) => key)));
  }

  /** See {@link OutboxStore.take}. */
  take(tx: Transaction, row: OutboxRow): Promise<boolean> {
    return this.#options.store.take(tx, row);
  }

  /** Begins to look for rows that nobody works off. @throws the store's failure, of the first time */
  async resume(): Promise<void> {
    await this.#look();
    this.#looking = setInterval(() => void this.#look().catch(this.#options.observer.failed), this.#limits.lookMs);
    this.#looking.unref();
  }

  /** Resolves when what this node has committed of these keys has taken effect. @param limitMs at most */
  async worked(keys: Iterable<string>, limitMs: number): Promise<void> {
    const limit = Promise.withResolvers<void>();
    const timer = setTimeout(limit.resolve, limitMs);
    const open = Array.from(keys).filter((key) => this.#noted.has(key) || this.#busy.has(key));
    const all = open.map(
      (key) => new Promise<void>((resolve) => this.#waiting.set(key, [...(this.#waiting.get(key) ?? []), resolve])),
    );
    await Promise.race([Promise.all(all), limit.promise]);
    clearTimeout(timer);
  }

  /** Resolves when what this node knows of has been worked off, here or elsewhere. @param limitMs at most */
  async close(limitMs: number): Promise<void> {
    clearInterval(this.#looking);
    this.#onIdle = Promise.withResolvers();
    const timer = setTimeout(this.#onIdle.resolve, limitMs);
    this.#settle();
    await this.#onIdle.promise;
    clearTimeout(timer);
    this.#isClosed = true;
  }

  async #look(): Promise<void> {
    this.#note(await this.#options.store.left(this.#limits.lookMs, keysAtOnce));
  }

  #note(keys: readonly string[]): void {
    for (const key of keys) {
      if (this.#busy.has(key)) this.#busy.set(key, true);
      else this.#noted.add(key);
    }
    this.#claimSoon();
  }

  #claimSoon(): void {
    this.#options.observer.waiting(this.#noted.size + this.#busy.size);
    if (this.#isClaiming || this.#isClosed || this.#noted.size === 0 || this.#busy.size >= this.#limits.maxKeys) return;
    this.#isClaiming = true;
    void this.#claim().finally(() => {
      this.#isClaiming = false;
      this.#claimSoon();
      this.#settle();
    });
  }

  async #claim(): Promise<void> {
    // What this turn still brings is claimed with it.
    await new Promise(setImmediate);
    const { maxKeys, holdMs, maxRows } = this.#limits;
    const keys = [...this.#noted].slice(0, maxKeys - this.#busy.size);
    for (const key of keys) {
      this.#noted.delete(key);
      this.#busy.set(key, false);
    }
    const fence = randomUUID();
    try {
      const claimed = await this.#options.store.claim(keys, fence, holdMs, maxRows);
      this.#options.observer.claimed(claimed.size);
      for (const key of keys) {
        const rows = claimed.get(key);
        if (rows === undefined) this.#tryLater(key);
        else void this.#workOff(key, fence, rows);
      }
    } catch (error) {
      this.#options.observer.failed(error);
      for (const key of keys) this.#tryLater(key);
    }
  }

  /** It stays busy until then. */
  #tryLater(key: string): void {
    const times = this.#refused.get(key) ?? 0;
    this.#refused.set(key, times + 1);
    setTimeout(() => this.#free(key, true), this.#pauseMs(times));
  }

  async #workOff(key: string, fence: string, rows: readonly OutboxRow[]): Promise<void> {
    const { store, observer } = this.#options;
    const { holdMs, maxRows } = this.#limits;
    const holding = setInterval(() => void store.hold(fence, holdMs).catch(observer.failed), holdMs / 4);
    const done: number[] = [];
    for (const row of rows) {
      if (!(await this.#workOffRow(row))) break;
      done.push(row.id);
    }
    clearInterval(holding);
    if (this.#busy.get(key) === false && done.length < maxRows) this.#tellWaiting(key);
    try {
      if (!(await store.release(key, fence, done))) observer.lost();
      this.#refused.delete(key);
      this.#free(key, rows.length === maxRows);
    } catch (error) {
      observer.failed(error);
      this.#tryLater(key);
    }
  }

  /** @returns false if it is left to the next start, or another node */
  async #workOffRow(row: OutboxRow): Promise<boolean> {
    const { handlers, observer } = this.#options;
    for (let failures = 0; !this.#isClosed; failures++) {
      try {
        await handlers[row.topic](row);
        return true;
      } catch (error) {
        observer.failed(error);
        // Nobody waits for a retry when the process stops.
        await new Promise<void>((resolve) => setTimeout(resolve, this.#pauseMs(failures)).unref());
      }
    }
    return false;
  }

  #free(key: string, isMoreLeft: boolean): void {
    const hasMore = this.#busy.get(key) === true || isMoreLeft;
    this.#busy.delete(key);
    if (hasMore) this.#noted.add(key);
    else this.#tellWaiting(key);
    this.#claimSoon();
    this.#settle();
  }

  #tellWaiting(key: string): void {
    for (const resolve of this.#waiting.get(key) ?? []) resolve();
    this.#waiting.delete(key);
  }

  #pauseMs(times: number): number {
    return Math.min(this.#limits.firstRetryMs * 2 ** times, this.#limits.longestRetryMs);
  }

  #settle(): void {
    if (this.#noted.size === 0 && this.#busy.size === 0 && !this.#isClaiming) this.#onIdle?.resolve();
  }
}
