/** Resolves when all that can run in this turn of the event loop has; ticks come after whatever promises set going. */
export function nothingLeftToRun(): Promise<void> {
  return new Promise((resolve) => queueMicrotask(() => process.nextTick(resolve)));
}
