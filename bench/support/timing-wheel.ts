/** Things that are due at some millisecond within the next seconds, hundreds of thousands of them. */
export class TimingWheel<T> {
  readonly #slots: T[][];
  #turnedTo: number;

  /** @param now Unix ms. @param spanMs nothing is added further ahead than that */
  constructor(now: number, spanMs: number) {
    this.#slots = Array.from({ length: spanMs }, () => []);
    this.#turnedTo = Math.floor(now);
  }

  /** What is due already comes with the next turn. */
  add(dueAt: number, item: T): void {
    const at = Math.max(Math.ceil(dueAt), this.#turnedTo + 1);
    if (at - this.#turnedTo >= this.#slots.length) throw new Error('due beyond the span of the wheel');
    this.#slots[at % this.#slots.length]!.push(item);
  }

  /** All that has come due, in its order; never before its time. */
  *turn(now: number): Generator<T> {
    while (this.#turnedTo < Math.floor(now)) {
      this.#turnedTo += 1;
      const slot = this.#turnedTo % this.#slots.length;
      const items = this.#slots[slot]!;
      this.#slots[slot] = [];
      yield* items;
    }
  }
}
