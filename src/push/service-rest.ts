/** A push service that takes nothing is left alone for a while, and asked again now and then: its outage holds up nothing else. */

export class ServiceRest {
  readonly #monotonicMs: () => number;
  /** In a row, of what was to be sent. */
  #failures = 0;
  #rests = 0;
  #untilMs = Number.NEGATIVE_INFINITY;

  constructor(monotonicMs: () => number) {
    this.#monotonicMs = monotonicMs;
  }

  /** How long it is not to be asked; 0: it may be. */
  get leftMs(): number {
    return Math.max(0, this.#untilMs - this.#monotonicMs());
  }

  /** @param failed so many could not be taken then @param answered so many were taken, or refused for good */
  note(failed: number, answered: number): void {
    if (answered > 0) {
      this.#failures = 0;
      this.#rests = 0;
      return;
    }
    this.#failures += failed;
    if (this.#failures < failuresBefore || this.leftMs > 0) return;
    this.#untilMs = this.#monotonicMs() + Math.min(longestMs, firstMs * 2 ** this.#rests++);
  }
}

/** One device may be told to wait, for it is woken too often. */
const failuresBefore = 5;
const firstMs = 1000;
const longestMs = 30_000;
