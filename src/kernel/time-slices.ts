/** Long loops in pieces, so that a step for thousands of sockets does not keep everybody else waiting. */

/** How long one piece may hold the event loop. */
export const sliceMs = 4;

/** A slice after another, for one long piece of work that asks whether its slice is over. */
export class TimeSlices {
  #endsAtMs = performance.now() + sliceMs;

  get isOver(): boolean {
    return performance.now() >= this.#endsAtMs;
  }

  /** Resolves in a later turn of the event loop, where the next slice begins. */
  async next(): Promise<void> {
    await new Promise(setImmediate);
    this.#endsAtMs = performance.now() + sliceMs;
  }
}

/**
 * Visits all, at once as far as a slice reaches, the rest in later turns of the event loop. Of a Set or Map that changes
 * meanwhile, what is gone is not visited and what is new is. Rejects if `visit` throws.
 */
export async function forEachInSlices<Item>(items: Iterable<Item>, visit: (item: Item) => void): Promise<void> {
  const slices = new TimeSlices();
  for (const item of items) {
    visit(item);
    if (slices.isOver) await slices.next();
  }
}

/** As {@link forEachInSlices}, but evenly over so many ms. */
export async function forEachOver<Item>(
  items: readonly Item[],
  durationMs: number,
  visit: (item: Item) => void,
): Promise<void> {
  const begunAtMs = performance.now();
  for (let visited = 0; visited < items.length; ) {
    const share = durationMs === 0 ? 1 : (performance.now() - begunAtMs) / durationMs;
    const due = Math.min(items.length, Math.ceil(items.length * share) || 1);
    await forEachInSlices(items.slice(visited, due), visit);
    visited = Math.max(visited, due);
    if (visited < items.length) await new Promise((resolve) => setTimeout(resolve, stepMs));
  }
}

/** Between two times at which some are visited. */
const stepMs = 10;

/** As Array's `map`, in slices. */
export async function mapInSlices<Item, Result>(
  items: Iterable<Item>,
  make: (item: Item) => Result,
): Promise<Result[]> {
  const made: Result[] = [];
  await forEachInSlices(items, (item) => made.push(make(item)));
  return made;
}

/** As Array's `toSorted`, in slices: equal ones stay in their order. */
export async function sortedInSlices<Item>(
  items: readonly Item[],
  compare: (a: Item, b: Item) => number,
): Promise<Item[]> {
  const slices = new TimeSlices();
  let runs: Item[][] = [];
  for (let from = 0; from < items.length; from += runLength) {
    runs.push(items.slice(from, from + runLength).sort(compare));
    if (slices.isOver) await slices.next();
  }
  while (runs.length > 1) {
    const longer: Item[][] = [];
    for (let index = 0; index < runs.length; index += 2) {
      const merged: Item[] = [];
      for (const item of merge(runs[index] ?? [], runs[index + 1] ?? [], compare)) {
        merged.push(item);
        if (merged.length % runLength === 0 && slices.isOver) await slices.next();
      }
      longer.push(merged);
    }
    runs = longer;
  }
  return runs[0] ?? [];
}

/** Items that are sorted at once. */
const runLength = 256;

/** @param first and @param second are sorted; what is equal comes from `first` before */
function* merge<Item>(
  first: readonly Item[],
  second: readonly Item[],
  compare: (a: Item, b: Item) => number,
): Generator<Item> {
  let next = 0;
  for (const item of first) {
    for (let other = second[next]; other !== undefined && compare(other, item) < 0; other = second[++next]) yield other;
    yield item;
  }
  for (; next < second.length; next += 1) yield second[next] as Item;
}
