/**
 * Works off the deliveries of one topic: claims keys, hands their rows to the topic's handler one after another, and keeps
 * what became of them. Any number of processes may do so at once. A row is delivered at least once: after a crash, or by a
 * process that was stopped and goes on, it may be a second time, with the same ID. See docs/adr/0015.
 */
import { setImmediate as nextTurn } from 'node:timers/promises';
import type {
  Delivery,
  DeliveryClaim,
  DeliveryEntry,
  DeliveryStore,
  DeliveryTopic,
  Settlement,
} from './delivery-store.ts';

/** Why a row could not be delivered now. */
export class DeliveryError extends Error {
  /** What the receiver asks for; undefined if it does not say. */
  readonly retryAfterMs: number | undefined;

  /** @param message is kept and shown to operators: nothing secret, nothing a client has said */
  constructor(message: string, retryAfterMs?: number) {
    super(message);
    this.retryAfterMs = retryAfterMs;
  }
}

/** What has become of a row that was not delivered as one thing. */
export interface PartlyDelivered {
  /** To be delivered by and by, each by itself, under keys other than that of the row. */
  readonly following: readonly DeliveryEntry[];
  /** What is left of the row under its key; undefined if nothing is. */
  readonly left?: {
    readonly payload: string;
    /** Why it is to be tried again later; undefined if it was only too much for one turn. */
    readonly error?: unknown;
  };
}

export interface DeliveryWorkerOptions {
  readonly topic: DeliveryTopic;
  readonly store: Pick<DeliveryStore, 'claim' | 'open' | 'settle'>;
  /** Resolves when the receiver has it. A {@link DeliveryError}, or whatever else it throws, means to try again later. */
  readonly deliver: (row: Delivery, signal: AbortSignal) => Promise<PartlyDelivered | undefined> | Promise<void>;
  /** Unix ms. */
  readonly now: () => number;
  readonly observer: DeliveryObserver;
  /** See {@link defaultLimits}. */
  readonly limits?: Partial<DeliveryLimits>;
}

export interface DeliveryObserver {
  delivered(): void;
  /** It is tried again, or was parked. */
  failed(row: Delivery, error: unknown, isParked: boolean): void;
  /** The store could not be asked; it is again. */
  heldUp(error: unknown): void;
}

export interface DeliveryLimits {
  /** Keys that are worked off at once by this process. */
  readonly maxKeys: number;
  /** Rows of a key that one claim delivers at the most. */
  readonly rowsPerClaim: number;
  /** A claim of a process that has died ends after so long; it begins no row after half of it. */
  readonly claimMs: number;
  /** How often to look for what other processes have left, or what is due again. */
  readonly pollMs: number;
  /** The shortest time between two looks, while there is always something new. */
  readonly restMs: number;
  /** The wait after a first failure, which doubles with each more. */
  readonly firstRetryMs: number;
  readonly longestRetryMs: number;
  /** A row that has failed so often is parked. */
  readonly maxAttempts: number;
}

const defaultLimits: DeliveryLimits = {
  maxKeys: 128,
  rowsPerClaim: 32,
  claimMs: 60_000,
  pollMs: 1000,
  restMs: 50,
  firstRetryMs: 1000,
  longestRetryMs: 300_000,
  maxAttempts: 20,
};

export class DeliveryWorker implements AsyncDisposable {
  readonly #options: DeliveryWorkerOptions;
  readonly #limits: DeliveryLimits;
  readonly #aborting = new AbortController();
  readonly #lanes = new Set<Promise<void>>();
  /** Resolves a rest of the loop early. */
  #wake = Promise.withResolvers<void>();
  /** Resolves when the loop looks again: what has ended by then is settled with one sync of an embedded database. */
  #look = Promise.withResolvers<void>();
  #running: Promise<void> | undefined;
  #isClosed = false;

  constructor(options: DeliveryWorkerOptions) {
    this.#options = options;
    this.#limits = { ...defaultLimits, ...options.limits };
  }

  start(): void {
    this.#running ??= this.#run();
  }

  /** There is something new: called after the commit of it. */
  wake(): void {
    this.#wake.resolve();
  }

