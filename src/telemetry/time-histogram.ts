/**
 * A histogram of durations for what each request does. prom-client's own writes a text of the labels and one of the bucket
 * for each value, and looks both up: more than all else that a request is counted by. Here a series is found by its
 * labels' values and a bucket by its number; Prometheus sees the same.
 */
import type { Metric, MetricObjectWithValues, MetricValueWithName, Registry } from 'prom-client';

export interface TimeHistogramOptions {
  readonly name: string;
  readonly help: string;
  /** One or two. */
  readonly labelNames: readonly [string, string?];
  /** Upper bounds in seconds, rising. */
  readonly buckets: readonly number[];
  readonly registers: readonly Registry[];
}

type LabelValue = string | number;
type Exported = MetricObjectWithValues<MetricValueWithName<string>>;

interface Series {
  readonly labels: Record<string, LabelValue>;
  /** Values up to each bound and above the one before; the last are beyond all bounds. */
  readonly counts: number[];
  sum: number;
}

export class TimeHistogram {
  readonly name: string;
  readonly labelNames: readonly string[];
  readonly #options: TimeHistogramOptions;
  /** By the values of the first and the second label. */
  readonly #series = new Map<LabelValue, Map<LabelValue, Series>>();

  constructor(options: TimeHistogramOptions) {
    this.name = options.name;
    this.labelNames = options.labelNames.filter((name) => name !== undefined);
    this.#options = options;
    // What a registry asks of a metric are its name and `get`.
    for (const registry of options.registers) registry.registerMetric(this as unknown as Metric);
  }

  /** @param second of the second label, if there is one */
  observe(seconds: number, first: LabelValue, second: LabelValue = ''): void {
    const series = this.#series.get(first)?.get(second) ?? this.#add(first, second);
    const { buckets } = this.#options;
    let bucket = 0;
    while (bucket < buckets.length && seconds > (buckets[bucket] ?? 0)) bucket++;
    series.counts[bucket] = (series.counts[bucket] ?? 0) + 1;
    series.sum += seconds;
  }

  /** For the registry. */
  async get(): Promise<Exported> {
    const { name, help } = this.#options;
    const all = [...this.#series.values()].flatMap((bySecond) => [...bySecond.values()]);
    const values = all.flatMap((series) => this.#export(series));
    return { name, help, type: 'histogram', aggregator: 'sum', values } as unknown as Exported;
  }

  /** For the registry. */
  reset(): void {
    this.#series.clear();
  }

  #add(first: LabelValue, second: LabelValue): Series {
    const { labelNames, buckets } = this.#options;
    const [firstName, secondName] = labelNames;
    const labels = { [firstName]: first, ...(secondName === undefined ? {} : { [secondName]: second }) };
    const series = { labels, counts: Array.from({ length: buckets.length + 1 }, () => 0), sum: 0 };
    const bySecond = this.#series.get(first) ?? new Map<LabelValue, Series>();
    this.#series.set(first, bySecond.set(second, series));
    return series;
  }

  #export({ labels, counts, sum }: Series) {
    const { name, buckets } = this.#options;
    let count = 0;
    const bounds = [...buckets, '+Inf'].map((le, index) => {
      count += counts[index] ?? 0;
      return { metricName: `${name}_bucket`, labels: { le, ...labels }, value: count };
    });
    return [
      ...bounds,
      { metricName: `${name}_sum`, labels, value: sum },
      { metricName: `${name}_count`, labels, value: count },
    ];
  }
}
