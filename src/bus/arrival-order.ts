/**
 * Puts what arrives from many nodes in the order of seqs, log by log, each seq once. What comes too early waits a moment
 * for what lies before it, which is then read from the database; what is not there either does not concern anybody here.
 * One log never waits for another. See docs/adr/0014.
 */
import { SeqSet } from './seq-set.ts';

export interface Arrival {
  readonly logID: string;
  /** 0 of what is not stored, which is in no order. */
  readonly seq: number;
  /** How long before it the one before was stored, in ms; undefined: long enough. */
  readonly followsMs?: number | undefined;
}

export interface ArrivalOrderOptions<Item extends Arrival> {
  /** Of a promise the log waits for the end. */
  readonly deliver: (item: Item) => void | Promise<void>;
  /** Adds those of the seqs that concern somebody here; resolves once it is known which. */
  readonly fetch: (logID: string, seqs: readonly number[]) => Promise<void>;
  readonly onFailure: (error: unknown) => void;
  /** Milliseconds that only ever go forward. */
  readonly monotonicMs: () => number;
  readonly limits?: Partial<ArrivalLimits>;
}

export interface ArrivalLimits {
  /** How long what comes too early waits before the database is asked. */
  readonly holdMs: number;
  /** Between two questions to a database that does not answer. */
  readonly askAgainMs: number;
  /**
   * What is so much older than what follows it is not waited for: it has been repaired, or was for nobody here. Nor is a
   * database that does not answer for so long.
   */
  readonly forgetAfterMs: number;
  readonly maxLogs: number;
  /** Of all logs together. */
  readonly maxHeld: number;
}

const defaultLimits: ArrivalLimits = {
  holdMs: 100,
  askAgainMs: 500,
  forgetAfterMs: 10_000,
  maxLogs: 20_000,
  maxHeld: 20_000,
};
/** Asked for at once; of a longer gap the end. Clients that miss so much pull it. */
const maxFetched = 500;

interface Log<Item> {
  /** Everything up to it has been delivered, or is not waited for any more. */
  last: number;
  readonly delivered: SeqSet;
  /** What came too early. */
  held: Map<number, Item> | undefined;
  timer: NodeJS.Timeout | undefined;
  isFetching: boolean;
  /** Since when the database has not answered; undefined if it has. */
  unansweredSinceMs: number | undefined;
  /** What follows a delivery that is under way; undefined while there is none. */
  queue: Item[] | undefined;
  /** Somebody wants to know when nothing waits any more. */
  settled: PromiseWithResolvers<void> | undefined;
}

export class ArrivalOrder<Item extends Arrival> implements Disposable {
  readonly #options: ArrivalOrderOptions<Item>;
  readonly #limits: ArrivalLimits;
  /** The one that was heard of first comes first. */
  readonly #logs = new Map<string, Log<Item>>();
  /** Logs that hold something, the one that has done so longest in front. */
  readonly #holding = new Set<Log<Item>>();
  #heldCount = 0;

  constructor(options: ArrivalOrderOptions<Item>) {
    this.#options = options;
    this.#limits = { ...defaultLimits, ...options.limits };
  }

  [Symbol.dispose](): void {
    for (const log of this.#holding) clearTimeout(log.timer);
  }

  /** Whether it has come lately, be it that it waits for what lies before it. */
  has(logID: string, seq: number): boolean {
    const log = this.#logs.get(logID);
    return log?.delivered.has(seq) === true || log?.held?.has(seq) === true;
  }

  /** Resolves when all that has arrived of the log is delivered; undefined if it is. */
  settled(logID: string): Promise<void> | undefined {
    const log = this.#logs.get(logID);
    if (log === undefined || (log.held === undefined && log.queue === undefined)) return undefined;
    log.settled ??= Promise.withResolvers();
    return log.settled.promise;
  }

  add(item: Item): void {
    const { logID, seq, followsMs = Number.POSITIVE_INFINITY } = item;
    if (seq === 0) return void this.#run(item);
    const waits = seq > 1 && followsMs < this.#limits.forgetAfterMs;
    const log = this.#logs.get(logID) ?? this.#begin(logID, waits ? seq - 2 : seq - 1);
    if (log.delivered.has(seq) || log.held?.has(seq)) return;
    if (!waits && log.held === undefined) log.last = Math.max(log.last, seq - 1);
    // Of a log of which nothing was delivered the one before each of those that have come may be on its way.
    if (waits && log.delivered.isEmpty && !log.isFetching) log.last = Math.min(log.last, seq - 2);
    if (seq > log.last + 1) {
      this.#hold(log, logID, item);
      return;
    }
    this.#emit(log, item);
    log.last = Math.max(log.last, seq);
    this.#drain(log, logID);
    this.#settle(log);
  }

  #begin(logID: string, last: number): Log<Item> {
    const log: Log<Item> = {
      last,
      delivered: new SeqSet(),
      held: undefined,
      timer: undefined,
      isFetching: false,
      unansweredSinceMs: undefined,
      queue: undefined,
      settled: undefined,
    };
    this.#logs.set(logID, log);
    const [oldest] = this.#logs;
    if (this.#logs.size > this.#limits.maxLogs && oldest !== undefined) {
      this.#logs.delete(oldest[0]);
      this.#release(oldest[1]);
    }
    return log;
  }

