/**
 * Collects entries and writes them in batches, so that nobody who adds one waits. While writing fails, entries wait in a
 * buffer of limited size; what does not fit is lost, and counted.
 */

export interface BatchWriterOptions<Entry> {
  /** All of the entries or, on rejection, none. */
  readonly write: (entries: readonly Entry[]) => Promise<void>;
  readonly maxBatch: number;
  /** How long an entry waits for others at most. */
  readonly everyMs: number;
  /** Entries that wait; more are lost. */
  readonly maxWaiting: number;
  readonly observer: BatchObserver;
}

export interface BatchObserver {
  /** Writing has begun to fail. */
  failed(error: unknown): void;
  /** So many entries have been lost just now. */
  dropped(count: number): void;
  /** Writing works again, or is given up because the writer is closed; so many were lost meanwhile. */
  outageEnded(dropped: number): void;
}

export class BatchWriter<Entry> implements AsyncDisposable {
  readonly #options: BatchWriterOptions<Entry>;
  readonly #waiting: Entry[] = [];
  #timer: NodeJS.Timeout | undefined;
  #running: Promise<void> | undefined;
  #isFailing = false;
  #dropped = 0;

  constructor(options: BatchWriterOptions<Entry>) {
    this.#options = options;
  }

  add(entry: Entry): void {
    const { maxBatch, maxWaiting } = this.#options;
    if (this.#waiting.length >= maxWaiting) {
      this.#drop(1);
      return;
    }
    this.#waiting.push(entry);
    if (this.#waiting.length === maxBatch) void this.flush();
    else this.#schedule();
  }

  /** Resolves when every entry that was added before has been written, or writing has failed. Never rejects. */
  flush(): Promise<void> {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#running ??= this.#writeAll().finally(() => {
      this.#running = undefined;
      if (this.#waiting.length > 0) this.#schedule();
    });
    return this.#running;
  }

  /** Writes what is waiting; what cannot be written is lost. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.flush();
    clearTimeout(this.#timer);
    if (this.#waiting.length > 0) this.#drop(this.#waiting.splice(0).length);
    this.#endOutage();
  }

  #schedule(): void {
    if (this.#running === undefined) this.#timer ??= setTimeout(() => this.flush(), this.#options.everyMs);
  }

  async #writeAll(): Promise<void> {
    const { write, maxBatch, observer } = this.#options;
    while (this.#waiting.length > 0) {
      const batch = this.#waiting.slice(0, maxBatch);
      try {
        await write(batch);
      } catch (error) {
        if (!this.#isFailing) observer.failed(error);
        this.#isFailing = true;
        return;
      }
      this.#waiting.splice(0, batch.length);
      this.#endOutage();
    }
  }

  #drop(count: number): void {
    this.#dropped += count;
    this.#options.observer.dropped(count);
  }

  #endOutage(): void {
    if (!this.#isFailing && this.#dropped === 0) return;
    this.#options.observer.outageEnded(this.#dropped);
    this.#isFailing = false;
    this.#dropped = 0;
  }
}
