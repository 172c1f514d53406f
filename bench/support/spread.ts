/** What a histogram comes down to in a table. */
import type { RecordableHistogram } from 'node:perf_hooks';

export interface Spread {
  readonly p50: number;
  readonly p99: number;
  readonly max: number;
}

/** @param unit what one of the histogram's values is divided by */
export function spreadOf(histogram: Pick<RecordableHistogram, 'percentile' | 'max' | 'count'>, unit = 1): Spread {
  if (histogram.count === 0) return { p50: 0, p99: 0, max: 0 };
  return {
    p50: histogram.percentile(50) / unit,
    p99: histogram.percentile(99) / unit,
    max: histogram.max / unit,
  };
}
