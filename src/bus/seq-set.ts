/** A set of numbers that mostly follow one another, in little room: of many gaps it forgets the oldest. */
export class SeqSet {
  /** Ascending, neither touching nor overlapping; both ends included. */
  readonly #ranges: { from: number; to: number }[] = [];
  readonly #maxRanges: number;

  constructor(maxRanges = 32) {
    this.#maxRanges = maxRanges;
  }

  get isEmpty(): boolean {
    return this.#ranges.length === 0;
  }

  has(seq: number): boolean {
    const range = this.#ranges[this.#placeOf(seq)];
    return range !== undefined && range.to >= seq;
  }

  add(seq: number): void {
    const ranges = this.#ranges;
    const place = this.#placeOf(seq);
    const [before, after] = [ranges[place], ranges[place + 1]];
    if (before !== undefined && before.to >= seq) return;
    const follows = before !== undefined && before.to === seq - 1;
    const precedes = after !== undefined && after.from === seq + 1;
    if (follows && precedes) {
      before.to = after.to;
      ranges.splice(place + 1, 1);
    } else if (follows) before.to = seq;
    else if (precedes) after.from = seq;
    else ranges.splice(place + 1, 0, { from: seq, to: seq });
    if (ranges.length > this.#maxRanges) ranges.shift();
  }

  /** @returns the place of the last range that begins at or below; -1 if there is none */
  #placeOf(seq: number): number {
    // What is asked for is nearly always at the end.
    return this.#ranges.findLastIndex(({ from }) => from <= seq);
  }
}
