/** Figures as the tables of the benchmarks print them. */

export function median(all: readonly number[]): number {
  return all.toSorted((a, b) => a - b)[all.length >> 1] ?? Number.NaN;
}

export function whole(value: number): string {
  return Math.round(value).toLocaleString('en');
}
