/** A set of seqs, kept as the spans that it has no holes in: small however many there are, as long as few are missing. */

export interface Span {
  readonly begin: number;
  /** Included. */
  readonly end: number;
}

export class SeqSpans {
  /** Ascending, none touches the next. */
  readonly #spans: { begin: number; end: number }[] = [];

  get newest(): number {
    return this.#spans.at(-1)?.end ?? 0;
  }

  add(seq: number): void {
    let index = this.#spans.length;
    while (index > 0 && (this.#spans[index - 1]?.begin ?? 0) > seq) index -= 1;
    const [before, after] = [this.#spans[index - 1], this.#spans[index]];
    if (before !== undefined && seq <= before.end) return;
    if (before?.end === seq - 1 && after?.begin === seq + 1) {
      before.end = after.end;
      this.#spans.splice(index, 1);
    } else if (before?.end === seq - 1) before.end = seq;
    else if (after?.begin === seq + 1) after.begin = seq;
    else this.#spans.splice(index, 0, { begin: seq, end: seq });
  }

  /** What of `lower` to `upper`, both included, is not in the set. */
  missing(lower: number, upper: number): Span[] {
    const holes: Span[] = [];
    let next = lower;
    for (const { begin, end } of this.#spans) {
      if (begin > upper) break;
      if (begin > next) holes.push({ begin: next, end: begin - 1 });
      next = Math.max(next, end + 1);
    }
    if (next <= upper) holes.push({ begin: next, end: upper });
    return holes;
  }
}
