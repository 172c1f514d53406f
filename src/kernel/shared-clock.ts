/**
 * The time by which a node judges: that of the store which all nodes of a cluster share, so that they agree although
 * their hosts' clocks do not. Between two readings it goes on by the monotonic clock. Before the first one, and where
 * nothing is shared, it is the host's own.
 */

export interface SharedClockOptions {
  /** Of the host, Unix ms. */
  readonly hostClock: () => number;
  /** Milliseconds that only ever go forward. */
  readonly monotonicMs: () => number;
}

/** How far two crystals may be apart, and a slew by NTP goes. */
const driftPerMs = 0.0005;
/** Back. Less is made up for by standing still. */
const smallestStepMs = 1000;

export class SharedClock {
  readonly #options: SharedClockOptions;
  /** Between which bounds the store's clock was when the monotonic one was at 0, ms; as known at `knownAtMs`. */
  #bounds: { readonly from: number; readonly to: number; readonly knownAtMs: number } | undefined;
  #last = Number.NEGATIVE_INFINITY;

  constructor(options: SharedClockOptions) {
    this.#options = options;
  }

  /** Unix ms, whole. Never less than before, unless somebody has set the clock that it follows. */
  now(): number {
    const zeroAt = this.#zeroAt;
    if (zeroAt === undefined) return this.#options.hostClock();
    this.#last = Math.max(this.#last, Math.floor(zeroAt + this.#options.monotonicMs()));
    return this.#last;
  }

  /**
   * The store's clock said `at` (whole ms) within these two ms of the monotonic clock. Readings that took long do no harm:
   * what is known is what all of late agree on.
   */
  note(at: number, sentAtMs: number, receivedAtMs: number): void {
    const [from, to] = [at - receivedAtMs, at + 1 - sentAtMs];
    const known = this.#bounds;
    const before = this.#zeroAt;
    const drift = known === undefined ? 0 : (receivedAtMs - known.knownAtMs) * driftPerMs;
    const isNew = known === undefined || from > known.to + drift || to < known.from - drift;
    this.#bounds = {
      from: isNew ? from : Math.max(from, known.from - drift),
      to: isNew ? to : Math.min(to, known.to + drift),
      knownAtMs: receivedAtMs,
    };
    if (isNew && before !== undefined && (from + to) / 2 < before - smallestStepMs)
      this.#last = Number.NEGATIVE_INFINITY;
  }

  /** By how much the host's clock is ahead of the store's, ms; 0 where nothing is shared. */
  get hostAheadMs(): number {
    const zeroAt = this.#zeroAt;
    if (zeroAt === undefined) return 0;
    return Math.round(this.#options.hostClock() - zeroAt - this.#options.monotonicMs());
  }

  /** How wrong {@link now} may be at most, ms; 0 where nothing is shared. */
  get uncertaintyMs(): number {
    if (this.#bounds === undefined) return 0;
    const { from, to, knownAtMs } = this.#bounds;
    return (to - from) / 2 + (this.#options.monotonicMs() - knownAtMs) * driftPerMs;
  }

  get #zeroAt(): number | undefined {
    return this.#bounds === undefined ? undefined : (this.#bounds.from + this.#bounds.to) / 2;
  }
}
