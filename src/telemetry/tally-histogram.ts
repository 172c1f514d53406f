/**
 * A histogram with two labels for what each request does: as `TallyCounter` it finds the place of a value without a text
 * of the labels, and what prom-client exposes is made when somebody looks.
 */
import { Histogram, type HistogramConfiguration } from 'prom-client';
import { type LabelValue, TallyTable } from './tally-table.ts';

interface Options<Label extends string> extends HistogramConfiguration<Label> {
  readonly labelNames: readonly [Label, Label];
  readonly buckets: number[];
}

export class TallyHistogram<Label extends string> extends Histogram<Label> {
  readonly #options: Options<Label>;
  readonly #tallies: TallyTable<Tally>;

  constructor(options: Options<Label>) {
    super(options);
    this.#options = options;
    this.#tallies = new TallyTable(() => ({ counts: new Array(options.buckets.length + 1).fill(0), count: 0, sum: 0 }));
  }

  /** Instead of `observe`. */
  tally(first: LabelValue, second: LabelValue, value: number): void {
    const { buckets } = this.#options;
    const tally = this.#tallies.of(first, second);
    tally.count++;
    tally.sum += value;
    let bucket = 0;
    while (bucket < buckets.length && value > (buckets[bucket] ?? 0)) bucket++;
    tally.counts[bucket] = (tally.counts[bucket] ?? 0) + 1;
  }

  /** What both `get` and the registry ask for. */
  override async getForPromString(): Promise<object> {
    return { ...(await super.getForPromString()), values: [...this.#values()] };
  }

  /** As prom-client hands them to what writes them. */
  *#values() {
    const { name, labelNames, buckets } = this.#options;
    const [firstName, secondName] = labelNames;
    for (const [first, second, { counts, count, sum }] of this.#tallies) {
      const sharedLabels = { [firstName]: first, [secondName]: second };
      let below = 0;
      for (const [index, le] of [...buckets, '+Inf'].entries()) {
        below += counts[index] ?? 0;
        yield { metricName: `${name}_bucket`, labels: { le }, sharedLabels, value: below };
      }
      yield { metricName: `${name}_sum`, labels: {}, sharedLabels, value: sum };
      yield { metricName: `${name}_count`, labels: {}, sharedLabels, value: count };
    }
  }
}

declare module 'prom-client' {
  interface Histogram<T extends string = string> {
    /** Its types do not have it. */
    getForPromString(): Promise<object>;
  }
}

interface Tally {
  /** By bucket: in it and in no smaller one; the last are in none. */
  readonly counts: number[];
  count: number;
  sum: number;
}
