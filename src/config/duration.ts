/** Durations as people write them: `90d`, `1h`, `250ms`. */

const unitMs: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/** @returns milliseconds, or undefined if `text` is not a whole number followed by ms, s, m, h or d. */
export function parseDuration(text: string): number | undefined {
  const match = /^(\d{1,12})(ms|s|m|h|d)$/.exec(text.trim());
  const unit = unitMs[match?.[2] ?? ''];
  if (match === null || unit === undefined) return undefined;
  return Number(match[1]) * unit;
}

/** @returns what {@link parseDuration} reads as `ms`, a whole number, in the largest unit that fits */
export function formatDuration(ms: number): string {
  const [name = 'ms', unit = 1] = Object.entries(unitMs).findLast(([, each]) => ms % each === 0) ?? [];
  return `${ms / unit}${name}`;
}