  /** Nothing more is begun; what is under way has `limitMs` to end, and is given up then. */
  async close(limitMs: number): Promise<void> {
    this.#isClosed = true;
    this.wake();
    const timer = setTimeout(() => this.#aborting.abort(), limitMs);
    await this.#running;
    this.#look.resolve();
    await Promise.all(this.#lanes);
    clearTimeout(timer);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close(0);
  }

  async #run(): Promise<void> {
    const { store, topic, now, observer } = this.#options;
    const { maxKeys, claimMs, pollMs, restMs } = this.#limits;
    while (!this.#isClosed) {
      const room = maxKeys - this.#lanes.size;
      // What comes from now on is seen by the next look.
      this.#wake = Promise.withResolvers();
      this.#look.resolve();
      this.#look = Promise.withResolvers();
      let hasFound = false;
      try {
        const at = now();
        const claims = room > 0 ? await store.claim(topic, at, at + claimMs, room) : [];
        hasFound = claims.length > 0;
        for (const claim of claims) {
          this.#begin(claim);
          // An embedded database answers without a turn of the event loop: others have theirs between the keys.
          await nextTurn();
        }
      } catch (error) {
        observer.heldUp(error);
      }
      await rest(hasFound ? restMs : pollMs, hasFound ? undefined : this.#wake.promise);
    }
  }

  #begin(claim: DeliveryClaim): void {
    const lane = this.#workOff(claim).catch((error: unknown) => this.#options.observer.heldUp(error));
    this.#lanes.add(lane);
    void lane.finally(() => {
      this.#lanes.delete(lane);
      this.wake();
    });
  }

  async #workOff(claim: DeliveryClaim): Promise<void> {
    const { store, now, observer } = this.#options;
    const { rowsPerClaim, claimMs } = this.#limits;
    const begunAt = performance.now();
    const delivered: number[] = [];
    const following: DeliveryEntry[] = [];
    let kept: Pick<Settlement, 'failed' | 'dueAt'> = { dueAt: now() };
    for (const row of await store.open(claim, rowsPerClaim)) {
      if (this.#isClosed || performance.now() - begunAt > claimMs / 2) break;
      const result = await this.#deliver(row);
      following.push(...(result.following ?? []));
      if (result.left === undefined) {
        delivered.push(row.id);
        observer.delivered();
        continue;
      }
      kept = this.#keep(row, result.left);
      break;
    }
    this.wake();
    if (!this.#isClosed) await this.#look.promise;
    // If it was taken over meanwhile, the other one delivers and removes the rows.
    await store.settle(claim, { delivered, following: { entries: following, at: now() }, ...kept });
  }

  async #deliver(row: Delivery): Promise<Partial<PartlyDelivered>> {
    try {
      return (await this.#options.deliver(row, this.#aborting.signal)) ?? {};
    } catch (error) {
      return { left: { payload: row.payload, error } };
    }
  }

  /** What is not done of a row, and when its key has its turn again. */
  #keep(row: Delivery, { payload, error }: NonNullable<PartlyDelivered['left']>) {
    const { now, observer } = this.#options;
    // Cut off by the end of the process: no fault of the receiver's.
    if (error === undefined || this.#aborting.signal.aborted) {
      const { id, attempts } = row;
      return { failed: { id, attempts, failure: '', parkedAt: undefined, payload }, dueAt: now() };
    }
    const { failed, dueAt } = this.#failureOf(row, error);
    observer.failed(row, error, failed.parkedAt !== undefined);
    return { failed: { ...failed, payload }, dueAt };
  }

  #failureOf(row: Delivery, error: unknown) {
    const { firstRetryMs, longestRetryMs, maxAttempts } = this.#limits;
    const at = this.#options.now();
    const attempts = row.attempts + 1;
    const isLast = attempts >= maxAttempts;
    const asked = error instanceof DeliveryError ? (error.retryAfterMs ?? 0) : 0;
    const waitMs = Math.min(Math.max(asked, firstRetryMs * 2 ** row.attempts), longestRetryMs);
    const failure = error instanceof DeliveryError ? error.message : 'it could not be delivered';
    const failed = { id: row.id, attempts, failure, parkedAt: isLast ? at : undefined };
    // Behind a parked row the next one has its turn at once, unless the receiver wants to be left alone.
    return { failed, dueAt: at + (isLast ? Math.min(asked, longestRetryMs) : waitMs) };
  }
}

/** Of at most `ms`, or until `woken`. */
async function rest(ms: number, woken: Promise<void> | undefined): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const timer = setTimeout(resolve, ms);
  timer.unref();
  void woken?.then(resolve);
  await promise;
  clearTimeout(timer);
}