  #hold(log: Log<Item>, logID: string, item: Item): void {
    log.held ??= new Map();
    log.held.set(item.seq, item);
    this.#heldCount += 1;
    this.#holding.add(log);
    if (!log.isFetching) this.#wait(log, logID);
    const [longest] = this.#holding;
    if (this.#heldCount > this.#limits.maxHeld && longest !== undefined) this.#release(longest);
  }

  /** Delivers what no longer lacks anything. */
  #drain(log: Log<Item>, logID: string): void {
    const { held } = log;
    if (held === undefined) return;
    let hasMoved = false;
    for (let next = held.get(log.last + 1); next !== undefined; next = held.get(log.last + 1)) {
      this.#unhold(log, held, next);
      log.last = next.seq;
      this.#emit(log, next);
      hasMoved = true;
    }
    if (!hasMoved || log.isFetching) return;
    clearTimeout(log.timer);
    log.timer = undefined;
    // What comes too early now has a moment of its own.
    if (log.held !== undefined) this.#wait(log, logID);
  }

  #wait(log: Log<Item>, logID: string, ms = this.#limits.holdMs): void {
    if (log.timer !== undefined) return;
    const timer = setTimeout(
      () =>
        // What has come meanwhile, to a process that was busy, is read first.
        setImmediate(() => {
          if (log.timer === timer) void this.#fill(log, logID);
        }),
      ms,
    ).unref();
    log.timer = timer;
  }

  #unhold(log: Log<Item>, held: Map<number, Item>, { seq }: Item): void {
    if (held.delete(seq)) this.#heldCount -= 1;
    if (held.size > 0) return;
    log.held = undefined;
    this.#holding.delete(log);
  }

  /** Looks for what lacks, and goes on without what is not there. */
  async #fill(log: Log<Item>, logID: string): Promise<void> {
    log.timer = undefined;
    if (log.held === undefined) return;
    const upTo = Math.max(...log.held.keys());
    const lacking: number[] = [];
    for (let seq = upTo - 1; seq > log.last && lacking.length < maxFetched; seq -= 1) {
      if (!log.held.has(seq) && !log.delivered.has(seq)) lacking.push(seq);
    }
    log.isFetching = true;
    const isAnswered = await this.#fetch(log, logID, lacking);
    log.isFetching = false;
    if (!isAnswered && log.held !== undefined) {
      this.#wait(log, logID, this.#limits.askAgainMs);
      return;
    }
    this.#release(log, upTo);
    if (log.held !== undefined) this.#wait(log, logID);
  }

  /** @returns false if the database is to be asked again; what it has not told for too long is delivered late, if at all */
  async #fetch(log: Log<Item>, logID: string, seqs: readonly number[]): Promise<boolean> {
    const { onFailure, monotonicMs } = this.#options;
    try {
      await this.#options.fetch(logID, seqs);
      log.unansweredSinceMs = undefined;
      return true;
    } catch (error) {
      onFailure(error);
      log.unansweredSinceMs ??= monotonicMs();
      return monotonicMs() - log.unansweredSinceMs >= this.#limits.forgetAfterMs;
    }
  }

  /** Delivers in order what is held, whatever lacks in between. */
  #release(log: Log<Item>, upTo = Number.POSITIVE_INFINITY): void {
    const { held } = log;
    if (held === undefined) return;
    for (const [seq, item] of [...held].sort(([a], [b]) => a - b)) {
      if (seq > upTo && seq > log.last + 1) return;
      this.#unhold(log, held, item);
      log.last = Math.max(log.last, seq);
      this.#emit(log, item);
    }
    clearTimeout(log.timer);
    log.timer = undefined;
    this.#settle(log);
  }

  #settle(log: Log<Item>): void {
    if (log.settled === undefined || log.held !== undefined || log.queue !== undefined) return;
    log.settled.resolve();
    log.settled = undefined;
  }

  #emit(log: Log<Item>, item: Item): void {
    log.delivered.add(item.seq);
    if (log.queue !== undefined) log.queue.push(item);
    else {
      const delivering = this.#run(item);
      if (delivering !== undefined) void this.#deliverRest(log, delivering);
    }
  }

  async #deliverRest(log: Log<Item>, first: Promise<void>): Promise<void> {
    const queue: Item[] = [];
    log.queue = queue;
    await first;
    for (let item = queue.shift(); item !== undefined; item = queue.shift()) await this.#run(item);
    log.queue = undefined;
    this.#settle(log);
  }

  /** Never rejects. */
  #run(item: Item): Promise<void> | undefined {
    const { deliver, onFailure } = this.#options;
    try {
      return deliver(item)?.catch(onFailure);
    } catch (error) {
      onFailure(error);
      return undefined;
    }
  }
}
