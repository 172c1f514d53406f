/**
 * Notices when a clock jumps, by a clock that cannot. Whatever deletes by the time of day asks here first:
 * what a wrong clock takes for long over may have months to live.
 */

export interface ClockWatchOptions {
  /** Unix ms. */
  readonly clock: () => number;
  /** Milliseconds that only ever go forward. */
  readonly monotonicMs: () => number;
  /** Told of each step; back is negative. */
  readonly onStep: (stepMs: number) => void;
}

/** NTP that slews stays far below that between two looks, and one that steps does so from 128 ms on. */
const smallestStepMs = 1000;
/** For as long the clock must have gone steadily before anything is deleted by it; also after a start. */
const steadyAfterMs = 3_600_000;

export class ClockWatch {
  readonly #options: ClockWatchOptions;
  /** Unix ms when the monotonic clock was at 0. */
  #zeroAt: number;
  #steadySinceMs: number;
  #hasStepped = false;

  constructor(options: ClockWatchOptions) {
    this.#options = options;
    this.#zeroAt = options.clock() - options.monotonicMs();
    this.#steadySinceMs = options.monotonicMs();
  }

  /** To be called every second or so. Small drifts add up to no step. */
  look(): void {
    const { clock, monotonicMs, onStep } = this.#options;
    const zeroAt = clock() - monotonicMs();
    const stepMs = zeroAt - this.#zeroAt;
    this.#zeroAt = zeroAt;
    if (Math.abs(stepMs) < smallestStepMs) return;
    this.#steadySinceMs = monotonicMs();
    this.#hasStepped = true;
    onStep(stepMs);
  }

  /** The clock is another one from now on, which is no step. */
  begin(): void {
    this.#zeroAt = this.#options.clock() - this.#options.monotonicMs();
  }

  /** Whether the clock has gone steadily for an hour, this moment included. */
  isSteady(): boolean {
    this.look();
    return this.#options.monotonicMs() - this.#steadySinceMs >= steadyAfterMs;
  }

  /** Whether it has made a step within the last hour, as far as can be known: it may have before this process. */
  hasStepped(): boolean {
    return !this.isSteady() && this.#hasStepped;
  }
}
