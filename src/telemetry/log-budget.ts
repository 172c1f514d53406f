/** Lines in the log that clients can cause: only so many in a window, and the next one says how many were left out. */
export interface LogBudgetOptions {
  readonly maxLines: number;
  readonly windowMs: number;
  /** Milliseconds that only ever go forward. */
  readonly monotonicMs: () => number;
}

export class LogBudget {
  readonly #options: LogBudgetOptions;
  #windowEndsAtMs = 0;
  #lines = 0;
  #leftOut = 0;

  constructor(options: LogBudgetOptions) {
    this.#options = options;
  }

  /** Logs, unless there was too much of it; `write` is told how many lines were left out before this one. */
  spend(write: (leftOut: number) => void): void {
    const { maxLines, windowMs, monotonicMs } = this.#options;
    const nowMs = monotonicMs();
    if (nowMs >= this.#windowEndsAtMs) {
      this.#windowEndsAtMs = nowMs + windowMs;
      this.#lines = 0;
    }
    if (this.#lines === maxLines) {
      this.#leftOut++;
      return;
    }
    this.#lines++;
    write(this.#leftOut);
    this.#leftOut = 0;
  }
}
