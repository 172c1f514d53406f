/** Long loops in pieces, so that a step for thousands of sockets does not keep everybody else waiting. */

/** How long one piece may hold the event loop. */
export const sliceMs = 4;

/**
 * Visits all, at once as far as a slice reaches, the rest in later turns of the event loop. Of a Set or Map that changes
 * meanwhile, what is gone is not visited and what is new is. Rejects if `visit` throws.
 */
export async function forEachInSlices<Item>(items: Iterable<Item>, visit: (item: Item) => void): Promise<void> {
  let endsAtMs = performance.now() + sliceMs;
  for (const item of items) {
    visit(item);
    if (performance.now() < endsAtMs) continue;
    await new Promise(setImmediate);
    endsAtMs = performance.now() + sliceMs;
  }
}
